import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
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

describe('whole numbers', () => {
  const whole = tensor([16777217, 16777216, -5], undefined, 'int32');

  it('stay whole and exact in sums and extremes', () => {
    for (const [made, expected] of [
      [ops.sum(whole), 33554428],
      [ops.max(whole), 16777217],
      [ops.min(whole), -5],
      [ops.min(whole, { initial: -7 }), -7],
      [ops.sum(tensor([true, false, true])), 2],
      [ops.sum(tensor(3, [], 'int32')), 3],
      [ops.sum(tensor([], [0], 'int32')), 0],
      [ops.argmax(whole), 0],
      [ops.ptp(whole), 16777222],
    ] as const)
      expect([made.dtype, flat(made)]).toEqual(['int32', [expected]]);
    expect(ops.max(tensor([false, true])).dtype).toBe('bool');
    expect(ops.sum(ops.reshape(whole, [1, 3]), { axis: 1, keepDims: true }).shape).toEqual([1, 1]);
  });

  it('are reduced over batches of any size, too', async () => {
    const run = compile((x: Sym) => [ops.sum(x, { axis: 0 }), ops.max(x), ops.argmax(x, { axis: 0 })]);
    for (const n of [1, 3]) {
      const rows = tensor(new Int32Array(2 * n).fill(4), [n, 2]);
      expect((await run(rows)).map(flat)).toEqual([[4 * n, 4 * n], [4], [0, 0]]);
    }
    expect(errorOf(() => ops.max(tensor([], [0], 'int32'))).message).toContain('[max] expected at least one');
  });
});

describe('bits and special functions', () => {
  const pairs = (first: readonly number[], second: readonly number[]) =>
    first.map((n, i) => [n, second[i]] as const);

  it('nextafter and ldexp are exact, as far as float32 goes', () => {
    const tiny = 2 ** -149;
    expect(flat(ops.nextafter([0, 0, 1, -1, tiny], [1, -1, 2, 0, 0]))).toEqual([
      tiny,
      -tiny,
      1 + 2 ** -23,
      -1 + 2 ** -24,
      0,
    ]);
    expect(flat(ops.ldexp([1, 1, tiny, 3, 2 ** 127, 1], [-149, 127, 276, 1000, -276, -1000]))).toEqual([
      tiny,
      2 ** 127,
      2 ** 127,
      Infinity,
      tiny,
      0,
    ]);
  });

  it('erfc and i0 are exact to 1e-6 of their size, and so are their gradients', async () => {
    // By scipy.special: erfc, i0 and i1.
    const at = [0.25, 1, 3, 6, 9];
    const [tail, bessel, slope] = [
      [
        0.7236736098317631, 0.15729920705028513, 2.209049699858544e-5, 2.1519736712498913e-17,
        4.13703174651381e-37,
      ],
      [1.0156861412236078, 1.2660658777520084, 4.880792585865024, 67.23440697647798, 1093.5883545113747],
      [0.12597910894546793, 0.5651591039924851, 3.953370217402609, 61.34193677764024, 1030.914722516956],
    ];
    const both = compile((x: Sym) => [
      ops.erfc(x),
      ops.i0(x),
      ...grad(ops.sum(ops.erfc(x)), [x]),
      ...grad(ops.sum(ops.i0(x)), [x]),
    ]);
    const made = (await both(at)).map(flat);
    const expected = [tail, bessel, at.map((x) => (-2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)), slope];
    made.forEach((list, k) => {
      // erf rounds x² in its derivative: by 2⁻²⁴ x² of the result.
      for (const [i, [y, wanted]] of pairs(list, itemAt(expected, k)).entries())
        expect(Math.abs(y / wanted! - 1)).toBeLessThan(1e-6 + (k === 2 ? itemAt(at, i) ** 2 * 2 ** -23 : 0));
    });
    // Beyond where eˣ overflows.
    expect(firstOf(flat(ops.i0([-91]))) / 1.3892714e38).toBeCloseTo(1, 5);
    expect(flat(ops.erfc([-Infinity, -3, Infinity]))).toEqual([2, expect.closeTo(1.9999779), 0]);
  });

  it('refuse floats where whole numbers belong', () => {
    for (const [call, message] of [
      [() => ops.ldexp([1], [0.5]), "[ldexp] expected whole numbers as x2, received 'float32'"],
      [() => ops.gcd([1.5], [2]), '[gcd] expected int32'],
      [() => ops.lcm([1.5], [2]), '[lcm] expected int32'],
      [() => ops.view([1, 2], 'bool'), '[view] expected x of bool'],
    ] as const)
      expect(errorOf(call).message).toContain(message);
  });
});

