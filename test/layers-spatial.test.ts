import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Sequential, type Sym, compile, layers, optimizers, tensor } from 'nodegrad';
import { factoryName } from '../lib/base/names.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';
import { type LayerRow, one, output, testRows } from './support/layers.js';
import { errorOf } from './support/run.js';

interface Row {
  layer: string;
  options: Record<string, unknown>;
  x: Stored;
  weights: Stored[];
  y: Stored;
}
const { entries } = readFixture('layers') as { entries: Row[] };

const make = (row: Row): layers.Layer =>
  (layers as unknown as Record<string, (options: object) => layers.Layer>)[factoryName(row.layer)]!(
    row.options,
  );

describe('layers over sequences, images and volumes give what Keras gives', () => {
  it.each(entries.map((row) => [`${row.layer} ${JSON.stringify(row.options)}`, row] as const))(
    '%s',
    async (_, row) => {
      const layer = make(row);
      expect(layer.className).toBe(row.layer);
      expect(layer.computeOutputShape([-1, ...row.x.shape.slice(1)])).toEqual([-1, ...row.y.shape.slice(1)]);
      layer.setWeights(row.weights.map(({ data, shape }) => tensor(data, shape)));
      const y = await output(layer, tensor(row.x.data, row.x.shape));
      // Sums of up to 60 products of numbers below 1 in another order: 60 roundings of 6e-8 of at most 60.
      const bound = 60 * 6e-8 * Math.max(1, ...row.y.data.map(Math.abs)) * 4;
      expect(worst(Float32Array.from(y), row.y.data, 1)).toBeLessThanOrEqual(bound);
    },
  );
});

const table: LayerRow[] = [
  [
    'conv1d, causal and dilated',
    (c) => layers.conv1d({ filters: 4, kernelSize: 3, padding: 'causal', dilationRate: [2], ...c }),
    one([-1, -1, 3]),
    [-1, -1, 4],
    40,
  ],
  ['conv1d', (c) => layers.conv1d({ filters: 4, kernelSize: [3], ...c }), one([-1, 9, 3]), [-1, 7, 4], 40],
  [
    'conv3d, channels first',
    (c) => layers.conv3d({ filters: 2, kernelSize: [1, 2, 3], dataFormat: 'channelsFirst', ...c }),
    one([-1, 3, 4, 5, 6]),
    [-1, 2, 4, 4, 4],
    38,
  ],
  [
    'conv3dTranspose',
    (c) => layers.conv3dTranspose({ filters: 2, kernelSize: 2, strides: [1, 2, 3], ...c }),
    one([-1, 3, -1, 5, 4]),
    [-1, 4, -1, 15, 2],
    66,
  ],
  [
    'separableConv1d, channels first',
    (c) => layers.separableConv1d({ filters: 2, kernelSize: 3, dataFormat: 'channelsFirst', ...c }),
    one([-1, 3, 8]),
    [-1, 2, 6],
    9 + 6 + 2,
  ],
  ['maxPooling1d', (c) => layers.maxPooling1d({ poolSize: [2], ...c }), one([-1, 7, 2]), [-1, 3, 2], 0],
  [
    'averagePooling3d',
    (c) => layers.averagePooling3d({ poolSize: [1, 2, 2], strides: null, ...c }),
    one([-1, 4, 5, 6, 2]),
    [-1, 4, 2, 3, 2],
    0,
  ],
  [
    'globalMaxPooling1d, channels first',
    (c) => layers.globalMaxPooling1d({ dataFormat: 'channelsFirst', ...c }),
    one([-1, 7, 2]),
    [-1, 7],
    0,
  ],
  [
    'globalAveragePooling3d',
    (c) => layers.globalAveragePooling3d({ keepDims: true, ...c }),
    one([-1, 4, 5, 6, 2]),
    [-1, 1, 1, 1, 2],
    0,
  ],
  ['zeroPadding1d', (c) => layers.zeroPadding1d({ padding: [0, 2], ...c }), one([-1, 3, 2]), [-1, 5, 2], 0],
  [
    'zeroPadding3d, channels first',
    (c) => layers.zeroPadding3d({ padding: [0, 1, 2], dataFormat: 'channelsFirst', ...c }),
    one([-1, 2, 3, 4, 5]),
    [-1, 2, 3, 6, 9],
    0,
  ],
  ['cropping1d', (c) => layers.cropping1d({ ...c }), one([-1, 5, 2]), [-1, 3, 2], 0],
  [
    'cropping3d, channels first',
    (c) => layers.cropping3d({ cropping: [0, 1, 0], dataFormat: 'channelsFirst', ...c }),
    one([-1, 2, 3, 4, 5]),
    [-1, 2, 3, 2, 5],
    0,
  ],
  ['upSampling1d', (c) => layers.upSampling1d({ ...c }), one([-1, 3, 2]), [-1, 6, 2], 0],
  [
    'upSampling3d',
    (c) => layers.upSampling3d({ size: [1, 2, 3], ...c }),
    one([-1, 3, 2, 1, 2]),
    [-1, 3, 4, 3, 2],
    0,
  ],
  ['spatialDropout1d', (c) => layers.spatialDropout1d({ rate: 0.5, ...c }), one([-1, 3, 2]), [-1, 3, 2], 0],
  [
    'spatialDropout3d',
    (c) => layers.spatialDropout3d({ rate: 0.5, dataFormat: 'channelsFirst', ...c }),
    one([-1, 3, 2, 2, 2]),
    [-1, 3, 2, 2, 2],
    0,
  ],
];

