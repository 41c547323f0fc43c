import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { type Sym, type Variable, compile, grad, ops, optimizers, tensor, variable } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { type Numbers, type Stored, readFixture } from './fixtures/read.js';

interface Entry {
  name: string;
  xs: Stored;
  labels: Stored;
  start: Stored[];
  losses: number[];
  gradients: Stored[][];
  end: Stored[];
}

interface Net {
  logits: (x: Sym, weights: Variable[]) => Sym;
  optimizer: () => { minimize: (loss: Sym, weights: Variable[]) => object };
}

const dense = (x: Sym, w: Variable, b: Variable) => ops.add(ops.matmul(x, w), b);
const conv = (x: Sym, w: Variable, b: Variable) => ops.relu(ops.add(ops.conv(x, w), b));

const nets: Record<string, Net> = {
  mnist: {
    logits: (x, given) => {
      const [conv1, bias1, conv2, bias2, w3, b3, w4, b4] = atLeast(given, 8);
      const pooled = ops.maxPool(conv(conv(x, conv1, bias1), conv2, bias2), { poolSize: 2 });
      return dense(ops.relu(dense(ops.reshape(pooled, [-1, 576]), w3, b3)), w4, b4);
    },
    optimizer: () => optimizers.adadelta({ learningRate: 1, rho: 0.95, epsilon: 1e-7 }),
  },
  mlp: {
    logits: (x, [w1, b1, w2, b2, w3, b3]) =>
      dense(ops.tanh(dense(ops.sigmoid(dense(x, w1!, b1!)), w2!, b2!)), w3!, b3!),
    optimizer: () => optimizers.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
  },
};

const BOUND = 1e-4;

/** The length of actual − expected as a share of the expected length. */
function apart(actual: Numbers, expected: Numbers): number {
  let difference = 0;
  let length = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (itemAt(actual, i) - itemAt(expected, i)) ** 2;
    length += itemAt(expected, i) ** 2;
  }
  return Math.sqrt(difference / length);
}

describe('ten training steps', () => {
  it.each((readFixture('small_nets') as { entries: Entry[] }).entries)(
    "of the $name net: loss, gradients and weights are PyTorch's",
    async (entry) => {
      const { logits, optimizer } = nets[entry.name]!;
      const weights = entry.start.map(({ data, shape }) => variable(tensor(data, shape)));
      const update = optimizer();
      const step = compile((x: Sym, labels: Sym) => {
        const loss = ops.mean(ops.sparseSoftmaxCrossEntropy(logits(x, weights), labels));
        return { loss, gradients: grad(loss, weights), ...update.minimize(loss, weights) };
      });

      const [steps, ...batch] = entry.xs.shape as [number, ...number[]];
      const size = entry.xs.data.length / steps;
      const rows = firstOf(batch);
      for (let i = 0; i < steps; i++) {
        const x = tensor(entry.xs.data.slice(i * size, (i + 1) * size), batch);
        const labels = tensor(entry.labels.data.slice(i * rows, (i + 1) * rows), [rows], 'int32');
        const { loss, gradients } = await step(x, labels);
        expect(Math.abs((await loss.item()) / itemAt(entry.losses, i) - 1), `loss of step ${i}`).toBeLessThan(
          BOUND,
        );
        for (const [k, expected] of itemAt(entry.gradients, i).entries())
          expect(
            apart(await itemAt(gradients, k).data(), expected.data),
            `step ${i}, gradient ${k}`,
          ).toBeLessThan(BOUND);
      }
      // oneDNN's reference kernels are right and a hundred times too slow.
      expect(step.describe()).not.toMatch(/\bref:any\b/);
      for (const [k, expected] of entry.end.entries())
        expect(apart(await itemAt(weights, k).data(), expected.data), `weight ${k} at the end`).toBeLessThan(
          BOUND,
        );
    },
  );
});
