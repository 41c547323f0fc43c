import { firstOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { NDArray, Sequential, type Sym, compile, grad, layers, ops, optimizers } from 'nodegrad';
import { type LayerRow, one, output, testRows } from './support/layers.js';
import { errorOf } from './support/run.js';

const everything = {
  depthwiseRegularizer: 'l2',
  depthwiseConstraint: 'maxNorm',
  biasRegularizer: 'l1',
  biasConstraint: 'nonNeg',
  activityRegularizer: 'l1l2',
} as const;

const table: LayerRow[] = [
  [
    'depthwiseConv2d',
    (c) => layers.depthwiseConv2d({ kernelSize: 3, ...c }),
    one([-1, 7, 8, 3]),
    [-1, 5, 6, 3],
    30,
  ],
  [
    'depthwiseConv2d with all options',
    (c) =>
      layers.depthwiseConv2d({
        ...{ kernelSize: [3, 2], strides: 2, padding: 'same', depthMultiplier: 2, activation: 'relu' },
        ...{ dataFormat: 'channelsFirst', depthwiseInitializer: 'heNormal', ...everything, ...c },
      }),
    one([-1, 3, 7, 8]),
    [-1, 6, 4, 4],
    42,
  ],
  [
    'separableConv2d',
    (c) => layers.separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2, ...c }),
    one([-1, 7, 8, 3]),
    [-1, 5, 6, 5],
    54 + 30 + 5,
  ],
  [
    'separableConv2d with regularizers and constraints',
    (c) =>
      layers.separableConv2d({
        ...{
          filters: 5,
          kernelSize: 3,
          useBias: false,
          pointwiseRegularizer: 'l1',
          pointwiseConstraint: 'unitNorm',
        },
        ...{ dilationRate: 2, ...everything, ...c },
      }),
    one([-1, 7, 8, 3]),
    [-1, 3, 4, 5],
    27 + 15,
  ],
  [
    'conv2d with regularizers and constraints',
    (c) =>
      layers.conv2d({
        ...{ filters: 2, kernelSize: 1, kernelRegularizer: 'l2', kernelConstraint: 'minMaxNorm' },
        ...{ biasRegularizer: 'l1', activityRegularizer: { className: 'l2', config: { l2: 0.5 } }, ...c },
      }),
    one([-1, 3, 3, 4]),
    [-1, 3, 3, 2],
    10,
  ],
  ['upSampling2d', (c) => layers.upSampling2d({ ...c }), one([-1, 3, 4, 2]), [-1, 6, 8, 2], 0],
  [
    'upSampling2d of unknown size',
    (c) => layers.upSampling2d({ size: 3, dataFormat: 'channelsFirst', ...c }),
    one([-1, 2, -1, 4]),
    [-1, 2, -1, 12],
    0,
  ],
  [
    'upSampling2d bilinear',
    (c) => layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear', ...c }),
    one([-1, 3, -1, 2]),
    [-1, 6, -1, 2],
    0,
  ],
  ['zeroPadding2d', (c) => layers.zeroPadding2d({ ...c }), one([-1, 3, 4, 2]), [-1, 5, 6, 2], 0],
  [
    'zeroPadding2d of two',
    (c) => layers.zeroPadding2d({ padding: [1, 2], ...c }),
    one([-1, 3, 4, 2]),
    [-1, 5, 8, 2],
    0,
  ],
  [
    'zeroPadding2d of four',
    (c) =>
      layers.zeroPadding2d({
        padding: [
          [1, 0],
          [2, 3],
        ],
        dataFormat: 'channelsFirst',
        ...c,
      }),
    one([-1, 2, 3, 4]),
    [-1, 2, 4, 9],
    0,
  ],
  ['cropping2d of nothing', (c) => layers.cropping2d({ ...c }), one([-1, 3, 4, 2]), [-1, 3, 4, 2], 0],
  [
    'cropping2d of one',
    (c) => layers.cropping2d({ cropping: 1, ...c }),
    one([-1, 3, 4, 2]),
    [-1, 1, 2, 2],
    0,
  ],
  [
    'cropping2d of two',
    (c) => layers.cropping2d({ cropping: [0, 1], ...c }),
    one([-1, 3, 4, 2]),
    [-1, 3, 2, 2],
    0,
  ],
  [
    'cropping2d of four',
    (c) =>
      layers.cropping2d({
        cropping: [
          [1, 0],
          [0, 3],
        ],
        dataFormat: 'channelsFirst',
        ...c,
      }),
    one([-1, 2, 3, 4]),
    [-1, 2, 2, 1],
    0,
  ],
  [
    'spatialDropout2d',
    (c) => layers.spatialDropout2d({ rate: 0.5, seed: 3, ...c }),
    one([-1, 3, 4, 2]),
    [-1, 3, 4, 2],
    0,
  ],
  ['gaussianNoise', (c) => layers.gaussianNoise({ stddev: 0.5, seed: 3, ...c }), one([-1, 3]), [-1, 3], 0],
  ['dropout with a seed', (c) => layers.dropout({ rate: 0.5, seed: 3, ...c }), one([-1, 3]), [-1, 3], 0],
];

