/**
 * Fisher's flowers: a small net tells three species apart by four measurements.
 *
 * Measurements are brought to mean 0 and deviation 1 by a layer that learns both from the training data, so that the model takes
 * centimetres. Every fifth flower is held out. The picture shows where the net draws its borders, by the petals alone.
 *
 *     npm run example iris -- --epochs 100
 */
import { NDArray, Sequential, layers, optimizers, visualization } from 'nodegrad';
import { loadIris } from './data/iris.js';
import { type Table, select, split } from './data/table.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '' });
const epochs = Number(flags.epochs || (quick ? 60 : 100));

/** A net of 16 and 8 units, trained on a table. */
async function trained(table: Table) {
  const x = new NDArray(table.features, table.shape);
  const normalization = layers.normalization();
  await normalization.adapt(x);
  const model = new Sequential(
    [
      layers.input({ shape: [table.shape[1]] }),
      normalization,
      layers.dense({ units: 16, activation: 'relu' }),
      layers.dense({ units: 8, activation: 'relu' }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
    { seed: 1 },
  );
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.02 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return { model, history: await model.fit(x, table.labels, { epochs, verbose: 0, seed: 1 }) };
}

const flowers = loadIris();
const parts = split(flowers, 5);
const { model, history } = await trained(parts.train);
const test = new NDArray(parts.test.features, parts.test.shape);
const { accuracy } = await model.evaluate(test, parts.test.labels, { verbose: 0 });
const displayLabels = flowers.names.classes;
await visualization.plotHistory(history, { path: out('history.svg') });
await visualization.plotConfusionMatrix(parts.test.labels, await model.predict(test), {
  displayLabels,
  path: out('confusion.svg'),
});

const petals = select(flowers, { columns: ['petal length', 'petal width'] });
const plane = await trained(petals);
await visualization.plotDecisionRegions(
  plane.model,
  new NDArray(petals.features, petals.shape),
  petals.labels,
  { displayLabels, xLabel: 'petal length', yLabel: 'petal width', path: out('regions.png') },
);
figure('accuracy on flowers that were held out', accuracy!, { atLeast: 0.95 });
