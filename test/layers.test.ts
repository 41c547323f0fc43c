import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { compile } from '../lib/core/compile.js';
import * as layers from '../lib/layers/index.js';
import * as ops from '../lib/ops/index.js';
import type { Shape } from '../lib/engine/engine.js';
import { Model } from '../lib/models/model.js';
import type { Sym } from '../lib/core/sym.js';
import { ones, tensor, zeros } from '../lib/core/tensor.js';
import { NDArray } from '../lib/core/ndarray.js';
import type { Variable } from '../lib/core/variable.js';
import { type LayerRow, one, output, testRows } from './support/layers.js';
import { errorOf } from './support/run.js';

const table: LayerRow[] = [
  ['dense', (c) => layers.dense({ units: 4, activation: 'relu', ...c }), one([-1, 3]), [-1, 4], 16],
  [
    'dense of rank 3',
    (c) => layers.dense({ units: 4, useBias: false, ...c }),
    one([-1, 5, 3]),
    [-1, 5, 4],
    12,
  ],
  [
    'conv2d',
    (c) => layers.conv2d({ filters: 8, kernelSize: 3, ...c }),
    one([-1, 28, 28, 1]),
    [-1, 26, 26, 8],
    80,
  ],
  [
    'conv2d same strided',
    (c) =>
      layers.conv2d({ filters: 8, kernelSize: [3, 5], strides: 2, padding: 'same', useBias: false, ...c }),
    one([-1, 7, 8, 3]),
    [-1, 4, 4, 8],
    360,
  ],
  [
    'conv2d dilated in groups',
    (c) => layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, groups: 2, ...c }),
    one([-1, 9, 10, 6]),
    [-1, 5, 6, 4],
    112,
  ],
  [
    'conv2d channels first',
    (c) => layers.conv2d({ filters: 8, kernelSize: 3, dataFormat: 'channelsFirst', ...c }),
    one([-1, 3, 9, 10]),
    [-1, 8, 7, 8],
    224,
  ],
  [
    'conv2dTranspose',
    (c) => layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, ...c }),
    one([-1, 7, 8, 3]),
    [-1, 15, 17, 4],
    112,
  ],
  [
    'conv2dTranspose same with outputPadding, channels first',
    (c) =>
      layers.conv2dTranspose({
        ...{ filters: 4, kernelSize: [3, 2], strides: [2, 3], padding: 'same', outputPadding: [0, 2] },
        ...{ dataFormat: 'channelsFirst', useBias: false, ...c },
      }),
    one([-1, 3, 7, 8]),
    [-1, 4, 13, 23],
    72,
  ],
  ['maxPooling2d', (c) => layers.maxPooling2d({ ...c }), one([-1, 7, 8, 2]), [-1, 3, 4, 2], 0],
  [
    'maxPooling2d same',
    (c) => layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same', ...c }),
    one([-1, 7, 8, 2]),
    [-1, 4, 4, 2],
    0,
  ],
  [
    'averagePooling2d',
    (c) => layers.averagePooling2d({ poolSize: [1, 2], ...c }),
    one([-1, 7, 8, 2]),
    [-1, 7, 4, 2],
    0,
  ],
  ['globalAveragePooling2d', (c) => layers.globalAveragePooling2d({ ...c }), one([-1, 7, 8, 2]), [-1, 2], 0],
  [
    'globalMaxPooling2d keepDims',
    (c) => layers.globalMaxPooling2d({ keepDims: true, dataFormat: 'channelsFirst', ...c }),
    one([-1, 2, 7, 8]),
    [-1, 2, 1, 1],
    0,
  ],
  ['flatten', (c) => layers.flatten({ ...c }), one([-1, 2, 3, 4]), [-1, 24], 0],
  ['reshape', (c) => layers.reshape({ targetShape: [4, -1], ...c }), one([-1, 2, 3, 4]), [-1, 4, 6], 0],
  ['dropout', (c) => layers.dropout({ rate: 0.5, ...c }), one([-1, 5]), [-1, 5], 0],
  ['activation', (c) => layers.activation({ activation: 'tanh', ...c }), one([-1, 5]), [-1, 5], 0],
  [
    'relu',
    (c) => layers.relu({ maxValue: 6, negativeSlope: 0.1, threshold: 1, ...c }),
    one([-1, 5]),
    [-1, 5],
    0,
  ],
  ['leakyReLU', (c) => layers.leakyReLU({ negativeSlope: 0.1, ...c }), one([-1, 5]), [-1, 5], 0],
  ['softmax', (c) => layers.softmax({ axis: 1, ...c }), one([-1, 5, 2]), [-1, 5, 2], 0],
  [
    'concatenate',
    (c) => layers.concatenate({ axis: 1, ...c }),
    [
      [-1, 2, 3],
      [-1, 4, 3],
    ],
    [-1, 6, 3],
    0,
  ],
  [
    'add',
    (c) => layers.add({ ...c }),
    [
      [-1, 2, 3],
      [-1, 2, 3],
    ],
    [-1, 2, 3],
    0,
  ],
  ['rescaling', (c) => layers.rescaling({ scale: 0.5, offset: -1, ...c }), one([-1, 5]), [-1, 5], 0],
  ['embedding', (c) => layers.embedding({ inputDim: 9, outputDim: 4, ...c }), one([-1, 5]), [-1, 5, 4], 36],
];