describe('every layer for images', () => {
  testRows(table);
});

const image = (shape: number[]) =>
  new NDArray(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i + 1),
    shape,
  );

describe('what layers for images compute', () => {
  it.each([
    ['upSampling2d', layers.upSampling2d({ size: [1, 2] }), [1, 1, 2, 2, 3, 3, 4, 4]],
    [
      'upSampling2d of thirds, exactly',
      layers.upSampling2d({ size: [1, 3] }),
      [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4],
    ],
    [
      'upSampling2d bilinear',
      layers.upSampling2d({ size: 2, interpolation: 'bilinear' }),
      [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4],
    ],
    [
      'zeroPadding2d',
      layers.zeroPadding2d({
        padding: [
          [1, 0],
          [0, 2],
        ],
      }),
      [0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0],
    ],
    [
      'cropping2d',
      layers.cropping2d({
        cropping: [
          [0, 1],
          [1, 0],
        ],
      }),
      [2],
    ],
  ])('%s', async (_, layer, expected) => {
    expect(await output(layer, image([1, 2, 2, 1]))).toEqual(expected);
  });

  it('depthwiseConv2d: the kernels of one channel one after another', async () => {
    const layer = layers.depthwiseConv2d({ kernelSize: [1, 2], depthMultiplier: 2, activation: 'relu' });
    layer.computeOutputShape([-1, 1, 2, 2]);
    layer.setWeights([new NDArray(new Float32Array([1, 2, 3, 4, 5, 6, 7, -8]), [1, 2, 2, 2]), [0, 1, 0, 1]]);
    // Channel 0 is [1, 3], channel 1 is [2, 4].
    expect(await output(layer, image([1, 1, 2, 2]))).toEqual([16, 21, 34, 0]);
  });

  it('separableConv2d: a mix of the channels after each one’s own convolution', async () => {
    const layer = layers.separableConv2d({ filters: 1, kernelSize: 1 });
    layer.computeOutputShape([-1, 1, 1, 2]);
    const [own, mix] = [
      new NDArray(new Float32Array([2, 3]), [1, 1, 2, 1]),
      new NDArray(new Float32Array([10, 100]), [1, 1, 2, 1]),
    ];
    layer.setWeights([own, mix, [5]]);
    expect(layer.weights.map(({ name }) => name.split('/')[1])).toEqual([
      'depthwiseKernel',
      'pointwiseKernel',
      'bias',
    ]);
    expect(await output(layer, image([1, 1, 1, 2]))).toEqual([20 + 600 + 5]);
  });

  it('spatialDropout2d drops whole channels of a sample', async () => {
    const layer = layers.spatialDropout2d({ rate: 0.25 });
    const x = new NDArray(new Float32Array(50 * 4 * 40).fill(3), [50, 2, 2, 40]);
    expect(new Set(await output(layer, x))).toEqual(new Set([3]));
    const y = await output(layer, x, true);
    let dropped = 0;
    for (let n = 0; n < 50; n++)
      for (let c = 0; c < 40; c++) {
        const places = [0, 1, 2, 3].map((place) => y[(n * 4 + place) * 40 + c]);
        expect([0, 4]).toContain(places[0]);
        expect(new Set(places).size).toBe(1);
        dropped += places[0] === 0 ? 1 : 0;
      }
    // 2,000 draws: the deviation of their share is below 0.01.
    expect(Math.abs(dropped / 2000 - 0.25)).toBeLessThan(0.05);
    const first = layers.spatialDropout2d({ rate: 0.5, dataFormat: 'channelsFirst' });
    const z = await output(first, new NDArray(new Float32Array(640).fill(1), [4, 40, 2, 2]), true);
    for (let i = 0; i < 160; i++) expect(new Set(z.slice(4 * i, 4 * i + 4)).size).toBe(1);
  });

  it('gaussianNoise adds other noise each step, while training', async () => {
    const layer = layers.gaussianNoise({ stddev: 0.5 });
    const x = new NDArray(new Float32Array(10000).fill(3), [100, 100]);
    expect(new Set(await output(layer, x))).toEqual(new Set([3]));
    const run = compile((v: Sym) => {
      const y = layer.apply(v, { training: true });
      return { y, g: grad(y, [v])[0] };
    });
    const [a, b] = [await run(x), await run(x)];
    const noise = Array.from(await a.y.data(), (v) => v - 3);
    expect(noise).not.toEqual(Array.from(await b.y.data(), (v) => v - 3));
    expect(new Set(await a.g!.data())).toEqual(new Set([1]));
    const mean = noise.reduce((sum, v) => sum + v) / 10000;
    const variance = noise.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 10000;
    // Six standard deviations of the mean and of the variance of 10,000 draws.
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 0.25)).toBeLessThan(0.0213);
  });

  it('noise with a seed of its own is the same whatever the training’s seed is', async () => {
    const trained = async (seed: number, own?: number) => {
      const model = new Sequential(
        [
          layers.input({ shape: [8] }),
          layers.gaussianNoise({ stddev: 1, seed: own }),
          layers.dropout({ rate: 0.5, seed: own }),
          layers.dense({ units: 1 }),
        ],
        { seed: 5 },
      );
      model.compile({ optimizer: optimizers.sgd(), loss: 'meanSquaredError' });
      const x = image([16, 8]);
      await model.fit(x, image([16, 1]), { epochs: 1, shuffle: false, seed, verbose: 0 });
      return firstOf(await model.getWeights()).data;
    };
    expect(await trained(1, 7)).toEqual(await trained(2, 7));
    expect(await trained(1)).not.toEqual(await trained(2));
  });
});

