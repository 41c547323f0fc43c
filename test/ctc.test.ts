import { describe, expect, it } from 'vitest';
import { type Sym, compile, grad, ops, tensor } from 'nodegrad';
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
