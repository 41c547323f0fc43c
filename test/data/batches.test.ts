import { atLeast, firstOf } from '../../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  type Data,
  type ArraySpec,
  isBatches,
  readInputs,
  readTargets,
  readWeights,
  splitPoint,
} from '../../lib/data/batches.js';
import { NDArray } from '../../lib/core/ndarray.js';
import { tensor } from '../../lib/core/tensor.js';
import { errorOf } from '../support/run.js';

const image: ArraySpec = { name: 'image', shape: [-1, 2, 3] };
const flag: ArraySpec = { name: 'flag', shape: [-1, 1] };
const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const nested = [
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  [
    [7, 8, 9],
    [10, 11, 12],
  ],
];

const read = (data: Data, specs = [image]) => readInputs(data, specs, '[fit] x');
const dataOf = (samples: ReturnType<typeof read>[number]) => [...samples.tensor().tensor.dataSync()];

describe('reading inputs', () => {
  it.each<[string, Data, string]>([
    ['nested arrays', nested, 'float32'],
    ['a flat typed array', new Uint8Array(numbers), 'uint8'],
    ['a flat Float64Array', new Float64Array(numbers), 'float32'],
    ['an NDArray', new NDArray(new Int32Array(numbers), [2, 2, 3]), 'int32'],
    ['a tensor', tensor(nested), 'float32'],
    ['a list of one', [new NDArray(new Int32Array(numbers), [2, 2, 3])], 'int32'],
    ['a record', { image: new Uint8Array(numbers) }, 'uint8'],
    ['an axis of size 1 too many', new NDArray(new Uint8Array(numbers), [2, 2, 3, 1]), 'uint8'],
  ])('%s', (_, data, dtype) => {
    const [samples] = atLeast(read(data), 1);
    expect(samples.shape).toEqual([2, 2, 3]);
    expect(samples.dtype).toBe(dtype);
    expect(samples.tensor().tensor.shape).toEqual([2, 2, 3]);
    expect(dataOf(samples)).toEqual(numbers);
  });

  it('rows may be typed arrays, and an axis of size 1 may be missing', () => {
    const spec = { name: 'x', shape: [-1, 2] };
    const [rows] = atLeast(read([new Float32Array([1, 2]), new Float32Array([3, 4])], [spec]), 1);
    expect(rows.shape).toEqual([2, 2]);
    expect(dataOf(rows)).toEqual([1, 2, 3, 4]);
    const [column] = atLeast(read([1, 2, 3], [flag]), 1);
    expect(column.shape).toEqual([3, 1]);
    expect(column.tensor().tensor.shape).toEqual([3, 1]);
  });

  it('several inputs come as a list or a record', () => {
    const expected = [numbers, [0, 1]];
    expect(read([nested, [0, 1]], [image, flag]).map(dataOf)).toEqual(expected);
    expect(read({ flag: [0, 1], image: nested }, [image, flag]).map(dataOf)).toEqual(expected);
  });

  it('tells which tensors it made', () => {
    const given = tensor(nested);
    expect(firstOf(read(given)).tensor()).toEqual({ tensor: given, isTemporary: false });
    expect(firstOf(read(nested)).tensor().isTemporary).toBe(true);
    const part = firstOf(read(given)).slice(1, 2).tensor();
    expect(part.isTemporary).toBe(true);
    expect([...part.tensor.dataSync()]).toEqual(numbers.slice(6));
    expect(dataOf(firstOf(read(new Uint8Array(numbers))).slice(1, 2))).toEqual(numbers.slice(6));
    expect(dataOf(firstOf(read(nested)).slice(0, 1))).toEqual(numbers.slice(0, 6));
  });

  it.each<[string, () => unknown, string, RegExp]>([
    [
      'another shape',
      () => read([[1, 2, 3]]),
      'SHAPE',
      /\[fit\] x for 'image': expected shape \[n, 2, 3\], received \[1, 3\]/,
    ],
    ['a flat array of another length', () => read(new Float32Array(7)), 'SHAPE', /multiple of 6.*received 7/],
    [
      'rows of different lengths',
      () =>
        read([
          [
            [1, 2, 3],
            [4, 5],
          ],
        ] as Data),
      'SHAPE',
      /x for 'image'.*row of 2/,
    ],
    ['strings', () => read('abc' as never), 'ARGUMENT', /\[fit\] x: expected/],
    ['nothing', () => read(undefined as never), 'ARGUMENT', /received/],
    ['big integers', () => read(new BigInt64Array(6) as never), 'DTYPE', /BigInt64Array/],
    [
      'no samples',
      () => read(new NDArray(new Float32Array(0), [0, 2, 3])),
      'ARGUMENT',
      /at least one sample/,
    ],
    ['no rows', () => read([]), 'ARGUMENT', /at least one sample/],
    ['a scalar', () => read(tensor(1)), 'SHAPE', /scalar/],
    ['one array for two inputs', () => read(nested, [image, flag]).length, 'SHAPE', /'image'/],
    [
      'a list of three for two inputs',
      () => read([nested, [0, 1], [0, 1]] as Data, [image, flag]),
      'ARGUMENT',
      /expected 2 arrays \('image', 'flag'\), received a list of 3/,
    ],
    ['an unknown name', () => read({ imag: nested }), 'ARGUMENT', /'image'.*received imag/],
    [
      'lengths that differ',
      () => read([nested, [0, 1, 2]], [image, flag]),
      'SHAPE',
      /'flag'.*'image' \(2\), received 3/,
    ],
    [
      'a flat array for a model of unknown sizes',
      () => read(new Float32Array(6), [{ name: 'any', shape: [-1, -1, 3] }]),
      'SHAPE',
      /NDArray or a tensor/,
    ],
  ])('refuses %s', (_, body, code, message) => {
    const error = errorOf(body);
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });
});