describe('bad input of layers for images', () => {
  const x = () => layers.input({ shape: [4, 4, 2] });

  it.each<[string, () => unknown, string, RegExp]>([
    [
      'depthMultiplier',
      () => layers.depthwiseConv2d({ kernelSize: 1, depthMultiplier: 0 }),
      'ARGUMENT',
      /depthMultiplier.*0/,
    ],
    [
      'filters',
      () => layers.separableConv2d({ filters: 0, kernelSize: 1 }),
      'ARGUMENT',
      /\[separableConv2d\].*filters/,
    ],
    ['size', () => layers.upSampling2d({ size: 0 }), 'ARGUMENT', /\[upSampling2d\].*size.*0/],
    [
      'interpolation',
      () => layers.upSampling2d({ interpolation: 'cubic' as 'nearest' }),
      'ARGUMENT',
      /'bilinear'.*'cubic'/,
    ],
    [
      'interpolation of the op',
      () => ops.upSampling([[[[1]]]], { interpolation: 'cubic' as 'nearest' }),
      'ATTRIBUTE',
      /'cubic'/,
    ],
    [
      'rank of the op',
      () => ops.upSampling([1], { interpolation: 'bilinear' }),
      'SHAPE',
      /\[upSampling\].*rank 3.*\[1\]/,
    ],
    [
      'a kernel of another rank',
      () => ops.depthwiseConv([[[[1]]]], [[[1]]]),
      'SHAPE',
      /\[depthwiseConv\].*kernel/,
    ],
    [
      'rank of a padding',
      () => layers.zeroPadding2d({ name: 'pad' }).apply(layers.input({ shape: [4] })),
      'SHAPE',
      /\[pad\].*rank 4/,
    ],
    [
      'a negative padding',
      () => layers.zeroPadding2d({ padding: -1 }),
      'ARGUMENT',
      /\[zeroPadding2d\].*padding.*-1/,
    ],
    [
      'a padding of three',
      () => layers.zeroPadding2d({ padding: [1, 2, 3] as never }),
      'ARGUMENT',
      /received \[1, 2, 3\]/,
    ],
    [
      'sides of three',
      () => layers.zeroPadding2d({ padding: [[1, 2, 3], 1] as never }),
      'ARGUMENT',
      /padding/,
    ],
    [
      'sides of one',
      () => layers.cropping2d({ cropping: [[1], [1]] as never }),
      'ARGUMENT',
      /\[cropping2d\] expected an integer.*cropping, received/,
    ],
    [
      'a cropping of all',
      () => layers.cropping2d({ name: 'cut', cropping: 2 }).apply(x()),
      'SHAPE',
      /\[cut\].*leaves something/,
    ],
    ['rate', () => layers.spatialDropout2d({ rate: 1.1 }), 'ARGUMENT', /rate.*received 1\.1/],
    ['stddev', () => layers.gaussianNoise({ stddev: -1 }), 'ARGUMENT', /\[gaussianNoise\].*-1/],
  ])('%s', (_, body, code, message) => {
    const error = errorOf(body);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});
