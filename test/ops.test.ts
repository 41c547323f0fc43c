import { describe, expect, test } from 'vitest';
import { compile } from '../lib/compile.js';
import { EngineError } from '../lib/errors.js';
import * as ops from '../lib/ops/index.js';
import { Sym } from '../lib/sym.js';
import { type NestedArray, Tensor, arange, ones, tensor, zeros } from '../lib/tensor.js';
import { variable } from '../lib/variable.js';

const image = (...numbers: number[]) =>
  tensor(numbers, [1, Math.sqrt(numbers.length), Math.sqrt(numbers.length), 1]);
const counted = (n: number) => image(...Array.from({ length: n * n }, (_, i) => i));
const flat = (t: Tensor) => [...t.dataSync()];

/** Rounds what a float32 computation leaves. */
function close(value: NestedArray): NestedArray {
  return Array.isArray(value)
    ? (value as NestedArray[]).map(close)
    : Math.round(Number(value) * 1e4) / 1e4 + 0;
}

describe('each op on tensors', () => {
  const x = tensor([
    [1, -2],
    [0, 4],
  ]);
  const cases: [name: string, run: () => Tensor, expected: NestedArray][] = [
    [
      'neg',
      () => ops.neg(x),
      [
        [-1, 2],
        [0, -4],
      ],
    ],
    [
      'abs',
      () => ops.abs(x),
      [
        [1, 2],
        [0, 4],
      ],
    ],
    [
      'sign',
      () => ops.sign(x),
      [
        [1, -1],
        [0, 1],
      ],
    ],
    [
      'square',
      () => ops.square(x),
      [
        [1, 4],
        [0, 16],
      ],
    ],
    ['exp', () => ops.exp([0, 1]), [1, 2.7183]],
    ['log', () => ops.log([1, 10]), [0, 2.3026]],
    ['log1p', () => ops.log1p([0, 9]), [0, 2.3026]],
    ['sqrt', () => ops.sqrt([4, 2]), [2, 1.4142]],
    ['rsqrt', () => ops.rsqrt([4, 16]), [0.5, 0.25]],
    ['reciprocal', () => ops.reciprocal([4, -2]), [0.25, -0.5]],
    ['floor', () => ops.floor([1.5, -1.5]), [1, -2]],
    ['erf', () => ops.erf([0, 1]), [0, 0.8427]],
    [
      'relu',
      () => ops.relu(x),
      [
        [1, 0],
        [0, 4],
      ],
    ],
    [
      'leakyRelu',
      () => ops.leakyRelu(x),
      [
        [1, -0.6],
        [0, 4],
      ],
    ],
    [
      'leakyRelu 0.1',
      () => ops.leakyRelu(x, { negativeSlope: 0.1 }),
      [
        [1, -0.2],
        [0, 4],
      ],
    ],
    ['elu', () => ops.elu([1, -1]), [1, -0.6321]],
    ['elu 2', () => ops.elu([1, -1], { alpha: 2 }), [1, -1.2642]],
    ['gelu', () => ops.gelu([1, -1]), [0.8413, -0.1587]],
    ['gelu approximate', () => ops.gelu([1, -1], { approximate: true }), [0.8412, -0.1588]],
    ['sigmoid', () => ops.sigmoid([0, 2]), [0.5, 0.8808]],
    ['tanh', () => ops.tanh([0, 1]), [0, 0.7616]],
    ['softplus', () => ops.softplus([0, 50]), [0.6931, 50]],
    ['cast', () => ops.cast([1.9, -1.9], 'int32'), [1, -1]],
    ['cast to bool', () => ops.cast([0.5, 0], 'bool'), [1, 0]],
    [
      'stopGradient',
      () => ops.stopGradient(x),
      [
        [1, -2],
        [0, 4],
      ],
    ],
    [
      'identity',
      () => ops.identity(x),
      [
        [1, -2],
        [0, 4],
      ],
    ],
    ['logicalNot', () => ops.logicalNot([true, false]), [0, 1]],
    [
      'add',
      () => ops.add(x, [10, 20]),
      [
        [11, 18],
        [10, 24],
      ],
    ],
    [
      'sub',
      () => ops.sub(1, x),
      [
        [0, 3],
        [1, -3],
      ],
    ],
    [
      'mul',
      () => ops.mul(x, [[2], [3]]),
      [
        [2, -4],
        [0, 12],
      ],
    ],
    [
      'div',
      () => ops.div(x, 4),
      [
        [0.25, -0.5],
        [0, 1],
      ],
    ],
    ['pow', () => ops.pow([2, 3], 2), [4, 9]],
    [
      'maximum',
      () => ops.maximum(x, 0.5),
      [
        [1, 0.5],
        [0.5, 4],
      ],
    ],
    [
      'minimum',
      () => ops.minimum(x, 0.5),
      [
        [0.5, -2],
        [0, 0.5],
      ],
    ],
    [
      'equal',
      () => ops.equal(x, 4),
      [
        [0, 0],
        [0, 1],
      ],
    ],
    [
      'notEqual',
      () => ops.notEqual(x, 4),
      [
        [1, 1],
        [1, 0],
      ],
    ],
    [
      'less',
      () => ops.less(x, 1),
      [
        [0, 1],
        [1, 0],
      ],
    ],
    [
      'lessEqual',
      () => ops.lessEqual(x, 1),
      [
        [1, 1],
        [1, 0],
      ],
    ],
    [
      'greater',
      () => ops.greater(x, 1),
      [
        [0, 0],
        [0, 1],
      ],
    ],
    [
      'greaterEqual',
      () => ops.greaterEqual(x, 1),
      [
        [1, 0],
        [0, 1],
      ],
    ],
    ['logicalAnd', () => ops.logicalAnd([true, false], [true, true]), [1, 0]],
    ['logicalOr', () => ops.logicalOr([true, false], [false, false]), [1, 0]],
    [
      'where',
      () => ops.where(ops.less(x, 0), 0, x),
      [
        [1, 0],
        [0, 4],
      ],
    ],
    ['where of numbers', () => ops.where([true, false], 2, 3), [2, 3]],
    ['matmul', () => ops.matmul(x, [[1], [2]]), [[-3], [8]]],
    ['matmul transposed', () => ops.matmul(x, [[1, 2]], { transposeA: true, transposeB: true }), [[1], [6]]],
    [
      'biasAdd',
      () => ops.biasAdd(x, [1, 2]),
      [
        [2, 0],
        [1, 6],
      ],
    ],
    [
      'biasAdd channelsFirst',
      () => ops.biasAdd(zeros([1, 2, 1, 1]), [1, 2], { dataFormat: 'channelsFirst' }),
      [[[[1]], [[2]]]],
    ],
    ['sum', () => ops.sum(x), 3],
    ['sum over an axis', () => ops.sum(x, { axis: 0 }), [1, 2]],
    ['mean', () => ops.mean(x, { axis: [-1], keepDims: true }), [[-0.5], [2]]],
    ['prod', () => ops.prod(x, { axis: 1 }), [-2, 0]],
    ['max', () => ops.max(x, { axis: 1 }), [1, 4]],
    ['min', () => ops.min(x, { axis: 1 }), [-2, 0]],
    ['argMax', () => ops.argMax(x), [0, 1]],
    ['argMin', () => ops.argMin(x, { axis: 0, keepDims: true }), [[1, 0]]],
    ['softmax', () => ops.softmax([0, Math.log(3)]), [0.25, 0.75]],
    ['logSoftmax', () => ops.logSoftmax([[0], [0]], { axis: 0 }), [[-0.6931], [-0.6931]]],
    ['reshape', () => ops.reshape(x, [-1]), [1, -2, 0, 4]],
    [
      'transpose',
      () => ops.transpose(x),
      [
        [1, 0],
        [-2, 4],
      ],
    ],
    ['transpose by perm', () => ops.transpose([[[1, 2]]], [2, 0, 1]), [[[1]], [[2]]]],
    [
      'broadcastTo',
      () => ops.broadcastTo([1, 2], [2, 2]),
      [
        [1, 2],
        [1, 2],
      ],
    ],
    ['expandDims', () => ops.expandDims([1, 2], -1), [[1], [2]]],
    ['squeeze', () => ops.squeeze([[[1], [2]]]), [1, 2]],
    ['squeeze of an axis', () => ops.squeeze([[[1], [2]]], 0), [[1], [2]]],
    [
      'concatenate',
      () => ops.concatenate([x, [[7], [8]]]),
      [
        [1, -2, 7],
        [0, 4, 8],
      ],
    ],
    [
      'stack',
      () => ops.stack([tensor([1, 2]), tensor([3, 4])]),
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'stack last',
      () => ops.stack([tensor([1, 2]), tensor([3, 4])], { axis: -1 }),
      [
        [1, 3],
        [2, 4],
      ],
    ],
    ['slice', () => ops.slice(arange(0, 6), 1, 6, 2), [1, 3, 5]],
    ['pad', () => ops.pad([1, 2], [[1, 2]], { value: 9 }), [9, 1, 2, 9, 9]],
    [
      'gather',
      () => ops.gather(x, [1, 1, 0]),
      [
        [0, 4],
        [0, 4],
        [1, -2],
      ],
    ],
    ['gather along an axis', () => ops.gather(x, [1], { axis: 1 }), [[-2], [4]]],
    ['gather in batches', () => ops.gather(x, [[1], [0]], { axis: 1, batchDims: 1 }), [[-2], [0]]],
    [
      'oneHot',
      () => ops.oneHot([1, 5], { depth: 3 }),
      [
        [0, 1, 0],
        [0, 0, 0],
      ],
    ],
    [
      'oneHot values',
      () => ops.oneHot(tensor(new Uint8Array([0])), { depth: 2, onValue: 0.9, offValue: 0.1 }),
      [[0.9, 0.1]],
    ],
    ['softmaxCrossEntropy', () => ops.softmaxCrossEntropy([[0, Math.log(3)]], [[0.5, 0.5]]), [0.837]],
    [
      'softmaxCrossEntropy of classes',
      () => ops.softmaxCrossEntropy([[0, Math.log(3)]], tensor([1], [1], 'int32')),
      [0.2877],
    ],
    ['sparseSoftmaxCrossEntropy', () => ops.sparseSoftmaxCrossEntropy([[0, Math.log(3)]], [0]), [1.3863]],
    ['sigmoidCrossEntropy', () => ops.sigmoidCrossEntropy([0, 2], [1, 0]), [0.6931, 2.1269]],
    [
      'meanSquaredError',
      () => ops.meanSquaredError(x, tensor(new Uint8Array([1, 2, 3, 4]), [2, 2])),
      [8, 4.5],
    ],
    [
      'conv2d',
      () => ops.conv2d(counted(3), ones([2, 2, 1, 1])),
      [
        [
          [[8], [12]],
          [[20], [24]],
        ],
      ],
    ],
    [
      'conv2d same',
      () => ops.conv2d(counted(2), ones([2, 2, 1, 1]), { padding: 'same' }),
      [
        [
          [[6], [4]],
          [[5], [3]],
        ],
      ],
    ],
    [
      'conv2d strided',
      () => ops.conv2d(counted(4), ones([1, 1, 1, 1]), { strides: [2, 3] }),
      [
        [
          [[0], [3]],
          [[8], [11]],
        ],
      ],
    ],
    [
      'conv2d padded',
      () =>
        ops.conv2d(image(1), ones([2, 2, 1, 1]), {
          padding: [
            [1, 0],
            [0, 1],
          ],
        }),
      [[[[1]]]],
    ],
    ['conv2d padded by a number', () => ops.conv2d(image(1), ones([3, 3, 1, 1]), { padding: 1 }), [[[[1]]]]],
    ['conv2d dilated', () => ops.conv2d(counted(3), ones([2, 2, 1, 1]), { dilations: 2 }), [[[[16]]]]],
    [
      'conv2d grouped',
      () => ops.conv2d(tensor([1, 2], [1, 1, 1, 2]), tensor([10, 100], [1, 1, 1, 2]), { groups: 2 }),
      [[[[10, 200]]]],
    ],
    [
      'conv2d channelsFirst',
      () => ops.conv2d(tensor([1, 2], [1, 2, 1, 1]), ones([1, 1, 2, 1]), { dataFormat: 'channelsFirst' }),
      [[[[3]]]],
    ],
    [
      'maxPool2d',
      () => ops.maxPool2d(counted(4)),
      [
        [
          [[5], [7]],
          [[13], [15]],
        ],
      ],
    ],
    [
      'maxPool2d same',
      () => ops.maxPool2d(counted(3), { padding: 'same' }),
      [
        [
          [[4], [5]],
          [[7], [8]],
        ],
      ],
    ],
    ['avgPool2d', () => ops.avgPool2d(counted(3), { poolSize: 3 }), [[[[4]]]]],
    [
      'avgPool2d does not count padding',
      () => ops.avgPool2d(counted(3), { padding: 'same' }),
      [
        [
          [[2], [3.5]],
          [[6.5], [8]],
        ],
      ],
    ],
    ['globalMaxPool2d', () => ops.globalMaxPool2d(counted(3)), [[8]]],
    ['globalAvgPool2d', () => ops.globalAvgPool2d(counted(3), { keepDims: true }), [[[[4]]]]],
    [
      'globalAvgPool2d channelsFirst',
      () => ops.globalAvgPool2d(tensor([1, 3, 5, 5], [1, 2, 1, 2]), { dataFormat: 'channelsFirst' }),
      [[2, 5]],
    ],
  ];

  test.each(cases)('%s', (_, run, expected) => {
    expect(close(run().arraySync())).toEqual(expected);
  });

  test('the case list names every op', () => {
    const random = ['dropout', 'randomKey', 'randomUniform', 'randomNormal', 'truncatedNormal'];
    const named = new Set([...cases.map(([name]) => name.split(' ')[0]), ...random]);
    expect(Object.keys(ops).filter((name) => !named.has(name))).toEqual([]);
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
    expect(Math.abs(ops.mean(ops.square(ops.sub(numbers, 5))).itemSync() - 4)).toBeLessThan(0.2);
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
    expect(() => ops.add(tensor([1], [1], 'int32'), 2.5)).toThrow(expect.objectContaining({ code: 'DTYPE' }));
  });

  test('chains of ops wait for nothing', () => {
    let t = ones([4]);
    for (let i = 0; i < 50; i++) t = ops.add(t, 1);
    expect(flat(t)).toEqual([51, 51, 51, 51]);
  });
});

