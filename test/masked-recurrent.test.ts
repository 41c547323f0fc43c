// Recurrent layers on masked sequences: their fused ops against the loop, which an activation of one's own takes.
import { atLeast, itemAt } from '../lib/base/list.js';
import { type Sym, type Tensor, compile, grad, layers, mixedPrecision, ops, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';

const KINDS = [
  { kind: 'lstm' as const, op: 'lstm', states: 2 },
  { kind: 'gru' as const, op: 'gru', states: 1 },
  { kind: 'simpleRNN' as const, op: 'simpleRnn', states: 1 },
];
const [N, STEPS, FEATURES, UNITS] = [37, 6, 3, 5];
/** Sums of at most 4 UNITS products, of which each rounds once, passed on through the steps; those of gradients over all samples. */
const BOUND = N * STEPS * 4 * UNITS * 2 ** -24;

const random = (shape: number[], seed: number) => ops.randomUniform(shape, { seed, minval: -1, maxval: 1 });
const MASKS: Record<string, (sample: number, step: number) => boolean> = {
  'padding after the steps': (sample, step) => step < sample % (STEPS + 1),
  'padding before the steps': (sample, step) => step >= sample % (STEPS + 1),
  gaps: (sample, step) => (sample * 5 + step * 3) % 4 !== 0,
  'no step at all': () => false,
};
const maskOf = (counts: (sample: number, step: number) => boolean) =>
  tensor(
    Array.from({ length: N }, (_, sample) =>
      Array.from({ length: STEPS }, (__, step) => counts(sample, step)),
    ),
    undefined,
    'bool',
  );

/** The names of the ops that lead to values. */
function opsOf(values: readonly Sym[]): Set<string> {
  const met = new Set(values);
  for (const value of met) for (const input of value.inputs) met.add(input);
  return new Set([...met].map(({ op }) => op));
}

const OPTIONS = [
  {},
  { returnSequences: true },
  { returnSequences: true, goBackwards: true },
  { returnSequences: true, zeroOutputForMask: true },
  { zeroOutputForMask: true, goBackwards: true },
  { zeroOutputForMask: true },
  { returnSequences: true, recurrentDropout: 0.4, dropout: 0.2, seed: 3 },
];

describe.each(KINDS)('$kind with a mask', ({ kind, op, states }) => {
  const make = layers[kind];

  /** Outputs, and gradients of sum(outputs · random numbers). */
  async function run(layer: layers.Layer, mask: Tensor, withStates: boolean) {
    const met: Set<string>[] = [];
    const call = compile((key: Sym, x: Sym, counts: Sym, ...first: Sym[]) => {
      x.mask = counts;
      const outputs = layer.applyAll([x, ...first], { training: true, key });
      met.push(opsOf(outputs));
      const loss = outputs.reduce<Sym>(
        (sum, y, i) => ops.add(sum, ops.sum(ops.multiply(y, ops.sin(ops.add(ops.multiply(y, 3), i))))),
        ops.multiply(ops.sum(x), 0),
      );
      return [...outputs, ...grad(loss, [x, ...first, ...layer.trainableWeights])];
    });
    const first = withStates ? Array.from({ length: states }, (_, i) => random([N, UNITS], 20 + i)) : [];
    const made = await call(tensor([1, 0], [2], 'int32'), random([N, STEPS, FEATURES], 1), mask, ...first);
    return { made, ops: met[0] };
  }

  it.each(Object.entries(MASKS))('its op is used and gives what the loop gives: %s', async (name, counts) => {
    const mask = maskOf(counts);
    const turn = Object.keys(MASKS).indexOf(name);
    for (const [i, options] of OPTIONS.entries()) {
      const withStates = (i + turn) % 2 === 0; // each option comes with and without them
      const given = { units: UNITS, returnState: true, ...options };
      const fused = make(given);
      const looped = make({ ...given, activation: (x: Sym) => ops.tanh(x) });
      for (const layer of [fused, looped]) layer.computeOutputShape([-1, STEPS, FEATURES]);
      fused.setWeights(fused.weights.map(({ shape }, i) => random([...shape], 10 + i)));
      looped.setWeights(await fused.getWeights());
      const [a, b] = [await run(fused, mask, withStates), await run(looped, mask, withStates)];
      expect([a.ops!.has(op), a.ops!.has('scan')]).toEqual([true, false]);
      expect([b.ops!.has(op), b.ops!.has('scan')]).toEqual([false, true]);
      expect(a.made).toHaveLength(b.made.length);
      for (const [output, value] of a.made.entries()) {
        const [x, y] = [await value.data(), await itemAt(b.made, output).data()];
        const scale = Math.max(1, ...Array.from(y, Math.abs));
        x.forEach((number, j) => {
          expect(Math.abs(number - y[j]!), `${JSON.stringify(options)} ${output}`).toBeLessThan(
            BOUND * scale,
          );
        });
      }
    }
  });

  it('in bfloat16 stays within its rounding', async () => {
    const layer = make({ units: UNITS, returnSequences: true });
    layer.computeOutputShape([-1, STEPS, FEATURES]);
    const mask = maskOf(MASKS['gaps']!);
    const [exact] = atLeast((await run(layer, mask, false)).made, 1);
    mixedPrecision.setDtypePolicy('mixedBfloat16');
    const [rounded] = atLeast(
      await run(layer, mask, false)
        .then(({ made }) => made)
        .finally(() => {
          mixedPrecision.setDtypePolicy('float32');
        }),
      1,
    );
    const [x, y] = [await exact.data(), await rounded.data()];
    // Each step rounds input, weights and state to 2⁻⁹ each, of sums whose derivatives are at most 1; they add up over the steps.
    x.forEach((value, i) => {
      expect(Math.abs(value - y[i]!)).toBeLessThan(3 * STEPS * 2 ** -9 * 2);
    });
    // What does not count is the state before, to the bit.
    const [counts, width] = [MASKS['gaps']!, UNITS];
    for (let sample = 0; sample < N; sample++)
      for (let step = 1; step < STEPS; step++) {
        const at = (sample * STEPS + step) * width;
        const same = y.slice(at, at + width).every((value, i) => value === y[at - width + i]);
        expect(same).toBe(!counts(sample, step));
      }
  });
});
