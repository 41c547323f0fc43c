/**
 * The perceptron of 1958: a line between two kinds of flowers, found by correcting mistakes.
 *
 * The output is 1 where x · w + b > 0, else 0. Each flower on the wrong side pulls the line towards itself:
 * w += rate × (wanted − output) × x. Where a separating line exists, the rule ends with one (F. Rosenblatt, The
 * perceptron, Psychological Review 65, 1958). No gradient is needed: the step function has none.
 *
 *     npm run example perceptron -- --rate 0.1
 */
import { NDArray, type Sym, compile, initializers, ops, variable, visualization } from 'nodegrad';
import { separablePair } from './data/iris.js';
import { example } from './support/example.js';
import { boundsOf, cellsOf, drawPlane } from './support/plane.js';

const { flags, out, figure } = example({ rate: '0.1', epochs: '100' });
const rate = Number(flags.rate);

const flowers = separablePair();
const [count] = flowers.shape;
const x = new NDArray(flowers.features, flowers.shape);
const y = new NDArray(Float32Array.from(flowers.labels), [count, 1]);

const w = variable(initializers.zeros().tensor([2, 1]));
const b = variable(initializers.zeros().tensor([1]));

const output = (points: Sym): Sym => ops.cast(ops.greater(ops.add(ops.matmul(points, w), b), 0), 'float32');

/** Shows one flower [1, 2] with its class [1, 1], and corrects. */
const correct = compile((point: Sym, wanted: Sym) => {
  const error = ops.subtract(wanted, output(point));
  w.assign(ops.add(w, ops.multiply(rate, ops.matmul(point, error, { transposeA: true }))));
  b.assign(ops.add(b, ops.multiply(rate, ops.reshape(error, [1]))));
  return { wrong: ops.sum(ops.abs(error)) };
});
const classify = compile((points: Sym) => ({ classes: output(points) }));

let mistakes = 0;
for (let epoch = 1; epoch <= Number(flags.epochs); epoch++) {
  mistakes = 0;
  for (let i = 0; i < count; i++) {
    // Every other flower is of the other species; their table has them one after the other.
    const row = (i % 2) * (count / 2) + (i >> 1);
    const { wrong } = await correct(x.slice(row, row + 1), y.slice(row, row + 1));
    mistakes += await wrong.item();
  }
  console.log(`epoch ${epoch}: ${mistakes} mistakes`);
  if (mistakes === 0) break;
}

const [w0, w1] = await w.data();
const [bias] = await b.data();
const [across, up] = flowers.names.columns;
console.log(`The line: ${w0!.toFixed(3)} × ${across} + ${w1!.toFixed(3)} × ${up} + ${bias!.toFixed(3)} = 0`);

const bounds = boundsOf(flowers);
const cells = cellsOf(bounds);
const { classes } = await classify(new NDArray(cells.points, cells.shape));
console.log(drawPlane(bounds, await classes.data(), flowers));
const model = { predict: async (points: NDArray) => (await classify(points)).classes };
await visualization.plotDecisionRegions(model, x, flowers.labels, {
  displayLabels: flowers.names.classes,
  xLabel: across,
  yLabel: up,
  path: out('line.png'),
});
figure('flowers on the wrong side in the last epoch', mistakes, { atMost: 0 });
