import { describe, expect, test } from 'vitest';
import { compile } from '../lib/core/compile.js';
import { NDArray } from '../lib/core/ndarray.js';
import type { DType } from '../lib/engine/engine.js';
import { EngineError } from '../lib/base/errors.js';
import { atLeast, firstOf } from '../lib/base/list.js';
import * as ops from '../lib/ops/index.js';
import { Sym } from '../lib/core/sym.js';
import { type NestedArray, Tensor, arange, ones, tensor } from '../lib/core/tensor.js';
import { grad } from '../lib/core/grad.js';
import { variable } from '../lib/core/variable.js';
import { errorOf } from './support/run.js';

const flat = (t: Tensor) => [...t.dataSync()];

/** Rounds what a float32 computation leaves. */
function close(value: NestedArray): NestedArray {
  return Array.isArray(value)
    ? (value as NestedArray[]).map(close)
    : Math.round(Number(value) * 1e4) / 1e4 + 0;
}

describe('logical ops take numbers of all dtypes: what is not 0 is true', () => {
  const a = [0, 2, -1, 0];
  const b = [1, 1, 0, 0];
  test.each([
    ['logicalAnd', ops.logicalAnd, [0, 1, 0, 0]],
    ['logicalOr', ops.logicalOr, [1, 1, 1, 0]],
    ['logicalXor', ops.logicalXor, [1, 0, 1, 0]],
  ] as const)('%s', (_, op, expected) => {
    for (const dtype of ['float32', 'int32'] as const) {
      const y = op(tensor(a, [4], dtype), tensor(b, [4], 'bool'));
      expect([y.dtype, flat(y).map(Number)]).toEqual(['bool', expected]);
    }
  });

  test('logicalNot', () => {
    const y = ops.logicalNot(tensor([0, 0.5, NaN]));
    expect([y.dtype, flat(y).map(Number)]).toEqual(['bool', [1, 0, 0]]);
  });
});

describe("TF.js's names", () => {
  test.each([
    ['argMax', ops.argmax],
    ['avgPool', ops.averagePool],
    ['avgPool2d', ops.averagePool],
    ['avgPool3d', ops.averagePool],
    ['conv1d', ops.conv],
    ['conv2d', ops.conv],
    ['conv2dTranspose', ops.convTranspose],
    ['conv3d', ops.conv],
    ['conv3dTranspose', ops.convTranspose],
    ['depthwiseConv2d', ops.depthwiseConv],
    ['maxPool2d', ops.maxPool],
    ['maxPool3d', ops.maxPool],
    ['separableConv2d', ops.separableConv],
    ['argMin', ops.argmin],
    ['div', ops.divide],
    ['mul', ops.multiply],
    ['neg', ops.negative],
    ['pow', ops.power],
    ['sub', ops.subtract],
  ])('%s is the same function', (alias, op) => {
    expect((ops as unknown as Record<string, unknown>)[alias]).toBe(op);
  });
});