describe('every layer', () => {
  testRows(table);

  it('gets a name of its own', () => {
    const [a, b] = [layers.dense({ units: 1 }), layers.dense({ units: 1 })];
    expect(a.name).toMatch(/^dense(_\d+)?$/);
    expect(a.name).not.toBe(b.name);
  });
});

describe('what layers compute', () => {
  it('dense: activation(x · kernel + bias)', async () => {
    const layer = layers.dense({ units: 2, activation: 'relu' });
    layer.computeOutputShape([-1, 3]);
    layer.setWeights([
      [
        [1, -1],
        [2, -2],
        [3, -3],
      ],
      [0.5, 1],
    ]);
    expect(await output(layer, [[1, 1, 1]])).toEqual([6.5, 0]);
  });

  it('dense: of sequences of unknown length, and of whole numbers', async () => {
    const layer = layers.dense({ units: 2, kernelInitializer: 'ones', biasInitializer: 'ones' });
    expect(layer.computeOutputShape([-1, -1, 3])).toEqual([-1, -1, 2]);
    const sequence = layers.input({ shape: [-1, 3] });
    const model = new Model({ inputs: sequence, outputs: layer.apply(sequence) });
    for (const steps of [1, 4]) {
      const y = await model.predict(ones([2, steps, 3]));
      expect(y.shape).toEqual([2, steps, 2]);
      expect([...y.dataSync()]).toEqual(Array<number>(4 * steps).fill(4));
    }
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(await model.trainOnBatch(ones([2, 5, 3]), zeros([2, 5, 2]))).toMatchObject({ loss: 16 });
    for (const dtype of ['uint8', 'int32', 'bool'] as const) {
      const whole = layers.dense({ units: 2, kernelInitializer: 'ones' });
      expect(await output(whole, tensor([[1, 0, 1]], undefined, dtype))).toEqual([2, 2]);
    }
  });

  it('conv2d: kernel, bias and activation', async () => {
    const layer = layers.conv2d({
      filters: 1,
      kernelSize: 2,
      kernelInitializer: 'ones',
      biasInitializer: { className: 'constant', config: { value: -10 } },
      activation: 'relu',
    });
    const x = new NDArray(new Float32Array([1, 2, 3, 4, 5, 6, 7, 8, 9]), [1, 3, 3, 1]);
    expect(await output(layer, x)).toEqual([2, 6, 14, 18]);
  });

  it('conv2dTranspose: each number spreads a kernel, then bias and activation', async () => {
    const layer = layers.conv2dTranspose({ filters: 1, kernelSize: 2, strides: 2, activation: 'relu' });
    layer.computeOutputShape([-1, 1, 2, 1]);
    layer.setWeights([new NDArray(new Float32Array([1, 2, 3, -4]), [2, 2, 1, 1]), [1]]);
    const x = new NDArray(new Float32Array([1, 10]), [1, 1, 2, 1]);
    expect(await output(layer, x)).toEqual([2, 3, 11, 21, 4, 0, 31, 0]);
  });

  it.each([
    ['relu', layers.relu(), [0, 0, 1, 9]],
    ['relu to 6', layers.relu({ maxValue: 6 }), [0, 0, 1, 6]],
    ['relu with a slope', layers.relu({ negativeSlope: 0.5 }), [-1, 0, 1, 9]],
    ['relu from a threshold', layers.relu({ threshold: 2, negativeSlope: 0.5 }), [-2, -1, -0.5, 9]],
    ['relu at its threshold, which is below it as in Keras', layers.relu({ threshold: 1 }), [0, 0, 0, 9]],
    ['leakyReLU', layers.leakyReLU({ negativeSlope: 0.25 }), [-0.5, 0, 1, 9]],
    ['rescaling', layers.rescaling({ scale: 2, offset: 1 }), [-3, 1, 3, 19]],
    ['rescaling by channel', layers.rescaling({ scale: [1, 2, 3, 4], offset: [0, 0, 1, 1] }), [-2, 0, 4, 37]],
    ['activation by function', layers.activation({ activation: (x) => ops.square(x) }), [4, 0, 1, 81]],
  ])('%s', async (_, layer, expected) => {
    expect(await output(layer, [[-2, 0, 1, 9]])).toEqual(expected);
  });

  it('rescaling takes bytes', async () => {
    const bytes = new NDArray(new Uint8Array([0, 51, 255]), [1, 3]);
    const values = await output(layers.rescaling({ scale: 1 / 255 }), bytes);
    values.forEach((value, i) => expect(value).toBeCloseTo(itemAt([0, 0.2, 1], i), 6));
  });

  it.each([
    ['int32', new NDArray(new Int32Array([2, 0, 2]), [1, 3])],
    ['uint8', new NDArray(new Uint8Array([2, 0, 2]), [1, 3])],
    ['float32', new NDArray(new Float32Array([2, 0, 2]), [1, 3])],
  ])('embedding takes rows of its table by ids in %s', async (_, ids) => {
    const layer = layers.embedding({ inputDim: 3, outputDim: 2 });
    layer.computeOutputShape([-1, 3]);
    const [table] = atLeast(await layer.getWeights(), 1);
    expect(Math.max(...table.data.map(Math.abs))).toBeLessThanOrEqual(0.05);
    layer.setWeights([
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ]);
    expect(await output(layer, ids)).toEqual([5, 6, 1, 2, 5, 6]);
  });

  it('embedding refuses an id outside of its table when the step runs', async () => {
    const layer = layers.embedding({ inputDim: 3, outputDim: 2 });
    await expect(output(layer, new NDArray(new Int32Array([0, 3]), [1, 2]))).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/from 0 to 2, received 3/) as string,
    });
  });

  it('dropout drops while training alone, another mask each step', async () => {
    const layer = layers.dropout({ rate: 0.25 });
    const x = new NDArray(new Float32Array(4000).fill(3), [1, 4000]);
    expect(new Set(await output(layer, x))).toEqual(new Set([3]));
    const run = compile((v: Sym) => ({ y: layer.apply(v, { training: true }) }));
    const masks = [await (await run(x)).y.data(), await (await run(x)).y.data()];
    for (const mask of masks) {
      expect(new Set(mask)).toEqual(new Set([0, 4]));
      expect(mask.filter((n) => n === 0).length / 4000).toBeCloseTo(0.25, 1);
    }
    expect(masks[0]).not.toEqual(masks[1]);
  });

  it('global pooling takes all places', async () => {
    const x = new NDArray(new Float32Array([1, 10, 2, 20, 3, 30, 6, 0]), [1, 2, 2, 2]);
    expect(await output(layers.globalAveragePooling2d(), x)).toEqual([3, 15]);
    expect(await output(layers.globalMaxPooling2d(), x)).toEqual([6, 30]);
  });
});