describe('rows', () => {
  it('of segments without any have the least and largest numbers', () => {
    expect(flat(ops.segmentMax([1, 2], [0, 2]))).toEqual([1, -Infinity, 2]);
    expect(flat(ops.segmentMin([1, 2], [0, 2]))).toEqual([1, Infinity, 2]);
    expect(flat(ops.segmentMin(tensor([5], undefined, 'int32'), [1]))).toEqual([2147483647, 5]);
    expect(flat(ops.segmentMax([1, NaN], [0, 0]))).toEqual([NaN]);
  });

  it('that are unique come as many as there are, or as are asked for', async () => {
    expect(flat(ops.unique([3, 1, 3]))).toEqual([1, 3]);
    expect(flat(ops.unique([NaN, 1, NaN]))).toEqual([1, NaN, NaN]);
    expect(
      ops
        .unique(
          [
            [1, 0],
            [1, 0],
            [0, 1],
          ],
          { axis: 0 },
        )
        .arraySync(),
    ).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(flat(ops.unique([3, 1, 3], { size: 4, fillValue: -1 }))).toEqual([1, 3, -1, -1]);
    expect(flat(ops.unique([3, 1, 3], { size: 1 }))).toEqual([1]);
    const all = compile((x: Sym) => ops.unique(x));
    await expect(all([1])).rejects.toThrow(
      '[unique] expected the option size where the numbers are symbolic',
    );
  });

  it('refuse what does not fit', () => {
    for (const [call, message] of [
      [
        () => ops.segmentSum([1, 2], [0]),
        '[segmentSum] expected segment ids of the first sizes of [2], received [1]',
      ],
      [() => ops.scatterUpdate([1, 2], [[2]], [1]), '[gather] expected indices from 0 to 1'],
      [
        () => ops.scatterUpdate([1], [[0]], [1], { reduction: 'sub' as never }),
        "[scatterUpdate] expected 'add'",
      ],
      [() => ops.depthToSpace([[[[1, 2]]]], 2), '[depthToSpace] expected a size along axis 3 that 4 divides'],
      [() => ops.depthToSpace([[[[1]]]], 1), '[depthToSpace] expected an integer of 2 or more for blockSize'],
      [
        () => ops.rearrange([1], 'a -> b'),
        '[rearrange] expected a pattern with the same names on both sides',
      ],
      [() => ops.rearrange([1], 'a b -> b a'), '[rearrange] expected a value of rank 2, received [1]'],
      [
        () => ops.rearrange([1], '(a b) -> a b', { a: 2 }),
        '[rearrange] expected lengths for (a b) that make 1',
      ],
      [() => ops.rearrange([1], '(a b) -> a b'), '[rearrange] expected lengths for (a b) that make 1'],
      [() => ops.rearrange([1], 'a -> a', { c: 1 }), "[rearrange] expected sizes of a, received 'c'"],
      [() => ops.rearrange([1], 'a * -> a'), "[rearrange] expected a pattern such as 'b (h n)"],
      [() => ops.unique([]), '[unique] expected at least one number'],
      [() => ops.unique([1], { size: -1 }), '[unique] expected an integer of 0 or more for size'],
    ] as const)
      expect(errorOf(() => call().dataSync()).message).toContain(message);
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
  segmentMax: (x) => ops.segmentMax(x, new Array<number>(16).fill(0), { numSegments: 1 }),
  scatterUpdate: (x) => ops.scatterUpdate(x, [[3], [0]], ops.multiply(x, 2).slice(0, 2)),
  rearrange: (x) => ops.rearrange(x, '(a b) c -> (c a) b', { a: 2 }),
  erfc: (x) => ops.erfc(ops.multiply(x, 1 / 64)),
  view: (x) => ops.view(x, 'int32'),
  unique: (x) => ops.unique(x, { size: 64 }),
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
    const [expected, actual] = atLeast(results, 2);
    expected.forEach((list, k) => {
      const bound = Math.max(...list.map(Math.abs)) * 2 ** -6;
      list.forEach((n, i) => expect(Math.abs(itemAt(itemAt(actual, k), i) - n)).toBeLessThanOrEqual(bound));
    });
  });
});
