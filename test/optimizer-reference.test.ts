import { type Sym, compile, ops, optimizers, tensor, variable } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { type Stored, readFixture, worst } from './fixtures/read.js';

interface Entry {
  name: 'sgd' | 'rmsprop' | 'adam' | 'adamW' | 'adadelta';
  options: Record<string, number | boolean>;
  weights: Stored[][];
}

const { entries, steps, shown, later, starts, gradients } = readFixture('optimizers') as {
  entries: Entry[];
  steps: number;
  shown: number[];
  later: number;
  starts: Stored[];
  gradients: Stored[];
};

/** A hundred additions to numbers near 1 that float32 rounds at 6e-8, and updates of float32 slots. */
const BOUND = 1e-5;

describe('optimizers against Keras', () => {
  it.each(entries)(
    '$name $options: the same weights over 100 steps',
    async ({ name, options, weights: expected }) => {
      const { laterRate, ...own } = options;
      const optimizer = optimizers[name](own);
      const weights = starts.map(({ data, shape }) => variable(tensor(data, shape)));
      // The gradient of sum(w g) is g.
      const step = compile((...gs: Sym[]) => {
        const loss = gs.map((g, i) => ops.sum(ops.multiply(weights[i], g))).reduce((a, b) => ops.add(a, b));
        return { ...optimizer.minimize(loss, weights) };
      });
      for (let t = 1; t <= steps; t++) {
        if (laterRate !== undefined && t === later) optimizer.learningRate = laterRate as number;
        await step(
          ...gradients.map(({ data, shape }) => {
            const size = data.length / steps;
            return tensor(data.slice((t - 1) * size, t * size), shape.slice(1));
          }),
        );
        const at = shown.indexOf(t);
        if (at < 0) continue;
        for (const [k, weight] of weights.entries()) {
          const wanted = expected[at][k].data;
          const scale = (i: number) => Math.max(1, Math.abs(wanted[i]));
          expect(worst(await weight.data(), wanted, scale), `weight ${k} after step ${t}`).toBeLessThan(
            BOUND,
          );
        }
      }
    },
  );
});
