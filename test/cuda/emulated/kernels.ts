// Own kernels on the emulated GPU where the op table is too small for them: more than one block for a result, more than one tile, long rows.
import { beforeAll, describe, expect, it } from 'vitest';
import { itemAt } from '../../../lib/base/list.js';
import { apply } from '../../../lib/core/apply.js';
import { type Sym, compile, grad, ops, setDevice, tensor, variable } from '../../../lib/index.js';
import { apart, boundOf, numbers, onBoth, wholeNumbers } from './compare.js';
import { useEmulatedGpu } from './gpu.js';

beforeAll(() => {
  useEmulatedGpu();
  setDevice('cpu');
});

/** A function's gradients at all of its arguments, as what weights its results differently makes them. */
const gradientsOf =
  (fn: (...xs: Sym[]) => Sym) =>
  (...args: Sym[]): Sym[] => {
    const y = fn(...args);
    return grad(ops.sum(ops.multiply(y, ops.sin(ops.add(ops.multiply(y, 3), 1)))), args);
  };

describe('reductions', () => {
  it.each<[number[], number | number[] | undefined]>([
    [[200_003], undefined],
    [[2, 70_000], 1],
    [[70_000, 3], 0],
    [
      [30, 70, 90],
      [0, 2],
    ],
    [[30, 70, 90], [1]],
    [[7, 5], 1],
  ])('of %j over %j have the numbers of the CPU', async (shape, axis) => {
    const reduced = (x: Sym) => [
      ops.sum(x, { axis }),
      ops.mean(x, { axis }),
      ops.max(x, { axis }),
      ops.min(x, { axis }),
      ops.prod(ops.sign(ops.add(x, 0.5)), { axis }),
    ];
    const [there, here] = await onBoth(reduced, wholeNumbers(...shape));
    expect(here).toEqual(there);
  });

  it.each([0, 1])('find the first of the largest along axis %i, and NaN before it', async (axis) => {
    const x = wholeNumbers(3000, 7);
    const found = (xs: Sym) => [ops.argmax(xs, { axis }), ops.argmin(xs, { axis })];
    const [there, here] = await onBoth(found, x);
    expect(here).toEqual(there);
    const withNaN = new Float32Array(x.dataSync());
    withNaN[700] = NaN;
    const [cpu, gpu] = await onBoth(found, tensor(withNaN, [3000, 7]));
    expect(gpu).toEqual(cpu);
    expect(gpu).not.toEqual(here);
  });

  it.each([
    [[1000], 0],
    [[3, 700], 1],
    [[700, 40], 0],
  ])('up to each element of %j along axis %i', async (shape, axis) => {
    const [there, here] = await onBoth(
      (x: Sym) => [
        ops.cumsum(x, { axis }),
        ops.cumsum(x, { axis, reverse: true, exclusive: true }),
        ops.cumsum(ops.cast(x, 'int32'), { axis, exclusive: true }),
      ],
      wholeNumbers(...shape),
    );
    expect(here).toEqual(there);
  });
});

describe('softmax and losses', () => {
  // The difference to the largest number rounds once, and each exp and log by two units; so do the sum and the quotient, on either side.
  const bound = 2 * 9 * 2 ** -24;

  it.each([
    [[2, 3000], -1],
    [[300, 40], 0],
    [[200, 3], -1],
  ])('of %j along axis %i', async (shape, axis) => {
    const logarithm = (x: Sym) => ops.logSoftmax(x, { axis });
    expect(await apart((x: Sym) => ops.softmax(x, { axis }), numbers(...shape))).toBeLessThanOrEqual(bound);
    expect(await apart(logarithm, numbers(...shape))).toBeLessThanOrEqual(bound);
  });

  it('refuse a label as the CPU does, and leave weights as they were', async () => {
    const told = [];
    for (const device of ['cpu', 'cuda'] as const) {
      const w = variable(numbers(5, 3));
      const step = compile(
        (labels: Sym) => {
          const loss = ops.sparseCategoricalCrossentropy(labels, w, { fromLogits: true });
          const [gradient] = grad(ops.sum(loss), [w]);
          w.assign(ops.subtract(w, gradient as Sym));
          return loss;
        },
        { device },
      );
      const labels = (...numbers: number[]) => step(tensor(numbers, [5], 'int32'));
      await labels(0, 1, 2, 0, 1);
      const before = [...w.dataSync()];
      const error: unknown = await labels(0, 1, 7, -1, 2).catch((reason: unknown) => reason);
      expect([...w.dataSync()]).toEqual(before);
      await labels(2, 1, 2, 0, 0);
      expect([...w.dataSync()]).not.toEqual(before);
      told.push(String(error));
    }
    expect(told[1]).toBe(told[0]);
    expect(told[0]).toMatch(/expected labels from 0 to 2 for 3 classes, received 7 in row 2/);
  });
});