// Every op's numbers and gradients are in the case table (test/cases): here are the ways to call one at once.
describe('ops on tensors and arrays', () => {
  const x = tensor([
    [1, -2],
    [0, 4],
  ]);
  const row = (...rows: number[][]) => rows;

  test.each<[string, () => Tensor, NestedArray]>([
    ['a tensor', () => ops.relu(x), row([1, 0], [0, 4])],
    ['a variable', () => ops.negative(variable([1])), [-1]],
    ['nested arrays', () => ops.square([[3]]), [[9]]],
    ['a typed array', () => ops.floor(new Float64Array([1.5])), [1]],
    ['a number', () => ops.exp(0), 1],
    ['an option', () => ops.leakyRelu(x, { negativeSlope: 0.5 }), row([1, -1], [0, 4])],
    ['a tensor and an array', () => ops.add(x, [10, 20]), row([11, 18], [10, 24])],
    ['a number and a tensor', () => ops.subtract(1, x), row([0, 3], [1, -3])],
    ['arrays', () => ops.matmul([[1, 2]], [[3], [4]]), [[11]]],
    ['a number after a condition', () => ops.where(ops.less(x, 0), 0, x), row([1, 0], [0, 4])],
    ['numbers after a condition', () => ops.where([true, false], 2, 3), [2, 3]],
    ['one axis', () => ops.sum(x, { axis: 0 }), [1, 2]],
    ['several axes', () => ops.mean(x, { axis: [0, 1], keepDims: true }), [[0.75]]],
    ['indices in an array', () => ops.gather(x, [1, 1]), row([0, 4], [0, 4])],
    ['rows of an array', () => ops.gather([1.5, 2], tensor([1], [1], 'int32')), [2]],
    ['an array beside a key', () => ops.dropout([1, 2], { rate: 0 }), [1, 2]],
    ['an index', () => ops.oneHot(1, { depth: 3 }), [0, 1, 0]],
    ['a list of values', () => ops.concatenate([x, [[7, 8]]]), row([1, -2], [0, 4], [7, 8])],
    [
      'a list of arrays',
      () =>
        ops.stack<NestedArray>(
          [
            [1, 2],
            [3, 4],
          ],
          { axis: 1 },
        ),
      row([1, 3], [2, 4]),
    ],
    ['places on all axes', () => ops.slice(x, [0, 1], [2, 1]), row([-2], [4])],
    ['all that follow', () => ops.slice(x, 1, -1), row([0, 4])],
    ['the place among all', () => ops.argmax(x), 3],
    ['the same in the rank of x', () => ops.argmin(x, { keepDims: true }), row([1])],
    ['a default slope', () => ops.leakyRelu(-1), -0.2],
    ['a default approximation', () => ops.gelu(1), 0.8412],
    ['an identity matrix', () => ops.identity(2), row([1, 0], [0, 1])],
    ['places with strides', () => ops.stridedSlice(arange(0, 6), 1, 6, 2), [1, 3, 5]],
    [
      'one padding on all sides',
      () => ops.conv(ones([1, 1, 1, 1]), ones([3, 3, 1, 1]), { padding: 1 }),
      [[[[1]]]],
    ],
    ['bytes as labels', () => ops.sigmoidCrossEntropy([0], new Uint8Array([1])), [0.6931]],
    ['class numbers', () => ops.softmaxCrossEntropy([[0, 0]], new Uint8Array([1])), [0.6931]],
    ['class numbers in an array', () => ops.sparseSoftmaxCrossEntropy([[0, 0]], [0]), [0.6931]],
    ['probabilities', () => ops.softmaxCrossEntropy([[0, 0]], [[0.5, 0.5]]), [0.6931]],
    [
      'bytes as targets',
      () => ops.meanSquaredError(x, new NDArray(new Uint8Array([1, 2, 3, 4]), [2, 2])),
      [8, 4.5],
    ],
  ])('%s', (_, run, expected) => {
    expect(close(run().arraySync())).toEqual(expected);
  });
});

describe('empty tensors', () => {
  test.each([[[0]], [[2, 0]], [[0, 3]], [[2, 0, 3]]])(
    '%j: element by element, and sums over nothing',
    (shape) => {
      const x = ones(shape);
      for (const y of [
        ops.add(x, 1),
        ops.tanh(x),
        ops.maximum(x, x),
        ops.equal(x, x),
        ops.cast(x, 'int32'),
        ops.relu(x),
      ])
        expect(y.shape).toEqual(shape);
      expect(flat(ops.multiply(ops.add(x, x), ones([1])))).toEqual([]);
      expect(flat(ops.transpose(x))).toEqual([]);
      expect(ops.sum(x).itemSync()).toBe(0);
      expect(ops.prod(x).itemSync()).toBe(1);
      const last = shape.slice(0, -1);
      const size = last.reduce((a, b) => a * b, 1);
      expect(flat(ops.sum(x, { axis: -1 }))).toEqual(Array<number>(size).fill(0));
      expect(() => ops.max(x)).toThrow(/at least one element/);
    },
  );

  test('every op of one float32 tensor gives a result or an error of its own', () => {
    for (const [name, op] of Object.entries(ops) as [string, (x: Tensor) => unknown][]) {
      for (const shape of [[0], [2, 0], [0, 3], [1, 0, 4, 3]]) {
        try {
          for (const y of [op(ones(shape))].flat()) if (y instanceof Tensor) y.dataSync();
        } catch (error) {
          // What lacks its options is not meant here.
          if (error instanceof EngineError)
            expect(error.code, `${name}: ${error.message}`).not.toMatch(/DEVICE|INTERNAL/);
        }
      }
    }
  });
});

