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

describe('statistics', () => {
  it('have gradient 0 where a deviation, distance or norm is 0, and keep NaN', async () => {
    const still = compile((x: Sym) => {
      const sum = ops.add(ops.std(x), ops.add(ops.nanstd(x), ops.norm(ops.subtract(x, x))));
      const apart = ops.sum(ops.cdist(ops.reshape(x, [1, 3]), ops.reshape(x, [1, 3])));
      return grad(ops.add(sum, apart), [x]);
    });
    expect((await still([2, 2, 2])).map(flat)).toEqual([[0, 0, 0]]);
    expect(flat(ops.std([1, NaN]))).toEqual([NaN]);
    expect(flat(ops.norm([1, NaN]))).toEqual([NaN]);
  });

  it('of counts leave out what is outside, and NaN', () => {
    const [counts, edges] = ops.histogram([NaN, -1, 0, 1, 2, 3], { bins: 2, range: [0, 2] });
    expect([flat(counts), flat(edges)]).toEqual([
      [1, 2],
      [0, 1, 2],
    ]);
    expect(ops.histogram([], { bins: 2 }).map(flat)).toEqual([
      [0, 0],
      [0, 0.5, 1],
    ]);
    expect(ops.histogram([3, 3], { bins: 2 }).map(flat)).toEqual([
      [0, 2],
      [2.5, 3, 3.5],
    ]);
  });

  it('count as far as the largest number, or as a model says', async () => {
    expect(flat(ops.bincount([3, 0]))).toEqual([1, 0, 0, 1]);
    expect(flat(ops.bincount([3, 0], { minLength: 2 }))).toEqual([1, 0, 0, 1]);
    expect(flat(ops.bincount(tensor([], [0], 'int32')))).toEqual([]);
    const counts = compile((x: Sym) => ops.bincount(x, { minLength: 2 }));
    await expect(counts(tensor([3, 0], undefined, 'int32'))).rejects.toThrow('expected indices from 0 to 1');
  });

  it('refuse what does not fit', () => {
    for (const [call, message] of [
      [() => ops.average([[1, 2]], { weights: [1, 2] }), "[average] expected weights of x's shape [1, 2]"],
      [
        () => ops.average([[1, 2]], { axis: 0, weights: [1, 2] }),
        '[average] expected 1 weights along axis 0',
      ],
      [() => ops.average([1, 2], { weights: [1, 2, 3] }), '[average] expected weights of shape [2]'],
      [() => ops.corrcoef([1, 2]), '[corrcoef] expected x of rank 2'],
      [() => ops.correlate([[1]], [1]), '[correlate] expected lists with numbers'],
      [() => ops.correlate([1], []), '[correlate] expected lists with numbers'],
      [() => ops.cdist([[1, 2]], [[1, 2, 3]]), '[cdist] expected vectors of 2 numbers as y'],
      [() => ops.histogram([[1]]), '[histogram] expected numbers of rank 1'],
      [() => ops.histogram([1], { range: [2, 1] }), '[histogram] expected two finite numbers in order'],
      [() => ops.histogram([1], { bins: 0 }), '[histogram] expected a positive integer for bins'],
      [() => ops.bincount([[[1]]]), '[bincount] expected numbers of rank 1 or 2'],
      [() => ops.bincount([1.5]), "[bincount] expected whole numbers, int32 or uint8, received 'float32'"],
      [
        () => ops.gather([1, 2], [0.5]),
        '[gather] expected int32 or uint8 for the indices, received float32 [1]',
      ],
      [() => ops.var([]), '[var] expected at least one'],
      [() => ops.diff([1], { n: -1 }), '[diff] expected an integer of 0 or more for n'],
      [() => ops.trapezoid([[1, 2]], { x: [[[1]]] }), '[trapezoid] expected x of rank 1 or 2'],
      [() => ops.cumsum([1], { axis: 1 }), '[cumsum] expected an axis'],
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
  cumsum: (x) => ops.cumsum(x, { axis: 1 }),
  cumprod: (x) => ops.cumprod(ops.clip(x, -1, 1), { axis: 0 }),
  diff: (x) => ops.diff(x),
  trapezoid: (x) => ops.trapezoid(x),
  var: (x) => ops.var(x, { axis: 0 }),
  std: (x) => ops.std(x, { axis: 0 }),
  average: (x) => ops.average(x, { axis: 1 }),
  nanmean: (x) => ops.nanmean(x, { axis: 1 }),
  nanmax: (x) => ops.nanmax(x, { axis: 1 }),
  ptp: (x) => ops.ptp(x, { axis: 1 }),
  cdist: (x) => ops.cdist(x, ops.multiply(x, 2)),
  histogram: (x) => ops.histogram(ops.ravel(x))[0],
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
    // Up to eight roundings to bfloat16 (of distances, squares, and what flows back through them and the product), each by 2⁻⁹ of the largest
    // number at most.
    const [expected, actual] = results;
    expected.forEach((list, k) => {
      const bound = Math.max(...list.map(Math.abs)) * 2 ** -6;
      list.forEach((n, i) => expect(Math.abs(actual[k][i] - n)).toBeLessThanOrEqual(bound));
    });
  });
});
