import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Model, type Sym, compile, grad, layers, losses, ops, tensor } from 'nodegrad';
import { errorOf } from './support/run.js';

const ints = (...values: number[]) => tensor(values, undefined, 'int32');
const logits = [
  [
    [0, 1, 0],
    [0, 1, 0],
  ],
];

describe('ctcLoss', () => {
  it('is infinite where the steps are too few, with gradients of 0', async () => {
    // Two equal labels need a blank between them.
    const run = compile((x: Sym) => {
      const loss = ops.ctcLoss([[1, 1]], x, ints(2), ints(2));
      return { loss, gradient: grad(loss, [x])[0] };
    });
    const { loss, gradient } = await run(tensor(logits));
    expect(Array.from(await loss.data())).toEqual([Infinity]);
    expect((await gradient.data()).every((n) => Math.abs(n) === 0)).toBe(true);
  });

  it('of no labels is that of blanks alone; what comes after the labels does not count', async () => {
    // Twice -log softmax of 0 beside 1 and 0, in float32 with a few roundings.
    const [none] = await ops
      .ctcLoss([[7]], logits, ints(0), ints(2), { maskIndex: 0 })
      .data()
      .catch(() => [NaN]);
    expect(Number.isNaN(none)).toBe(true); // 7 is no class
    const [blanks] = await ops.ctcLoss([[2]], logits, ints(0), ints(2)).data();
    expect(Math.abs(blanks - 2 * Math.log(2 + Math.E))).toBeLessThan(1e-6);
    const [one] = await ops.ctcLoss([[1]], logits, ints(1), ints(2)).data();
    const [padded] = await ops.ctcLoss([[1, -1]], logits, ints(1), ints(2)).data();
    expect(Math.abs(padded - one)).toBeLessThan(1e-6);
  });

  it.each<[string, () => unknown, string]>([
    ['labels of rank 1', () => ops.ctcLoss([1], logits, ints(1), ints(2)), 'SHAPE'],
    ['logits of rank 2', () => ops.ctcLoss([[1]], [[0, 1]], ints(1), ints(2)), 'SHAPE'],
    ['lengths of rank 2', () => ops.ctcLoss([[1]], logits, [[1]], ints(2)), 'SHAPE'],
    [
      'a mask that is no class',
      () => ops.ctcLoss([[1]], logits, ints(1), ints(2), { maskIndex: 3 }),
      'ARGUMENT',
    ],
  ])('refuses %s', (_, call, code) => {
    expect(errorOf(call).code).toBe(code);
  });
});

describe('ctcLoss of long sequences', () => {
  const { ctc } = JSON.parse(readFileSync(new URL('fixtures/signals.json', import.meta.url), 'utf8')) as {
    ctc: {
      logits: { shape: number[]; data: number[] };
      labels: number[][];
      lengths: number[];
      labelLengths: number[];
      each: number[];
      gradient: { data: number[] };
      loss: number;
    };
  };
  const x = tensor(Float32Array.from(ctc.logits.data), ctc.logits.shape);
  const labels = tensor(ctc.labels, undefined, 'int32');
  /** As far as float32 with 30 sums of logarithms up to 100 goes. */
  const near = (made: ArrayLike<number>, wanted: readonly number[], bound: number) => {
    wanted.forEach((n, i) => {
      expect(Math.abs(made[i] - n)).toBeLessThan(bound);
    });
  };

  it('is that of PyTorch, with its gradient', async () => {
    const run = compile((x: Sym) => {
      const each = ops.ctcLoss(labels, x, ints(...ctc.labelLengths), ints(...ctc.lengths));
      return { each, gradient: grad(ops.sum(each), [x])[0] };
    });
    const { each, gradient } = await run(x);
    near(await each.data(), ctc.each, 2e-4);
    near(await gradient.data(), ctc.gradient.data, 2e-5);
    near(
      await ops.ctcLoss(labels, x, ints(...ctc.labelLengths), ints(...ctc.lengths)).data(),
      ctc.each,
      2e-4,
    );
  });

  it('takes any number of steps as a loss of a model', async () => {
    const input = layers.input({ shape: [-1, 5] });
    const model = new Model({ inputs: input, outputs: layers.dense({ units: 5 }).apply(input) });
    const identity = Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 1 : 0));
    model.setWeights([identity, new Float32Array(5)]);
    model.compile({ optimizer: 'adam', loss: losses.ctc() });
    const logs = await model.evaluate(x, labels, { verbose: 0 });
    expect(Math.abs((logs as { loss: number }).loss - ctc.loss)).toBeLessThan(2e-4);
    const shorter = ops.slice(x, [0, 0, 0], [-1, 9, -1]);
    const { history } = await model.fit(shorter, labels, { epochs: 8, verbose: 0 });
    expect(history['loss'].at(-1)).toBeLessThan(history['loss'][0]);
    expect(losses.ctc().getConfig()).toEqual(new losses.CTC(losses.ctc().getConfig()).getConfig());
  });
});
