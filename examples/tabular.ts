/**
 * A table with numbers and words: the species of penguins from measurements, island and sex.
 *
 * Each kind of column has an input. Numbers are brought to mean 0 and deviation 1 by a layer that learns both; words become numbers by a
 * vocabulary, and rows with one 1 within the net. Where a sex was not taken, its word is unknown, and has a place like others. Of four penguins one is
 * held out.
 *
 *     npm run example tabular -- --epochs 80 --seed 1
 */
import { Model, NDArray, layers, optimizers, setSeed, visualization } from 'nodegrad';
import { loadPenguins, measurements } from './data/penguins.js';
import { example } from './support/example.js';
import { permutation, random } from './support/random.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 40 : 80));
const seed = Number(flags.seed);
const species = ['Adelie', 'Chinstrap', 'Gentoo'];
const words = ['island', 'sex'];

// Two were not measured at all.
const known = (await loadPenguins()).filter((row) => measurements.every((name) => Number(row[name]) > 0));
// The file has one species after the other.
const rows = Array.from(permutation(known.length, random(7)), (i) => known[i]!);
const parts = { train: rows.slice(80), test: rows.slice(0, 80) };

const numbers = (of: typeof rows) =>
  new NDArray(Float32Array.from(of.flatMap((row) => measurements.map((name) => Number(row[name])))), [
    of.length,
    measurements.length,
  ]);
const normalization = layers.normalization();
await normalization.adapt(numbers(parts.train));
const lookups = words.map((name) =>
  layers.stringLookup({
    vocabulary: [...new Set(parts.train.map((row) => row[name]!))].filter((word) => word !== ''),
  }),
);
/** What the inputs get of some rows. */
const data = (of: typeof rows) => [
  numbers(of),
  ...words.map((name, i) => lookups[i]!.apply(of.map((row) => [row[name]!])) as NDArray),
];
const classes = (of: typeof rows) => of.map((row) => species.indexOf(row['species']!.split(' ')[0]!));

setSeed(seed);
const input = layers.input({ shape: [measurements.length], name: 'measurements' });
const wordInputs = words.map((name) => layers.input({ shape: [1], dtype: 'int32', name }));
const encoded = wordInputs.map((x, i) =>
  layers.categoryEncoding({ numTokens: lookups[i]!.vocabularySize(), outputMode: 'oneHot' }).apply(x),
);
const all = layers.concatenate().apply([normalization.apply(input), ...encoded]);
const hidden = layers.dense({ units: 16, activation: 'relu' }).apply(all);
const model = new Model({
  inputs: [input, ...wordInputs],
  outputs: layers.dense({ units: species.length, activation: 'softmax' }).apply(hidden),
});
model.compile({
  optimizer: optimizers.adam({ learningRate: 0.01 }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});
model.summary();
const truth = classes(parts.test);
const history = await model.fit(data(parts.train), Uint8Array.from(classes(parts.train)), {
  epochs,
  verbose: 0,
  seed,
  validationData: [data(parts.test), Uint8Array.from(truth)],
});
await visualization.plotHistory(history, { path: out('history.svg') });
await visualization.plotConfusionMatrix(truth, await model.predict(data(parts.test)), {
  displayLabels: species,
  path: out('confusion.svg'),
});
const { accuracy } = await model.evaluate(data(parts.test), Uint8Array.from(truth), { verbose: 0 });
figure('accuracy on penguins that were held out', accuracy!, { atLeast: 0.96 });