describe('reading targets and weights', () => {
  const output: ArraySpec = { name: 'dense', shape: [-1, 3] };
  const targets = (data: Data, count = 4) => firstOf(readTargets(data, [output], '[fit] y', count));

  it('a flat array holds one target a sample, or rows of the output', () => {
    expect(targets(new Uint8Array(4)).shape).toEqual([4]);
    expect(targets(new Float32Array(12)).shape).toEqual([4, 3]);
    expect(targets([[0], [1], [2], [0]]).shape).toEqual([4, 1]);
  });

  it('lengths have to agree with x', () => {
    const error = errorOf(() => targets([0, 1, 2]));
    expect(error.code).toBe('SHAPE');
    expect(error.message).toMatch(/\[fit\] y for 'dense': expected 4 samples as x has, received 3/);
    expect(errorOf(() => targets(new Uint8Array(5)))).toMatchObject({ code: 'SHAPE' });
  });

  it('one array of weights serves all outputs', () => {
    const specs = [output, { name: 'other', shape: [-1, 1] }];
    const shared = readWeights([1, 2], specs, '[fit] sampleWeight', 2);
    expect(shared).toHaveLength(2);
    const single = readWeights({ dense: [1, 2], other: [3, 4] }, specs, '[fit] sampleWeight', 2);
    expect(single.map(dataOf)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    // Weights of steps or places are read as they are; whether the loss has such is asked where it is computed.
    const steps = [
      [1, 2],
      [3, 4],
    ];
    expect(firstOf(readWeights(steps, [output], '[fit] sampleWeight', 2)).shape).toEqual([2, 2]);
    const error = errorOf(() => readWeights(steps, [output], '[fit] sampleWeight', 3));
    expect(error.message).toMatch(/one weight for each of 3 samples, received shape \[2, 2\]/);
  });
});

describe('the split', () => {
  it('takes the last share', () => {
    expect(splitPoint(10, 0.2)).toBe(8);
    expect(splitPoint(10, 0.25)).toBe(7);
  });

  it.each([0, 1, -0.1, Number.NaN, 0.95])('refuses %d of ten samples', (share) => {
    expect(errorOf(() => splitPoint(10, share))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('batches or arrays', () => {
  it.each<[string, unknown, boolean]>([
    ['a generator', (function* () {})(), true],
    ['an async iterable', { async *[Symbol.asyncIterator]() {} }, true],
    ['an array', [[1], [2]], false],
    ['a typed array', new Float32Array(2), false],
    ['a tensor', tensor([1]), false],
    ['an NDArray', new NDArray(new Float32Array(1), [1]), false],
    ['a record', { x: [1] }, false],
  ])('%s', (_, data, expected) => {
    expect(isBatches(data)).toBe(expected);
  });
});