describe('mistakes', () => {
  const x = ones([2, 3]);
  test.each([
    ['shapes that do not meet', () => ops.add(x, [1, 2]), 'SHAPE', '[add]'],
    ['dtypes that differ', () => ops.add(x, tensor([1], [1], 'int32')), 'DTYPE', '[add]'],
    ['no arithmetic on bytes', () => ops.add(tensor(new Uint8Array(1)), 1), 'DTYPE', '[add]'],
    ['a matrix product of vectors', () => ops.matmul([1], [1]), 'SHAPE', '[matmul]'],
    ['inner sizes that differ', () => ops.matmul(x, x), 'SHAPE', '[matmul]'],
    [
      'a kernel of other channels',
      () => ops.conv2d(ones([1, 4, 4, 2]), ones([3, 3, 1, 1])),
      'SHAPE',
      '[conv2d]',
    ],
    [
      'a kernel larger than the image',
      () => ops.conv2d(ones([1, 2, 2, 1]), ones([3, 3, 1, 1])),
      'SHAPE',
      '[conv2d]',
    ],
    [
      'a stride of 0',
      () => ops.conv2d(ones([1, 4, 4, 1]), ones([3, 3, 1, 1]), { strides: 0 }),
      'ATTRIBUTE',
      '[conv2d]',
    ],
    [
      'an unknown padding',
      () => ops.maxPool2d(ones([1, 4, 4, 1]), { padding: 'full' as 'same' }),
      'ATTRIBUTE',
      '[maxPool2d]',
    ],
    [
      'a padding of three',
      () => ops.conv2d(ones([1, 4, 4, 1]), ones([3, 3, 1, 1]), { padding: [[1, 2], [3]] as never }),
      'ATTRIBUTE',
      '[conv2d]',
    ],
    [
      'a window larger than the image',
      () => ops.avgPool2d(ones([1, 2, 2, 1]), { poolSize: 3 }),
      'SHAPE',
      '[avgPool2d]',
    ],
    ['a bias for other channels', () => ops.biasAdd(x, [1, 2]), 'SHAPE', '[biasAdd]'],
    ['an axis out of range', () => ops.sum(x, { axis: 2 }), 'ATTRIBUTE', '[sum]'],
    ['a size that differs', () => ops.reshape(x, [4]), 'SHAPE', '[reshape]'],
    ['axes that are no permutation', () => ops.transpose(x, [0, 0]), 'ATTRIBUTE', '[transpose]'],
    ['an axis to squeeze that is not 1', () => ops.squeeze(x, 0), 'SHAPE', '[squeeze]'],
    ['an axis to add out of range', () => ops.expandDims(x, 4), 'ATTRIBUTE', '[expandDims]'],
    ['too many places', () => ops.slice(x, [0, 0, 0]), 'SHAPE', '[slice]'],
    ['nothing to put together', () => ops.concatenate([]), 'ARGUMENT', '[concatenate]'],
    ['nothing to stack', () => ops.stack([]), 'ARGUMENT', '[stack]'],
    ['a rate of 1', () => ops.dropout(x, { rate: 1 }), 'ATTRIBUTE', '[dropout]'],
    ['a seed that is no integer', () => ops.dropout(x, { rate: 0.5, seed: 0.5 }), 'ARGUMENT', '[random]'],
    ['labels of another rank', () => ops.softmaxCrossEntropy(x, 1), 'SHAPE', '[softmaxCrossEntropy]'],
    ['a float as an index', () => ops.gather(x, tensor([0.5])), 'DTYPE', '[gather]'],
    ['a depth of 0', () => ops.oneHot([1], { depth: 0 }), 'ATTRIBUTE', '[oneHot]'],
    ['no operand', () => ops.relu(undefined as never), 'DTYPE', '[tensor]'],
  ])('%s', (_, run, code, start) => {
    expect(run).toThrow(EngineError);
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringContaining(start) as string }));
  });

  test('an index out of range shows when the result is read, and stays with it', async () => {
    const bad = ops.gather(x, [2]);
    await expect(bad.data()).rejects.toBeInstanceOf(EngineError);
    expect(() => bad.dataSync()).toThrow(EngineError);
    const after = ops.add(bad, 1);
    await expect(after.data()).rejects.toBeInstanceOf(EngineError);
    expect(flat(ops.sum(x))).toEqual([6]);
  });
});