describe('order', () => {
  // A row that shared memory holds, and one of several chunks.
  it.each([3000, 10_000])('sorts %i numbers, and keeps equal ones in their order', async (n) => {
    const data = new Float32Array(wholeNumbers(2, n).dataSync());
    data[5] = NaN;
    data[6] = -0;
    data[7] = Infinity;
    const [there, here] = await onBoth(
      (x: Sym) => [
        ops.argsort(x),
        ops.argsort(ops.negative(x)),
        ops.argsort(ops.cast(ops.clip(x, -9, 9), 'int32')),
        ops.topK(x, 7)[1],
      ],
      tensor(data, [2, n]),
    );
    expect(here).toEqual(there);
  });
});

describe('rows of one index', () => {
  const indices = tensor(
    Int32Array.from({ length: 5000 }, (_, i) => ((i * i) % 97) * 3),
    [5000],
    'int32',
  );

  it.each([1, 40])('are added, in any number, with %i numbers in each', async (width) => {
    const table = wholeNumbers(300, width);
    const gradient = (x: Sym, at: Sym, dy: Sym) =>
      grad(ops.sum(ops.multiply(ops.take(x, at, { axis: 0 }), dy)), [x]);
    const [there, here] = await onBoth(gradient, table, indices, wholeNumbers(5000, width));
    expect(here).toEqual(there);
    expect(new Set(here).size).toBeGreaterThan(10);
  });

  it('give the extremes and products of segments', async () => {
    const x = new Float32Array(wholeNumbers(5000, 3).dataSync());
    x[100] = NaN;
    const [there, here] = await onBoth(
      (rows: Sym, ids: Sym) => [
        ops.segmentMax(rows, ids, { numSegments: 300 }),
        ops.segmentMin(ops.cast(ops.clip(rows, -40, 40), 'int32'), ids, { numSegments: 300 }),
        ops.segmentProd(ops.sign(rows), ids, { numSegments: 300 }),
      ],
      tensor(x, [5000, 3]),
      indices,
    );
    expect(here).toEqual(there);
  });
});

describe('normalization', () => {
  // What is normalized is of size √n at most, where all but one number of a row are equal; these are about even. Mean, difference, root,
  // quotient and the two last operations round on either side.
  const bound = 2 * 8 * 2 ** -23;

  it('of batches that several blocks sum up', async () => {
    const normalized = (x: Sym) => {
      const { y, mean, variance } = ops.batchNormalization(x);
      return [y, mean, variance];
    };
    expect(await apart(normalized, numbers(4000, 6))).toBeLessThanOrEqual(bound);
  });

  it('of long and of many samples', async () => {
    for (const shape of [
      [3, 3000],
      [500, 20],
    ])
      expect(
        await apart((x: Sym) => ops.layerNormalization(x, { epsilon: 1e-3 }), numbers(...shape)),
      ).toBeLessThanOrEqual(bound);
  });
});

describe('attention', () => {
  const size = 24;
  const q = numbers(2, 40, 3, size);
  const k = numbers(2, 70, 3, size);
  const v = numbers(2, 70, 3, 37);
  // A score is a sum of `size` products, whose error the weights have twice; an output is a sum of 70 products with them.
  const bound = 2 * boundOf(size) + boundOf(70) / 70;

  const masked = ops.greater(numbers(2, 1, 40, 70), -0.5);
  const bias = numbers(3, 1, 70);
  it.each([
    ['all', {}, q],
    ['what is past', { isCausal: true }, numbers(2, 70, 3, size)],
    ['what a mask shows, with a bias', { mask: masked, bias }, q],
    ['nothing, in some rows', { mask: ops.greater(numbers(2, 1, 40, 1), 0), isCausal: true }, q],
  ])('to %s', async (_, options, queries) => {
    const attend = (a: Sym, b: Sym, c: Sym) =>
      ops.dotProductAttention(a, b, c, options as Parameters<typeof ops.dotProductAttention<Sym>>[3]);
    expect(await apart(attend, queries, k, v)).toBeLessThanOrEqual(bound);
    // A gradient is a sum of 70 products of two numbers with that error.
    expect(await apart(gradientsOf(attend), queries, k, v)).toBeLessThanOrEqual(2 * 70 * bound);
  });

  it('of heads that fill shared memory', async () => {
    const x = numbers(1, 9, 1, 700);
    const attend = (a: Sym) => ops.dotProductAttention(a, a, a);
    expect(await apart(attend, x)).toBeLessThanOrEqual(2 * boundOf(700));
  });
});

