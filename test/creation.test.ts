/** Ops that make tensors, or tell of them. Numbers of numpy 2. */
import { itemAt } from '../lib/base/list.js';
import { describe, expect, it, test } from 'vitest';
import { type Sym, type Tensor, compile, layers, ops, tensor, variable } from 'nodegrad';
import { errorOf } from './support/run.js';

const x = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);

/** float32 has 24 digits: of numbers up to 1 an error of 2⁻²⁵, computed in double precision before. */
function expectNear(actual: Tensor, expected: readonly number[]): void {
  const data = Array.from(actual.dataSync());
  expect(data).toHaveLength(expected.length);
  data.forEach((n, i) =>
    expect(Math.abs(n - itemAt(expected, i))).toBeLessThanOrEqual(
      2 ** -25 * Math.max(1, Math.abs(itemAt(expected, i))),
    ),
  );
}

describe('tensors', () => {
  test.each<[string, () => Tensor, unknown, string?]>([
    ['zeros', () => ops.zeros([2, 1]), [[0], [0]]],
    ['empty', () => ops.empty([2], 'int32'), [0, 0], 'int32'],
    ['ones', () => ops.ones([2], 'bool'), [1, 1], 'bool'],
    ['full', () => ops.full([2], 7), [7, 7]],
    ['arange', () => ops.arange(1, 7, 2), [1, 3, 5]],
    ['arange up to a number', () => ops.arange(3), [0, 1, 2]],
    [
      'eye',
      () => ops.eye(2),
      [
        [1, 0],
        [0, 1],
      ],
    ],
    [
      'eye beside the diagonal',
      () => ops.eye(2, { M: 3, k: 1 }),
      [
        [0, 1, 0],
        [0, 0, 1],
      ],
    ],
    [
      'eye of integers',
      () => ops.eye(2, { k: -1, dtype: 'int32' }),
      [
        [0, 0],
        [1, 0],
      ],
      'int32',
    ],
    [
      'tri',
      () => ops.tri(2, { M: 3 }),
      [
        [1, 0, 0],
        [1, 1, 0],
      ],
    ],
    [
      'tri below',
      () => ops.tri(3, { k: -1 }),
      [
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
      ],
    ],
    ['linspace', () => ops.linspace(0, 1, { num: 5 }), [0, 0.25, 0.5, 0.75, 1]],
    ['linspace without its end', () => ops.linspace(0, 1, { num: 4, endpoint: false }), [0, 0.25, 0.5, 0.75]],
    ['one number', () => ops.linspace(3, 4, { num: 1 }), [3]],
    ['no number', () => ops.linspace(3, 4, { num: 0 }), []],
    ['linspace of integers', () => ops.linspace(0, 3, { num: 3, dtype: 'int32' }), [0, 1, 3], 'int32'],
    ['logspace', () => ops.logspace(0, 3, { num: 4 }), [1, 10, 100, 1000]],
    ['logspace of 2', () => ops.logspace(0, 3, { num: 3, base: 2, endpoint: false }), [1, 2, 4]],
    ['geomspace', () => ops.geomspace(-1, -8, { num: 4 }), [-1, -2, -4, -8]],
    [
      'an empty diagonal',
      () => ops.diag([], { k: 2 }),
      [
        [0, 0],
        [0, 0],
      ],
    ],
    ['a tensor of an array', () => ops.array([1, 2]), [1, 2]],
    ['a tensor of booleans', () => ops.convertToTensor([true, false]), [1, 0], 'bool'],
  ])('%s', (_, make, expected, dtype = 'float32') => {
    const made = make();
    expect(made.arraySync()).toEqual(expected);
    expect(made.dtype).toBe(dtype);
  });

  test.each<[string, (n: number) => Tensor, number[]]>([
    ['bartlett', (n) => ops.bartlett(n), [0, 0.4, 0.8, 0.8, 0.4, 0]],
    [
      'blackman',
      (n) => ops.blackman(n),
      [0, 0.2007701432625305, 0.8492298567374694, 0.8492298567374694, 0.2007701432625305, 0],
    ],
    [
      'hamming',
      (n) => ops.hamming(n),
      [0.08, 0.39785218258752425, 0.9121478174124759, 0.9121478174124759, 0.39785218258752425, 0.08],
    ],
    [
      'hanning',
      (n) => ops.hanning(n),
      [0, 0.34549150281252633, 0.9045084971874737, 0.9045084971874737, 0.34549150281252633, 0],
    ],
    [
      'kaiser',
      (n) => ops.kaiser(n, 8.6),
      [
        0.0013325139979024198, 0.20105486954533092, 0.8494161890910448, 0.8494161890910448,
        0.20105486954533092, 0.0013325139979024198,
      ],
    ],
  ])('%s', (_, make, expected) => {
    expectNear(make(6), expected);
    expect(make(1).arraySync()).toEqual([1]);
    expect(make(0).shape).toEqual([0]);
    expect(errorOf(() => make(-1)).code).toBe('ARGUMENT');
  });

  test.each<[string, () => unknown, string]>([
    ['a size below 0', () => ops.eye(-1), 'ARGUMENT'],
    ['a broken number', () => ops.linspace(0, 1, { num: 1.5 }), 'ARGUMENT'],
    ['numbers of two signs', () => ops.geomspace(-1, 1), 'ARGUMENT'],
    ['a list of lists', () => ops.meshgrid([[[1, 2]], [3]]), 'SHAPE'],
    ['rows that differ', () => ops.array([[1], [1, 2]]), 'SHAPE'],
    ['a window that is too narrow', () => ops.kaiser(4, 1e4), 'ARGUMENT'],
  ])('%s is refused', (_, make, code) => {
    expect(errorOf(make).code).toBe(code);
  });
});