describe('every layer over sequences and volumes', () => {
  testRows(table);
});

describe('layers over sequences and volumes', () => {
  it('drop whole channels of a sample', async () => {
    const layer = layers.spatialDropout1d({ rate: 0.5 });
    const y = await output(layer, tensor(new Float32Array(40 * 5 * 8).fill(1), [40, 5, 8]), true);
    const kept = new Set<number>();
    for (let n = 0; n < 40; n++)
      for (let c = 0; c < 8; c++) {
        const places = [0, 1, 2, 3, 4].map((place) => itemAt(y, (n * 5 + place) * 8 + c));
        expect(new Set(places).size).toBe(1);
        kept.add(firstOf(places));
      }
    expect(kept).toEqual(new Set([0, 2]));
  });

  it('take sequences of any length, with one set of weights', async () => {
    const layer = layers.conv1d({ filters: 1, kernelSize: 2, padding: 'causal', useBias: false });
    const run = compile((x: Sym) => ({ y: layer.apply(x) }));
    layer.computeOutputShape([-1, -1, 1]);
    layer.setWeights([tensor([10, 1], [2, 1, 1])]);
    for (const length of [1, 3, 5]) {
      const x = Float32Array.from({ length }, (_, i) => i + 1);
      const { y } = await run(tensor(x, [1, length, 1]));
      expect([...(await y.data())]).toEqual(Array.from(x, (v) => v + 10 * (v - 1)));
    }
  });

  it('train a net over volumes', async () => {
    const model = new Sequential(
      [
        layers.input({ shape: [4, 6, 6, 1] }),
        layers.conv3d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
        layers.maxPooling3d({ poolSize: 2 }),
        layers.batchNormalization(),
        layers.globalAveragePooling3d(),
        layers.dense({ units: 1 }),
      ],
      { seed: 3 },
    );
    model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss: 'meanSquaredError' });
    const x = Float32Array.from({ length: 32 * 144 }, (_, i) => Math.sin(i * i));
    // What is to be learned: whether a volume is dark.
    const means = Array.from({ length: 32 }, (_, n) => (n % 2 === 0 ? 1 : -1));
    for (let i = 0; i < x.length; i++) x[i] = itemAt(x, i) / 4 + itemAt(means, Math.floor(i / 144));
    const { history } = await model.fit(
      tensor(x, [32, 4, 6, 6, 1]),
      tensor(Float32Array.from(means), [32, 1]),
      {
        ...{ epochs: 40, batchSize: 8, verbose: 0, seed: 1 },
      },
    );
    expect(history.loss!.at(-1)).toBeLessThan(0.2 * firstOf(history.loss!));
  });
});

describe('bad input of layers over sequences and volumes', () => {
  const sequence = () => layers.input({ shape: [4, 2] });

  it.each<[string, () => unknown, string, RegExp]>([
    [
      'two sizes',
      () => layers.conv1d({ filters: 1, kernelSize: [1, 1] as never }),
      'ARGUMENT',
      /\[conv1d\].*one integer.*kernelSize.*2 of them/,
    ],
    [
      'two sizes of three',
      () => layers.maxPooling3d({ poolSize: [1, 1] as never }),
      'ARGUMENT',
      /\[maxPooling3d\].*one or three integers.*poolSize/,
    ],
    [
      'causal images',
      () => layers.conv2d({ filters: 1, kernelSize: 1, padding: 'causal' as never }),
      'ARGUMENT',
      /'valid' or 'same'.*'causal'/,
    ],
    [
      'rank',
      () => layers.conv2d({ name: 'c', filters: 1, kernelSize: 1 }).apply(sequence()),
      'SHAPE',
      /\[c\].*rank 4.*height, width/,
    ],
    [
      'rank of volumes',
      () => layers.averagePooling3d({ name: 'p' }).apply(sequence()),
      'SHAPE',
      /\[p\].*rank 5.*depth, height, width/,
    ],
    [
      'margins',
      () => layers.zeroPadding1d({ padding: [1, 2, 3] as never }),
      'ARGUMENT',
      /\[zeroPadding1d\].*\[before, after\].*padding/,
    ],
    [
      'margins of three',
      () => layers.cropping3d({ cropping: [1, 2] as never }),
      'ARGUMENT',
      /\[cropping3d\].*three of them/,
    ],
    [
      'a cropping of all',
      () => layers.cropping1d({ cropping: 2 }).apply(sequence()),
      'SHAPE',
      /leaves something/,
    ],
  ])('%s', (_, body, code, message) => {
    const error = errorOf(body);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});