describe('recurrent layers', () => {
  // More samples and units than a block has, and terms than a chunk.
  const [n, steps, features, units] = [11, 5, 6, 40];
  const x = numbers(n, steps, features);
  const scaled = (...shape: number[]) => ops.multiply(numbers(...shape), 0.2);
  // Each step adds the error of a product of `units` terms to what came before, which gates keep no larger.
  const bound = steps * boundOf(units);

  it.each([{}, { goBackwards: true, returnSequences: true }, { mask: true, returnSequences: true }])(
    'with %j',
    async ({ mask = false, ...options }) => {
      for (const [name, gates] of [
        ['lstm', 4],
        ['gru', 3],
        ['simpleRnn', 1],
      ] as const) {
        const recurrentMask = mask ? ops.multiply(numbers(n, gates * units), 1.5) : undefined;
        const run = (xs: Sym, w: Sym, u: Sym) =>
          ops[name](xs, w, u, undefined, {
            ...options,
            ...(recurrentMask && { recurrentMask: recurrentMask as unknown as Sym }),
          })[0];
        const weights = [scaled(features, gates * units), scaled(units, gates * units)] as const;
        expect(await apart(run, x, ...weights), name).toBeLessThanOrEqual(bound);
        const gradients = gradientsOf(run);
        // Sums over all samples and steps, too.
        expect(await apart(gradients, x, ...weights), name).toBeLessThanOrEqual(n * steps * bound);
      }
    },
  );
});

describe('matrices', () => {
  it('have orthonormal rows made of theirs', async () => {
    const [rows, columns] = [40, 70];
    const made = compile(
      (x: Sym) => {
        const q = apply<Sym>('orthonormalRows', [x]);
        return { turned: ops.matmul(q, ops.transpose(q)), factor: ops.matmul(x, ops.transpose(q)) };
      },
      { device: 'cuda' },
    );
    const { turned, factor } = await made(ops.divide(wholeNumbers(rows, columns), 50));
    const [identity, lower] = [[...turned.dataSync()], [...factor.dataSync()]];
    // Products of two rows of length 1 that are rounded, and their sum; rows of x are sums of up to `rows` of them, of length √columns at most.
    const bound = (columns + 4) * 2 ** -24;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < rows; j++) {
        const at = i * rows + j;
        expect(Math.abs(itemAt(identity, at) - (i === j ? 1 : 0))).toBeLessThanOrEqual(bound);
        if (i === j) expect(itemAt(lower, at)).toBeGreaterThan(0);
        if (i < j) expect(Math.abs(itemAt(lower, at))).toBeLessThanOrEqual(Math.sqrt(rows * columns) * bound);
      }
  });

  it('keep a triangle', async () => {
    const kept = (x: Sym) => [
      ops.tril(x, { k: -1 }),
      ops.triu(x, { k: 2 }),
      apply<Sym>('triangle', [x], { diagonal: 1 }),
    ];
    const [there, here] = await onBoth(kept, numbers(2, 5, 7));
    expect(here).toEqual(there);
  });
});

describe('what is no index', () => {
  it('is refused as on the CPU', async () => {
    const told = [];
    for (const device of ['cpu', 'cuda'] as const) {
      const step = compile((x: Sym) => apply<Sym>('toIndices', [x]), { device });
      expect([...(await step(tensor([1.5, -2.5, 3]))).dataSync()]).toEqual([1, -2, 3]);
      for (const wrong of [NaN, 3e9])
        told.push(String(await step(tensor([1, wrong, -1e20])).catch((reason: unknown) => reason)));
    }
    expect(told.slice(2)).toEqual(told.slice(0, 2));
    expect(told[0]).toMatch(/int32 holds, received NaN at index 1/);
  });
});

describe('Fourier transforms', () => {
  it.each([1, 8, 37, 1000])('of %i numbers', async (n) => {
    const transformed = (a: Sym, b: Sym) => ops.fft([a, b]);
    // Both are in float64, and round once at the end, to a number of n at most.
    expect(await apart(transformed, numbers(3, n), numbers(3, n))).toBeLessThanOrEqual(2 ** -23);
  });
});

describe('images that are warped', () => {
  const x = numbers(2, 9, 7, 3);
  it.each([
    ['moved', [1, 0, 1.3, 0, 1, -2.6, 0, 0]],
    ['turned', [0.8, 0.6, -1.2, -0.6, 0.8, 3.1, 0, 0]],
    ['tilted', [1.1, 0.2, -3, 0.1, 0.9, -20, 0.05, -0.02]],
  ])('%s are those of the CPU to the bit', async (_, transform) => {
    for (const fillMode of ['constant', 'nearest', 'wrap', 'mirror', 'reflect'] as const)
      for (const interpolation of ['bilinear', 'nearest'] as const) {
        const [there, here] = await onBoth(
          (images: Sym) =>
            ops.image.affineTransform(images, transform, { fillMode, interpolation, fillValue: 0.3 }),
          x,
        );
        expect(here, `${fillMode}, ${interpolation}`).toEqual(there);
      }
  });
});