describe('random ops', () => {
  test('uniform numbers lie within the bounds, the same for the same seed', () => {
    const draw = (seed: number) => flat(ops.randomUniform([100], { minval: 2, maxval: 3, seed }));
    expect(Math.min(...draw(1))).toBeGreaterThanOrEqual(2);
    expect(Math.max(...draw(1))).toBeLessThan(3);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(flat(ops.randomUniform([4]))).not.toEqual(flat(ops.randomUniform([4])));
  });

  test('normal numbers have their mean and deviation, truncated ones end at two', () => {
    const numbers = ops.randomNormal([10_000], { mean: 5, stddev: 2, seed: 3 });
    expect(Math.abs(ops.mean(numbers).itemSync() - 5)).toBeLessThan(0.1);
    expect(Math.abs(ops.mean(ops.square(ops.subtract(numbers, 5))).itemSync() - 4)).toBeLessThan(0.2);
    expect(ops.max(ops.abs(ops.truncatedNormal([10_000], { seed: 3 }))).itemSync()).toBeLessThanOrEqual(2);
  });

  test('dropout keeps the mean; its mask depends on seed and salt', () => {
    const x = ones([10_000]);
    const y = flat(ops.dropout(x, { rate: 0.25, seed: 1 }));
    const dropped = y.filter((n) => n === 0).length;
    expect(Math.abs(dropped / y.length - 0.25)).toBeLessThan(0.02);
    expect(new Set(y.map((n) => n.toFixed(4)))).toEqual(new Set(['0.0000', '1.3333']));
    expect(flat(ops.dropout(x, { rate: 0.25, seed: 1 }))).toEqual(y);
    expect(flat(ops.dropout(x, { rate: 0.25, seed: 1, salt: 1 }))).not.toEqual(y);
    expect(flat(ops.dropout(x, { rate: 0.25, key: tensor([1, 1], [2], 'int32') }))).not.toEqual(y);
  });

  test('a key of the trace gives new numbers each step', async () => {
    const f = compile(() => ops.randomNormal([3], { key: ops.randomKey(1) }));
    const [a, b] = [await f(), await f()];
    expect(flat(a)).not.toEqual(flat(b));
  });

  test('gaussianNoise adds the numbers of randomNormal, and passes the gradient on', async () => {
    const key = tensor([5, 9], [2], 'int32');
    const start = tensor([[1, -2, 3]]);
    const x = variable(start);
    const noise = ops.randomNormal([1, 3], { key, stddev: 0.5 }).dataSync();
    const noisy = ops.gaussianNoise(start, { key, stddev: 0.5 }).dataSync();
    for (const [i, value] of [1, -2, 3].entries()) expect(noisy[i]).toBeCloseTo(value + noise[i]!, 6);
    const step = compile((k: Sym) => grad(ops.sum(ops.gaussianNoise(x, { key: k, stddev: 0.5 })), [x]));
    const [gradient] = atLeast(await step(key), 1);
    expect(gradient.dataSync()).toEqual(new Float32Array([1, 1, 1]));
  });
});

describe('what an op returns', () => {
  test('tensors for tensors, arrays and variables; symbols where one is symbolic', async () => {
    const w = variable([1]);
    expect(ops.add([1], 2)).toBeInstanceOf(Tensor);
    expect(ops.add(w, 2)).toBeInstanceOf(Tensor);
    await compile((x: Sym) => {
      expect(ops.add(tensor([1]), x)).toBeInstanceOf(Sym);
      expect(ops.add(w, 2)).toBeInstanceOf(Sym);
      expect(ops.add(tensor([1]), 2)).toBeInstanceOf(Tensor);
      return x;
    })(1);
  });

  test('a symbol tells its op, inputs and attributes', async () => {
    await compile((x: Sym) => {
      const y = ops.softmax(x);
      expect([y.op, y.inputs[0], y.attrs, y.rank]).toEqual(['softmax', x, { axis: -1 }, 1]);
      expect(String(y)).toBe('Sym(softmax, float32 [2])');
      return y;
    })([1, 2]);
  });

  test('numbers take the dtype beside them where they can', () => {
    expect(ops.add(tensor([1], [1], 'int32'), 2).dtype).toBe('int32');
    expect(ops.equal(tensor(new Uint8Array([3])), 3).dataSync()[0]).toBe(1);
    expect(flat(ops.add(tensor([1], [1], 'int32'), 2.5))).toEqual([3.5]);
    expect(flat(ops.less(tensor(new Uint8Array([3])), -1))).toEqual([0]);
    expect(flat(ops.greater(tensor([7], [1], 'int32'), 3e9))).toEqual([0]);
  });

  test('chains of ops wait for nothing', () => {
    let t = ones([4]);
    for (let i = 0; i < 50; i++) t = ops.add(t, 1);
    expect(flat(t)).toEqual([51, 51, 51, 51]);
  });
});

