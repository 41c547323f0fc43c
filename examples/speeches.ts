/**
 * Who said it: an LSTM reads two sentences, and says which president they are from.
 *
 * Words become numbers, numbers become vectors, and an LSTM reads these in both directions; the mask keeps it from reading the padding. What
 * decides is the mean of the words and of what the LSTM made of each. Such a net soon learns by heart: training stops where speeches that were
 * held out say so; others are there to test with. A linear classifier that only knows which words are there is hard to beat: the figure is
 * the net's accuracy over that one's.
 *
 *     npm run example speeches -- --epochs 10 --seed 2
 */
import { Model, callbacks, layers, optimizers, setSeed, visualization } from 'nodegrad';
import { passage, presidents, whoSaidIt } from './data/speeches.js';
import { bagOfWords, column } from './support/bagOfWords.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 6 : 10));
const seed = Number(flags.seed);
setSeed(seed);

const { train, validation, test } = await whoSaidIt();
const vectorization = layers.textVectorization({
  maxTokens: passage.words,
  outputSequenceLength: passage.length,
});
await vectorization.adapt(train.texts);
const [x, unseen] = [vectorization.apply(train.texts), vectorization.apply(test.texts)];

const inputs = layers.input({ shape: [passage.length], dtype: 'int32' });
const embedding = layers.embedding({
  ...{ inputDim: vectorization.vocabularySize(), outputDim: 128, maskZero: true },
});
// Half of the words are left out, others each time, so that no few words decide.
const dropout = layers.dropout({ rate: 0.5, noiseShape: [null, passage.length, 1] });
const words = dropout.apply(embedding.apply(inputs));
const read = layers.bidirectional({ layer: layers.lstm({ units: 32, returnSequences: true }) }).apply(words);
const means = [words, read].map((of) => layers.globalAveragePooling1d().apply(of));
const both = layers.dropout({ rate: 0.5 }).apply(layers.concatenate().apply(means));
const model = new Model({
  inputs,
  outputs: layers.dense({ units: 1, activation: 'sigmoid' }).apply(both),
});
model.compile({
  optimizer: optimizers.adam({ learningRate: 0.002 }),
  loss: 'binaryCrossentropy',
  metrics: ['accuracy'],
});
model.summary();
const history = await model.fit(x, column(train.labels), {
  epochs,
  seed,
  verbose: quick ? 0 : 1,
  validationData: [vectorization.apply(validation.texts), column(validation.labels)],
  callbacks: [callbacks.earlyStopping({ patience: 2, restoreBestWeights: true })],
});
await visualization.plotHistory(history, { path: out('history.svg') });

const scores = await (await model.predict(unseen)).data();
const displayLabels = presidents.map((name) => name.split('_').at(-1)!);
await visualization.plotConfusionMatrix(
  test.labels,
  Array.from(scores, (score) => Number(score > 0.5)),
  { displayLabels, path: out('confusion.svg') },
);
await visualization.plotRocCurve(column(test.labels), scores, { path: out('roc.svg') });
const surest = scores.indexOf(Math.max(...scores));
console.log(`Surely ${displayLabels[1]}: ${test.texts[surest]}`);

const linear = await bagOfWords(train, test, passage.words);
const { accuracy } = await model.evaluate(unseen, column(test.labels), { verbose: 0 });
console.log(
  `The linear classifier: ${linear.accuracy.toFixed(4)}. ${displayLabels[0]} by: ${linear.for0.join(' ')}`,
);
console.log(`The net: ${accuracy!.toFixed(4)}`);
figure("accuracy over the linear classifier's", accuracy! / linear.accuracy, { atLeast: quick ? 0.93 : 1 });
