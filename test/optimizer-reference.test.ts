import { itemAt } from '../lib/base/list.js';
import { type Sym, compile, ops, optimizers, tensor, variable } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { type Stored, readFixture, worst } from './fixtures/read.js';

type Options = Record<string, unknown>;
interface Spec {
  name: Exclude<keyof typeof optimizers, 'schedules'>;
  options: Options;
}
interface Entry extends Spec {
  weights: Stored[][];
}

const { entries, names, steps, shown, later, starts, gradients } = readFixture('optimizers') as {
  entries: Entry[];
  names: string[];
  steps: number;
  shown: number[];
  later: number;
  starts: Stored[];
  gradients: Stored[];
};

/** A hundred additions to numbers near 1 that float32 rounds at 6e-8, and updates of float32 slots. */
const BOUND = 1e-5;

/** The optimizer of an entry, and those within it. */
function made({ name, options }: Spec): optimizers.BaseOptimizer {
  const given = { ...options };
  const inner = given['innerOptimizer'] as Spec | undefined;
  if (inner) given['innerOptimizer'] = made(inner);
  const map = given['optimizerMap'] as
    { defaultOptimizer: Spec; optimizerMap: Record<string, Spec> } | undefined;
  if (map) {
    const own = optimizers.optimizerMap({ defaultOptimizer: single(map.defaultOptimizer) });
    for (const [key, spec] of Object.entries(map.optimizerMap)) own.set(key, single(spec));
    given['optimizerMap'] = own;
  }
  return (optimizers[name] as (options: Options) => optimizers.BaseOptimizer)(given);
}

function single(spec: Spec): optimizers.Optimizer {
  const optimizer = made(spec);
  if (optimizer instanceof optimizers.Optimizer) return optimizer;
  throw new TypeError(spec.name);
}

describe('optimizers against Keras', () => {
  it.each(entries)(
    '$name $options: the same weights over 100 steps',
    async ({ name, options, weights: expected }) => {
      const { laterRate, excluded, overflow = [], ...own } = options;
      const optimizer = made({ name, options: own });
      if (excluded && optimizer instanceof optimizers.Optimizer) optimizer.excludeFromWeightDecay(excluded);
      const weights = starts.map(({ data, shape }, k) => variable(tensor(data, shape), { name: names[k] }));
      // The gradient of sum(w g) is g.
      const step = compile((...gs: Sym[]) => {
        const loss = gs
          .map((g, i) => ops.sum(ops.multiply(itemAt(weights, i), g)))
          .reduce((a, b) => ops.add(a, b));
        return { ...optimizer.minimize(loss, weights) };
      });
      const check = async (at: number, when: string) => {
        for (const [k, weight] of weights.entries()) {
          const wanted = itemAt(itemAt(expected, at), k).data;
          const scale = (i: number) => Math.max(1, Math.abs(itemAt(wanted, i)));
          expect(worst(await weight.data(), wanted, scale), `${names[k]} ${when}`).toBeLessThan(BOUND);
        }
      };
      for (let t = 1; t <= steps; t++) {
        if (laterRate !== undefined && t === later) optimizer.learningRate = laterRate as number;
        await step(
          ...gradients.map(({ data, shape }, k) => {
            const size = data.length / steps;
            const values = data.slice((t - 1) * size, t * size) as Float32Array;
            const infinite = k === 0 && (overflow as number[]).includes(t);
            return tensor(infinite ? values.map((g) => g * Infinity) : values, shape.slice(1));
          }),
        );
        const at = shown.indexOf(t);
        if (at >= 0) await check(at, `after step ${t}`);
      }
      optimizer.finalizeVariableValues(weights);
      await check(shown.length, 'at the end');
    },
  );
});