// Keras 3.15, keras.src.backend.result_type, and what its ops make of whole numbers.
describe('dtypes that meet', () => {
  const dtypes = ['bool', 'uint8', 'int32', 'float32'] as const;
  const of = (dtype: DType) => tensor([1, 0, 1], [3], dtype);

  test.each(dtypes.flatMap((a, i) => dtypes.map((b, j) => [a, b, dtypes[Math.max(i, j)]] as const)))(
    '%s and %s: %s',
    async (a, b, wide) => {
      for (const [op, expected] of [
        [ops.where.bind(null, [true, false, true]), [1, 0, 1]],
        [(x: Sym | Tensor, y: Sym | Tensor) => ops.concatenate([x, y], { axis: 0 }), [1, 0, 1, 1, 0, 1]],
        ...(wide === 'int32' || wide === 'float32' ? ([[ops.add, [2, 0, 2]]] as const) : []),
      ] as const) {
        const y = op(of(a), of(b)) as Tensor;
        expect([y.dtype, flat(y)]).toEqual([wide, expected]);
        const traced = await compile((x: Sym) => op(x, of(b)) as Sym)(of(a));
        expect([traced.dtype, flat(traced)]).toEqual([wide, expected]);
      }
      expect(flat(ops.equal(of(a), of(b)))).toEqual([1, 1, 1]);
      const quotient = ops.divide(of(a), [2, 2, 2]);
      expect([quotient.dtype, flat(quotient)]).toEqual(['float32', [0.5, 0, 0.5]]);
    },
  );

  test.each(dtypes)('floats of %s', (dtype) => {
    for (const op of [ops.exp, ops.sigmoid, ops.tanh, ops.sqrt, ops.softmax, ops.mean, ops.gelu, ops.floor]) {
      const y = op(of(dtype));
      expect(y.dtype).toBe('float32');
      expect(flat(y)).toEqual(flat(op(of('float32'))));
    }
  });

  test.each(['bool', 'uint8', 'int32'] as const)('matrices and images of %s meet float32', async (dtype) => {
    const product = (x: Tensor) => ops.matmul(ops.reshape(x, [1, 3]), [[0.5], [2], [4]]);
    expect(flat(product(of(dtype)))).toEqual([4.5]);
    expect(flat(ops.conv(ops.reshape(of(dtype), [1, 1, 3, 1]), ones([1, 3, 1, 1])))).toEqual([2]);
    const normalized = compile((x: Sym) => ops.batchNormalization(ops.reshape(x, [3, 1])).y);
    expect(flat(await normalized(of(dtype)))).toEqual(flat(await normalized(of('float32'))));
    expect(flat(ops.layerNormalization(of(dtype)))).toEqual(flat(ops.layerNormalization(of('float32'))));
  });

  test('a number beside bools is int32, a list of bools beside numbers counts', () => {
    const y = ops.add(of('bool'), 1);
    expect([y.dtype, flat(y)]).toEqual(['int32', [2, 1, 2]]);
    expect(flat(ops.multiply([true, false, true], of('float32')))).toEqual([1, 0, 1]);
  });

  test('no gradient flows into whole numbers', async () => {
    const w = variable([2, 3, 4]);
    const step = compile((x: Sym) => grad(ops.sum(ops.multiply(x, w)), [w]));
    expect(flat(firstOf(await step(of('int32'))))).toEqual([1, 0, 1]);
  });
});

