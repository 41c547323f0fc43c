/**
 * One neuron tells male from female penguins by four measurements: logistic regression with gradient descent by hand.
 *
 * The neuron's output sigmoid(x · w + b) is read as a probability; binary cross-entropy measures how surprised it is by
 * the truth. `grad` gives the slope of that loss, and each step walks down it: w −= rate × dw. The whole step, gradients
 * included, is compiled once and then one native call.
 *
 *     npm run example logistic -- --steps 500 --rate 0.5
 */
import { NDArray, type Sym, compile, grad, initializers, ops, variable, visualization } from 'nodegrad';
import { loadTabular } from './data/penguins.js';
import { type Table, split, standardize } from './data/table.js';
import { example } from './support/example.js';

const { flags, out, figure } = example({ rate: '0.5', steps: '500' });
const rate = Number(flags.rate);
const steps = Number(flags.steps);

const penguins = standardize(await loadTabular());
const parts = split(penguins, 4);

const w = variable(initializers.zeros().tensor([penguins.shape[1], 1]));
const b = variable(initializers.zeros().tensor([1]));

/** The loss and the share of right answers for measurements [n, 4] and classes [n, 1]. */
function judge(x: Sym, y: Sym): { loss: Sym; accuracy: Sym } {
  const logit = ops.add(ops.matmul(x, w), b);
  const answer = ops.cast(ops.greater(logit, 0), 'float32');
  return {
    loss: ops.mean(ops.sigmoidCrossEntropy(logit, y)),
    accuracy: ops.mean(ops.cast(ops.equal(answer, y), 'float32')),
  };
}

const descend = compile((x: Sym, y: Sym) => {
  const { loss, accuracy } = judge(x, y);
  const [dw, db] = grad(loss, [w, b]);
  w.assign(ops.subtract(w, ops.multiply(rate, dw!)));
  b.assign(ops.subtract(b, ops.multiply(rate, db!)));
  return { loss, accuracy };
});
const evaluate = compile(judge);

const train = arraysOf(parts.train);
const losses: number[] = [];
for (let step = 0; step <= steps; step++) {
  const { loss, accuracy } = await descend(train.x, train.y);
  losses.push(await loss.item());
  if (step % Math.ceil(steps / 10) === 0) {
    const [l, a] = [losses.at(-1)!, await accuracy.item()];
    console.log(`step ${String(step).padStart(4)}   loss ${l.toFixed(4)}   accuracy ${a.toFixed(4)}`);
  }
}

const test = arraysOf(parts.test);
const { loss, accuracy } = await evaluate(test.x, test.y);
console.log(
  `On ${test.x.length} unseen penguins: loss ${(await loss.item()).toFixed(4)}, ` +
    `accuracy ${(await accuracy.item()).toFixed(4)}`,
);
const weights = await w.data();
penguins.names.columns.forEach((name, i) =>
  console.log(`${name.padEnd(16)} ${weights[i]!.toFixed(3).padStart(7)}`),
);
await visualization.plotLines({ loss: losses }, { xLabel: 'step', yLabel: 'loss', path: out('loss.svg') });
figure('accuracy on unseen penguins', await accuracy.item(), { atLeast: 0.85 });

function arraysOf(table: Table): { x: NDArray; y: NDArray } {
  return {
    x: new NDArray(table.features, table.shape),
    y: new NDArray(Float32Array.from(table.labels), [table.shape[0], 1]),
  };
}