describe('of a value', () => {
  it('its shape, sizes and dtype, also where it has no numbers yet', () => {
    const place = layers.input({ shape: [3] });
    expect([ops.shape(x), ops.ndim(x), ops.size(x), ops.dtype(x)]).toEqual([[2, 3], 2, 6, 'float32']);
    expect([ops.shape(place), ops.ndim(place), ops.dtype(place)]).toEqual([[-1, 3], 2, 'float32']);
    expect([ops.shape([[1, 2]]), ops.dtype([true])]).toEqual([[1, 2], 'bool']);
    expect(errorOf(() => ops.size(place)).code).toBe('SHAPE');
  });

  it('whether it is a tensor or becomes one', async () => {
    const place = layers.input({ shape: [3] });
    expect([x, variable(1), place].map((value) => ops.isTensor(value))).toEqual([true, true, true]);
    expect([[1], 1, new Float32Array(2), undefined].map((value) => ops.isTensor(value))).toEqual(
      Array(4).fill(false),
    );
    const seen: boolean[] = [];
    await compile((value: Sym) => (seen.push(ops.isTensor(value)), value))(x);
    expect(seen).toEqual([true]);
  });

  it('its numbers', () => {
    expect(ops.convertToNumpy(x)).toMatchObject({ shape: [2, 3], dtype: 'float32' });
    expect(Array.from(ops.convertToNumpy(variable([1, 2])).data)).toEqual([1, 2]);
    expect(errorOf(() => ops.convertToNumpy(layers.input({ shape: [3] }) as never)).code).toBe('ARGUMENT');
  });

  it('the places that are not 0', () => {
    const places = ops.nonzero([
      [0, 3, 0],
      [4, 0, NaN],
    ]);
    expect(places.map((list) => [list.dtype, ...list.dataSync()])).toEqual([
      ['int32', 0, 1, 1],
      ['int32', 1, 0, 2],
    ]);
    expect(ops.nonzero(tensor([false, true])).map((list) => list.arraySync())).toEqual([[1]]);
  });
});

describe('segments', () => {
  it('are as many as the largest id says', () => {
    expect(ops.segmentSum(x, [2, 0]).arraySync()).toEqual([
      [4, 5, 6],
      [0, 0, 0],
      [1, 2, 3],
    ]);
  });

  it('have to be given where ids have no numbers yet', async () => {
    const run = compile((ids: Sym) => ops.segmentSum(x, ids));
    await expect(run(tensor([0, 1], undefined, 'int32'))).rejects.toThrow(/option numSegments/);
  });
});

it('an index out of range is refused on its own axis', async () => {
  // In the list of all places [0, 3] would be that of [1, 0].
  await expect(ops.scatter([[0, 3]], [5], [2, 3]).data()).rejects.toMatchObject({ code: 'ARGUMENT' });
});

it('saturateCast refuses what is no dtype, also where it is no text', () => {
  for (const dtype of ['int64', 5, Object.create(null)])
    expect(errorOf(() => ops.saturateCast([1.5], dtype as never))).toMatchObject({
      name: 'EngineError',
      message: expect.stringContaining('dtype') as string,
    });
});
