/**
 * Spam or not: a small net reads short messages, next to a linear classifier.
 *
 * Each word has a vector that the net learns; filters look at three words at a time, the strongest answer of each within the message counts, and a
 * dense layer decides. Words that are not among the most frequent ones share a vector. The linear classifier has one weight a word, wherever it
 * stands. Every fifth message is held out, and none is there twice.
 *
 *     npm run example spam -- --epochs 10 --seed 1
 */
import { Sequential, layers, optimizers, visualization } from 'nodegrad';
import { loadMessages, message } from './data/messages.js';
import { bagOfWords, column } from './support/bagOfWords.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 5 : 10));
const seed = Number(flags.seed);

const { train, test } = await loadMessages();
const vectorization = layers.textVectorization({
  maxTokens: message.words,
  outputSequenceLength: message.length,
});
await vectorization.adapt(train.texts);
const [x, unseen] = [vectorization.apply(train.texts), vectorization.apply(test.texts)];
const [y, truth] = [column(train.labels), column(test.labels)];

const model = new Sequential(
  [
    layers.input({ shape: [message.length], dtype: 'int32' }),
    layers.embedding({ inputDim: vectorization.vocabularySize(), outputDim: 32 }),
    layers.conv1d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
    layers.globalMaxPooling1d(),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 1, activation: 'sigmoid' }),
  ],
  { seed },
);
model.compile({
  optimizer: optimizers.adam({ learningRate: 0.003 }),
  loss: 'binaryCrossentropy',
  metrics: ['accuracy', 'precision', 'recall'],
});
const history = await model.fit(x, y, { epochs, verbose: 0, seed, validationData: [unseen, truth] });
await visualization.plotHistory(history, { path: out('history.svg') });

const scores = await (await model.predict(unseen)).data();
await visualization.plotPrecisionRecallCurve(truth, scores, { path: out('precision-recall.svg') });
await visualization.plotConfusionMatrix(
  test.labels,
  Array.from(scores, (score) => Number(score > 0.5)),
  { displayLabels: ['message', 'spam'], path: out('confusion.svg') },
);
const { accuracy, precision, recall } = await model.evaluate(unseen, truth, { verbose: 0 });
const linear = await bagOfWords(train, test, message.words);
console.log(
  `The linear classifier: accuracy ${linear.accuracy.toFixed(4)}; its words for spam: ${linear.for1.join(' ')}`,
);
console.log(
  `The net: accuracy ${accuracy!.toFixed(4)}, precision ${precision!.toFixed(4)}, recall ${recall!.toFixed(4)}`,
);
for (const text of [
  'Are we still on for lunch tomorrow?',
  'You have WON a free prize! Call 09061234567 now to claim.',
]) {
  const score = await (await model.predict(vectorization.apply([text]))).item();
  console.log(`${score.toFixed(3)}  ${text}`);
}
figure('accuracy on messages that were held out', accuracy!, { atLeast: quick ? 0.97 : 0.975 });
figure('accuracy over that of the linear classifier', accuracy! / linear.accuracy, { atLeast: 0.99 });
