/**
 * Multi-layer perceptrons bend the line: shallow and deep nets, ReLU and sigmoid, on points that no line separates.
 *
 * A net with one hidden layer (two layers of weights) already draws curved borders; more layers bend them further with
 * fewer units. The sigmoid's slope is at most 1/4, so the first layers of a deep sigmoid net hardly learn: compare the
 * losses. The last picture shows what the deep ReLU net takes for each class.
 *
 *     npm run example mlp -- --points rings --layers 8,8,8 --epochs 200
 */
import { NDArray, Sequential, layers, optimizers, visualization } from 'nodegrad';
import { rings, spirals } from './data/shapes.js';
import { example } from './support/example.js';
import { boundsOf, cellsOf, drawPlane } from './support/plane.js';

const { quick, flags, out, figure } = example({
  points: 'spirals',
  layers: '24,24,24',
  epochs: '',
  seed: '1',
});
const epochs = Number(flags.epochs || (quick ? 100 : 200));
const seed = Number(flags.seed);
const deep = flags.layers.split(',').map(Number);
const kinds = { spirals, rings };
if (!Object.hasOwn(kinds, flags.points)) {
  throw new Error(`--points: expected ${Object.keys(kinds).join(' or ')}, received ${flags.points}`);
}
const table = kinds[flags.points as keyof typeof kinds](200);
const x = new NDArray(table.features, table.shape);
const y = new NDArray(Float32Array.from(table.labels), [table.shape[0], 1]);

/** Hidden layers of the given units, then one sigmoid unit: the probability of the second class. */
function perceptron(units: number[], activation: 'relu' | 'sigmoid'): Sequential {
  const model = new Sequential(
    [
      layers.input({ shape: [2] }),
      ...units.map((n) => layers.dense({ units: n, activation })),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
    { seed },
  );
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.01 }),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}

let drawn: Sequential | undefined;
let last = 0;
for (const [name, units] of [
  ['two layers', deep.slice(0, 1)],
  [`${deep.length + 1} layers`, deep],
] as const) {
  for (const activation of ['sigmoid', 'relu'] as const) {
    const model = perceptron([...units], activation);
    await model.fit(x, y, { batchSize: 32, epochs, seed, verbose: 0 });
    const { loss, accuracy } = await model.evaluate(x, y, { verbose: 0 });
    console.log(
      `${name} (${[2, ...units, 1].join('-')}), ${activation.padEnd(7)}   ` +
        `loss ${loss!.toFixed(4)}   accuracy ${accuracy!.toFixed(4)}`,
    );
    drawn = model;
    last = accuracy!;
  }
}

const bounds = boundsOf(table);
const cells = cellsOf(bounds);
const probabilities = await (await drawn!.predict(new NDArray(cells.points, cells.shape))).data();
const classes = Array.from(probabilities, (p) => (p > 0.5 ? 1 : 0));
console.log(drawPlane(bounds, classes, table));
await visualization.plotDecisionRegions(drawn!, x, table.labels, {
  title: flags.points,
  displayLabels: table.names.classes,
  path: out('regions.png'),
});
figure('accuracy of the deep net with ReLU', last, { atLeast: quick ? 0.9 : 0.97 });