class Affine extends layers.Layer {
  readonly className = 'Affine';
  #scale!: Variable;
  #shift!: Variable;

  override build(shape: Shape): void {
    const weight = { shape: [shape.at(-1)!] };
    this.#scale = this.addWeight({ name: 'scale', initializer: 'ones', ...weight });
    this.#shift = this.addWeight({ name: 'shift', initializer: 'zeros', trainable: false, ...weight });
  }

  call(x: Sym): Sym {
    return ops.add(ops.multiply(x, this.#scale), this.#shift);
  }
}

class Block extends layers.Layer {
  readonly className = 'Block';
  readonly inner = [layers.dense({ units: 3 }), new Affine()];

  call(x: Sym, context: layers.CallContext): Sym {
    return ops.add(
      x,
      this.inner.reduce((y, layer) => layer.apply(y, context), x),
    );
  }
}

describe('layers by subclass', () => {
  it('write build and call; shape, weights and numbers follow', async () => {
    const layer = new Affine();
    expect(layer.apply(layers.input({ shape: [3] })).shape).toEqual([-1, 3]);
    expect(layer.weights.map((weight) => [weight.name, weight.trainable])).toEqual([
      [`${layer.name}/scale`, true],
      [`${layer.name}/shift`, false],
    ]);
    expect(layer.trainableWeights).toHaveLength(1);
    layer.setWeights([
      [1, 2, 3],
      [10, 20, 30],
    ]);
    expect(await output(layer, [[1, 1, 1]])).toEqual([11, 22, 33]);
  });

  it('may hold layers, whose weights are theirs', () => {
    const block = new Block();
    expect(block.apply(layers.input({ shape: [3] })).shape).toEqual([-1, 3]);
    expect(block.countParams()).toBe(12 + 6);
    expect(block.trainableWeights).toHaveLength(3);
    block.trainable = false;
    expect(block.trainableWeights).toHaveLength(0);
  });
});

describe('weights', () => {
  it('are read as copies and set in order', async () => {
    const layer = layers.dense({ units: 2 });
    layer.computeOutputShape([-1, 1]);
    layer.setWeights([[[1, 2]], [3, 4]]);
    const [kernel, bias] = atLeast(await layer.getWeights(), 2);
    expect([...kernel.data, ...bias.data]).toEqual([1, 2, 3, 4]);
    kernel.data[0] = 9;
    expect([...firstOf(await layer.getWeights()).data]).toEqual([1, 2]);
    layer.setWeights([...(await layer.getWeights())]);
    expect(errorOf(() => layer.setWeights([[[1, 2]]])).message).toMatch(
      /expected a list of 2 arrays.*received 1/,
    );
    expect(errorOf(() => layer.setWeights([[[1, 2, 3]], [3, 4]]))).toMatchObject({ code: 'SHAPE' });
    expect([...firstOf(await layer.getWeights()).data]).toEqual([1, 2]);
  });
});

describe('bad input of layers', () => {
  const image = () => layers.input({ shape: [4, 4, 2] });

  it.each<[string, () => unknown, string, RegExp]>([
    ['units', () => layers.dense({ units: 0 }), 'ARGUMENT', /\[dense\].*units.*received 0/],
    ['filters', () => layers.conv2d({ filters: 1.5, kernelSize: 3 }), 'ARGUMENT', /filters.*received 1\.5/],
    ['kernelSize', () => layers.conv2d({ filters: 1, kernelSize: [3, 0] }), 'ARGUMENT', /kernelSize.*0/],
    [
      'outputPadding of the strides',
      () =>
        layers
          .conv2dTranspose({ name: 'up', filters: 1, kernelSize: 2, strides: 2, outputPadding: 2 })
          .apply(image()),
      'ATTRIBUTE',
      /\[up\].*outputPadding.*\[2, 2\]/,
    ],
    [
      'outputPadding below 0',
      () => layers.conv2dTranspose({ filters: 1, kernelSize: 2, outputPadding: -1 }),
      'ARGUMENT',
      /\[conv2dTranspose\].*0 or more for outputPadding, received -1/,
    ],
    ['poolSize', () => layers.maxPooling2d({ poolSize: -2 }), 'ARGUMENT', /poolSize.*-2/],
    [
      'inputDim',
      () => layers.embedding({ inputDim: 0, outputDim: 1 }),
      'ARGUMENT',
      /\[embedding\].*inputDim.*received 0/,
    ],
    [
      'outputDim',
      () => layers.embedding({ inputDim: 1, outputDim: 0.5 }),
      'ARGUMENT',
      /outputDim.*received 0\.5/,
    ],
    ['rate', () => layers.dropout({ rate: 1.5 }), 'ARGUMENT', /rate from 0 to 1, received 1\.5/],
    [
      'an alpha rate',
      () => layers.alphaDropout({ rate: 1.5 }),
      'ARGUMENT',
      /rate from 0 to 1, received 1\.5/,
    ],
    ['input shape', () => layers.input({ shape: [0] }), 'ARGUMENT', /\[input\]/],
    [
      'an unknown activation',
      () => layers.dense({ units: 1, activation: 'rellu' }),
      'ARGUMENT',
      /did you mean 'relu'/,
    ],
    [
      'an unknown initializer',
      () =>
        layers.dense({ units: 1, kernelInitializer: 'glorot' as never }).apply(layers.input({ shape: [2] })),
      'ARGUMENT',
      /initializer.*'glorot'/,
    ],
    [
      'a kernel larger than its input',
      () => layers.conv2d({ name: 'big', filters: 1, kernelSize: 5 }).apply(image()),
      'SHAPE',
      /\[big\].*\[conv\].*5/,
    ],
    [
      'another rank',
      () => layers.conv2d({ name: 'flat', filters: 1, kernelSize: 2 }).apply(layers.input({ shape: [4] })),
      'SHAPE',
      /\[flat\].*rank 4.*received \[\?, 4\]/,
    ],
    [
      'a shared layer on another shape',
      () => {
        const dense = layers.dense({ name: 'shared', units: 2 });
        dense.apply(layers.input({ shape: [3] }));
        dense.apply(layers.input({ shape: [4] }));
      },
      'SHAPE',
      /\[shared\].*4/,
    ],
    [
      'groups that do not divide',
      () => layers.conv2d({ name: 'odd', filters: 3, kernelSize: 1, groups: 2 }).apply(image()),
      'SHAPE',
      /\[odd\].*groups/,
    ],
    [
      'a reshape of another size',
      () => layers.reshape({ name: 'cut', targetShape: [5] }).apply(image()),
      'SHAPE',
      /\[cut\].*\[5\].*received \[\?, 4, 4, 2\]/,
    ],
    ['add of one', () => layers.add({ name: 'sum' }).apply([image()]), 'ARGUMENT', /\[sum\].*two or more/],
    [
      'what no layer gave',
      () => layers.flatten({ name: 'f' }).apply([1, 2] as never),
      'ARGUMENT',
      /\[f\].*output of another layer/,
    ],
  ])('%s', (_, body, code, message) => {
    const error = errorOf(body);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});