describe('mistakes', () => {
  const x = ones([2, 3]);
  test.each([
    ['shapes that do not meet', () => ops.add(x, [1, 2]), 'SHAPE', '[add]'],
    [
      'whole matrices',
      () => ops.matmul([[true]], new NDArray(new Uint8Array(1), [1, 1])),
      'DTYPE',
      '[matmul]',
    ],
    ['no arithmetic on bytes', () => ops.add(tensor(new Uint8Array(1)), 1), 'DTYPE', '[add]'],
    ['a matrix product of vectors', () => ops.matmul([1], [1]), 'SHAPE', '[matmul]'],
    ['inner sizes that differ', () => ops.matmul(x, x), 'SHAPE', '[matmul]'],
    ['a kernel of other channels', () => ops.conv(ones([1, 4, 4, 2]), ones([3, 3, 1, 1])), 'SHAPE', '[conv]'],
    [
      'a kernel larger than the image',
      () => ops.conv(ones([1, 2, 2, 1]), ones([3, 3, 1, 1])),
      'SHAPE',
      '[conv]',
    ],
    [
      'a stride of 0',
      () => ops.conv(ones([1, 4, 4, 1]), ones([3, 3, 1, 1]), { strides: 0 }),
      'ATTRIBUTE',
      '[conv]',
    ],
    [
      'an unknown padding',
      () => ops.maxPool(ones([1, 4, 4, 1]), { padding: 'full' as 'same' }),
      'ATTRIBUTE',
      '[maxPool]',
    ],
    [
      'a padding of three',
      () => ops.conv(ones([1, 4, 4, 1]), ones([3, 3, 1, 1]), { padding: [[1, 2], [3]] as never }),
      'ATTRIBUTE',
      '[conv]',
    ],
    [
      'a window larger than the image',
      () => ops.averagePool(ones([1, 2, 2, 1]), { poolSize: 3 }),
      'SHAPE',
      '[averagePool]',
    ],
    ['a bias for other channels', () => ops.biasAdd(x, [1, 2]), 'SHAPE', '[biasAdd]'],
    ['an axis out of range', () => ops.sum(x, { axis: 2 }), 'ATTRIBUTE', '[sum]'],
    ['a size that differs', () => ops.reshape(x, [4]), 'SHAPE', '[reshape]'],
    ['axes that are no permutation', () => ops.transpose(x, [0, 0]), 'ATTRIBUTE', '[transpose]'],
    ['an axis to squeeze that is not 1', () => ops.squeeze(x, 0), 'SHAPE', '[squeeze]'],
    ['an axis to add out of range', () => ops.expandDims(x, 4), 'ATTRIBUTE', '[expandDims]'],
    ['too many places', () => ops.slice(x, [0, 0, 0], 1), 'SHAPE', '[slice]'],
    [
      'a part beyond the end',
      () => ops.slice(x, [1, 1], [1, 3]),
      'SHAPE',
      '[slice] expected a part of [2, 3]',
    ],
    ['a start before the first', () => ops.slice(x, -1, 1), 'ARGUMENT', '[slice]'],
    ['a tensor for identity', () => ops.identity(x as never), 'ARGUMENT', '[identity]'],
    ['more than an array can hold', () => ops.identity(2 ** 36), 'OUT_OF_MEMORY', '[identity]'],
    ['nothing to put together', () => ops.concatenate([]), 'ARGUMENT', '[concatenate]'],
    ['nothing to stack', () => ops.stack([]), 'ARGUMENT', '[stack]'],
    ['a rate of 1', () => ops.dropout(x, { rate: 1 }), 'ATTRIBUTE', '[dropout]'],
    ['a seed that is no integer', () => ops.dropout(x, { rate: 0.5, seed: 0.5 }), 'ARGUMENT', '[dropout]'],
    ['labels of another rank', () => ops.softmaxCrossEntropy(x, 1), 'SHAPE', '[softmaxCrossEntropy]'],
    ['a float as an index', () => ops.gather(x, tensor([0.5])), 'DTYPE', '[gather]'],
    ['a depth of 0', () => ops.oneHot([1], { depth: 0 }), 'ATTRIBUTE', '[oneHot]'],
    ['no operand', () => ops.relu(undefined as never), 'DTYPE', '[relu]'],
  ])('%s', (_, run, code, start) => {
    expect(run).toThrow(EngineError);
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringContaining(start) as string }));
  });

  test.each([
    ['concatenate', () => ops.concatenate(x as never)],
    ['stack', () => ops.stack(x as never)],
    ['pad', () => ops.pad(x, 1 as never)],
  ])('%s of what is no list', (name, run) => {
    expect(run).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
    expect(run).toThrow(`[${name}] expected a list`);
  });

  test('an index out of range shows when the result is read, and stays with it', async () => {
    const bad = ops.gather(x, [2]);
    await expect(bad.data()).rejects.toBeInstanceOf(EngineError);
    expect(() => bad.dataSync()).toThrow(EngineError);
    const after = ops.add(bad, 1);
    await expect(after.data()).rejects.toBeInstanceOf(EngineError);
    const w = variable(bad);
    expect(() => w.dataSync()).toThrow(EngineError);
    await expect(compile(() => ops.sum(w))()).rejects.toBeInstanceOf(EngineError);
    w.assign([[1, 1, 1]]);
    expect(flat(await compile(() => ops.sum(w))())).toEqual([3]);
    expect(flat(ops.sum(x))).toEqual([6]);
  });
});

test('a padding that is no list is refused', () => {
  const padding = new Uint8Array(4) as unknown as 'same';
  expect(errorOf(() => ops.averagePool(ones([1, 4, 4, 1]), { padding })).code).toBe('ATTRIBUTE');
});
