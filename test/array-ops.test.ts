import { describe, expect, it } from 'vitest';
import { type Sym, type Tensor, compile, grad, ops, tensor } from 'nodegrad';
import { errorOf } from './support/run.js';

const flat = (x: Tensor): number[] => [...x.dataSync()];

describe('order', () => {
  const x = [2, NaN, -0.5, Infinity, -Infinity, 1];

  it('has NaN last, also of the largest', () => {
    expect(flat(ops.sort(x))).toEqual([-Infinity, -0.5, 1, 2, Infinity, NaN]);
    expect(flat(ops.argsort(x))).toEqual([4, 2, 5, 0, 3, 1]);
    expect(ops.topK(x, 3).map(flat)).toEqual([
      [NaN, Infinity, 2],
      [1, 3, 0],
    ]);
    expect(flat(ops.inTopK([1, 3], [x, x], 1))).toEqual([0, 1]);
  });

  it('of equal numbers is that of their places', () => {
    expect(ops.topK([1, 2, 1, 2], 3).map(flat)).toEqual([
      [2, 2, 1],
      [1, 3, 0],
    ]);
  });

  it('refuses what is not there', () => {
    for (const [call, message] of [
      [() => ops.sort(1), '[sort] expected an axis'],
      [() => ops.sort([1, 2], { axis: 1 }), '[sort] expected an axis in [-1, 1), received 1'],
      [() => ops.topK([1, 2], 3), "[topK] expected 'k' of at most 2"],
      [() => ops.topK([1, 2], -1), '[topK] expected an integer of 0 or more for k'],
      [() => ops.argpartition([1, 2], 2), '[argpartition] expected an axis in [-2, 2), received 2'],
      [() => ops.searchsorted([[1]], [1]), '[searchsorted] expected a sorted sequence of rank 1'],
      [
        () => ops.searchsorted([1], [1], { side: 'up' as never }),
        "[searchsorted] expected 'left' or 'right'",
      ],
    ] as const)
      expect(errorOf(call).message).toContain(message);
  });
});

describe('quantiles', () => {
  it('are NaN with one NaN, and infinite between equal infinities', () => {
    expect(flat(ops.quantile([1, NaN, 2], [0, 1]))).toEqual([NaN, NaN]);
    expect(
      flat(
        ops.median(
          [
            [1, Infinity, Infinity],
            [NaN, 1, 2],
          ],
          { axis: 1 },
        ),
      ),
    ).toEqual([Infinity, NaN]);
    expect(flat(ops.nanmedian([NaN, 4, 1, NaN, 3]))).toEqual([3]);
    expect(flat(ops.nanmedian([NaN, NaN]))).toEqual([NaN]);
  });

  it('of places that only a value tells are the same', () => {
    const [x, q] = [
      [4, 1, 3, 2, 7],
      [0, 0.25, 0.6, 1],
    ];
    const close = (y: Tensor) => flat(y).map((n) => Math.round(n * 1e5) / 1e5);
    for (const method of ['linear', 'lower', 'higher', 'midpoint', 'nearest'] as const)
      expect(close(ops.quantile(x, tensor(q), { method }))).toEqual(close(ops.quantile(x, q, { method })));
    expect(ops.quantile(x, tensor(0.5)).shape).toEqual([]);
  });

  it('refuse shares out of range, other methods and no numbers', () => {
    for (const [call, message] of [
      [() => ops.quantile([1], 1.5), '[quantile] expected numbers from 0 to 1 as q, received 1.5'],
      [() => ops.percentile([1], [5, 101]), '[percentile] expected numbers from 0 to 100 as q'],
      [() => ops.quantile([1], NaN), '[quantile] expected numbers from 0 to 1'],
      [() => ops.quantile([1], tensor([[0.5]])), '[quantile] expected q of rank 0 or 1'],
      [() => ops.quantile([1], 0.5, { method: 'inner' as never }), "[quantile] expected 'linear' or 'lower'"],
      [() => ops.median([]), '[median] expected at least one number'],
    ] as const)
      expect(errorOf(call).message).toContain(message);
  });
});

/** Small whole numbers, which bfloat16 holds exactly, as the result of a product, which it computes in bfloat16. */
const mixed: Record<string, (x: Sym) => Sym> = {
  sort: (x) => ops.sort(x),
  argsort: (x) => ops.argsort(x, { axis: 0 }),
  topK: (x) => ops.topK(x, 3)[0],
  searchsorted: (x) => ops.searchsorted([-3, 0, 2], x),
  quantile: (x) => ops.quantile(x, [0.25, 0.5], { axis: 1 }),
  median: (x) => ops.median(x, { axis: 0 }),
};

describe('in mixed precision', () => {
  const rows = 16;
  const numbers = Float32Array.from({ length: rows * rows }, (_, i) => ((i * 37) % 101) - 50);
  const eye = ops.eye(rows);

  it.each(Object.entries(mixed))('%s is what it is in float32, with its gradient', async (_, fn) => {
    const results = await Promise.all(
      (['float32', 'mixedBfloat16'] as const).map(async (dtypePolicy) => {
        const run = compile(
          (x: Sym, unit: Sym) => {
            const y = fn(ops.matmul(x, unit));
            const gradients = y.dtype === 'float32' ? grad(ops.sum(ops.square(y)), [x]) : [];
            return [y, ...gradients];
          },
          { dtypePolicy },
        );
        return (await run(tensor(numbers, [rows, rows]), eye)).map(flat);
      }),
    );
    // Gradients pass through the product again, rounded to bfloat16 once: 2⁻⁸ of their size.
    const [expected, actual] = results;
    expected.forEach((list, k) =>
      list.forEach((n, i) => expect(Math.abs(actual[k][i] - n)).toBeLessThanOrEqual(Math.abs(n) * 2 ** -8)),
    );
  });
});
