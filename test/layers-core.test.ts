import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, Sequential, type Sym, compile, grad, layers, ops, tensor } from 'nodegrad';
import { factoryName } from '../lib/base/names.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';
import { errorOf, rejectionOf } from './support/run.js';
import { output } from './support/layers.js';

interface Row {
  layer: string;
  options: Record<string, unknown>;
  training: boolean;
  calls: number;
  x: Stored;
  y: Stored;
  names: string[];
  weights: Stored[];
  after: Stored[];
  dy: Stored;
  gradients: Stored[];
}
const { entries } = readFixture('core_layers') as { entries: Row[] };

const make = (row: Row): layers.Layer =>
  (layers as unknown as Record<string, (options: object) => layers.Layer>)[factoryName(row.layer)]!(
    row.options,
  );
const given = ({ data, shape }: Stored) => tensor(data, shape);
/** Some 80 roundings of float32, 6e-8 of the largest number each: sums of up to 60 terms, and what is done to them. */
const BOUND = 5e-6;
const near = (actual: ArrayLike<number>, expected: Stored) =>
  worst(Float32Array.from(actual), expected.data, Math.max(1, ...expected.data.map(Math.abs)));

it.each([
  ['dropout', layers.dropout({ rate: 1 })],
  ['spatialDropout1d', layers.spatialDropout1d({ rate: 1 })],
])(
  '%s of all numbers gives zeros while it trains, and a gradient of zeros, as in Keras',
  async (_, layer) => {
    const run = compile((x: Sym) => {
      const y = layer.apply(x, { training: true });
      return { y, g: grad(ops.sum(y), [x])[0]!, same: layer.apply(x) };
    });
    const given = [
      [
        [1, NaN],
        [Infinity, 2],
      ],
    ];
    const { y, g, same } = await run(given);
    for (const zeros of [y, g]) expect(Array.from(await zeros.data())).toEqual([0, 0, 0, 0]);
    expect(await same.array()).toEqual(given);
  },
);

it.each([
  ['alphaDropout', layers.alphaDropout({ rate: 1, name: 'all' })],
  ['gaussianDropout', layers.gaussianDropout({ rate: 1, name: 'all' })],
])('%s with a rate of 1 predicts and does not train, as in Keras', async (_, layer) => {
  const given = [[1, NaN, Infinity, -2]];
  expect(await compile((x: Sym) => layer.apply(x))(given).then((y) => y.array())).toEqual(given);
  const train = compile((x: Sym) => layer.apply(x, { training: true }));
  await expect(train(given)).rejects.toThrow('[all] expected a rate below 1 while training, received 1');
  expect(layer.getConfig()).toMatchObject({ rate: 1 });
});

describe('core, activation and normalization layers give what Keras gives', () => {
  it.each(
    entries.map(
      (row) =>
        [`${row.layer} ${JSON.stringify(row.options)}${row.training ? ', training' : ''}`, row] as const,
    ),
  )('%s', async (_, row) => {
    const layer = make(row);
    expect(layer.className).toBe(row.layer);
    expect(layer.computeOutputShape([-1, ...row.x.shape.slice(1)])).toEqual([-1, ...row.y.shape.slice(1)]);
    expect(layer.weights.map(({ name }) => name.split('/').at(-1))).toEqual(row.names);
    layer.setWeights(row.weights.map(given));
    const { training } = row;
    const step = compile((x: Sym, dy: Sym) => {
      const y = layer.apply(x, { training });
      const trained = layer.trainableWeights;
      return { y, ...Object.fromEntries(grad(y, [x, ...trained], dy).map((g, i) => [`g${i}`, g])) };
    });
    let outputs: Awaited<ReturnType<typeof step>> | undefined;
    for (let call = 0; call < row.calls; call++) outputs = await step(given(row.x), given(row.dy));
    const { y, ...gradients } = outputs as unknown as Record<string, { data(): Promise<Float32Array> }>;
    expect(near(await y!.data(), row.y)).toBeLessThanOrEqual(BOUND);
    expect(Object.keys(gradients)).toHaveLength(row.gradients.length);
    for (const [i, expected] of row.gradients.entries())
      expect(near(await gradients[`g${i}`]!.data(), expected), `gradient ${i}`).toBeLessThanOrEqual(BOUND);
    for (const [i, { data }] of (await layer.getWeights()).entries())
      expect(near(data as Float32Array, itemAt(row.after, i)), row.names[i]).toBeLessThanOrEqual(BOUND);
  });
});

describe('dropouts', () => {
  const x = ops.randomUniform([64, 10, 3], { seed: 1, minval: 1, maxval: 2 });

  it.each([
    ['dropout', { rate: 0.5 }],
    ['gaussianDropout', { rate: 0.5 }],
    ['alphaDropout', { rate: 0.5 }],
  ] as const)('%s passes its input on unless it trains, or drops nothing', async (name, options) => {
    const numbers = Array.from(await x.data());
    expect(await output(layers[name](options), x)).toEqual(numbers);
    expect(await output(layers[name]({ rate: 0 }), x, true)).toEqual(numbers);
    expect(await output(layers[name](options), x, true)).not.toEqual(numbers);
  });

  it.each([
    ['dropout', { rate: 0.25 }],
    ['gaussianDropout', { rate: 0.25 }],
    ['alphaDropout', { rate: 0.25 }],
  ] as const)('%s with a seed draws the same in two layers, and anew in each step', async (name, options) => {
    const run = (layer: layers.Layer) => {
      const step = compile((v: Sym) => ({ y: layer.apply(v, { training: true }) }));
      return async () => Array.from(await (await step(x)).y.data());
    };
    const [a, b] = [run(layers[name]({ ...options, seed: 7 })), run(layers[name]({ ...options, seed: 7 }))];
    const first = await a();
    expect(await b()).toEqual(first);
    const second = await a();
    expect(second).not.toEqual(first);
    expect(await b()).toEqual(second);
  });

  it('gaussianDropout multiplies by noise of mean 1 and variance rate / (1 − rate)', async () => {
    const y = await output(
      layers.gaussianDropout({ rate: 0.2, seed: 3 }),
      ops.broadcastTo(1, [200000]),
      true,
    );
    const mean = y.reduce((a, b) => a + b, 0) / y.length;
    const variance = y.reduce((a, b) => a + (b - mean) ** 2, 0) / y.length;
    // Five standard errors: √(0.25 / 200000) and, of the variance of normal numbers, 0.25 · √(2 / 200000).
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(0.25 / 200000));
    expect(Math.abs(variance - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2 / 200000));
  });

  it('alphaDropout gives a share of the numbers one value, and keeps mean 0 and variance 1', async () => {
    const rate = 0.3;
    const normal = ops.randomNormal([200000], { seed: 4 });
    const y = await output(layers.alphaDropout({ rate, seed: 3 }), normal, true);
    const lowest = -1.6732632423543772 * 1.0507009873554805;
    const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * lowest ** 2));
    const dropped = scale * lowest - scale * lowest * rate;
    const share = y.filter((v) => Math.abs(v - dropped) < 1e-5).length / y.length;
    expect(Math.abs(share - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / y.length));
    const mean = y.reduce((a, b) => a + b, 0) / y.length;
    const variance = y.reduce((a, b) => a + (b - mean) ** 2, 0) / y.length;
    // Five standard errors: of the mean √(1 / n), of the variance √(2 / n), since the fourth moment is below that of normal numbers.
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(1 / y.length));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / y.length));
  });

  it.each(['dropout', 'alphaDropout'] as const)('%s drops together what noiseShape joins', async (name) => {
    const layer = layers[name]({ rate: 0.5, noiseShape: [null, 1, 3], seed: 5 });
    const y = await output(layer, ops.broadcastTo(1, [64, 10, 3]), true);
    const at = (n: number, step: number, feature: number) => y[(n * 10 + step) * 3 + feature];
    let different = 0;
    for (let n = 0; n < 64; n++)
      for (let feature = 0; feature < 3; feature++) {
        for (let step = 1; step < 10; step++) expect(at(n, step, feature)).toBe(at(n, 0, feature));
        if (at(n, 0, feature) !== at(0, 0, feature)) different++;
      }
    expect(different).toBeGreaterThan(0);
  });

  it('refuses a noiseShape that is none, or does not fit', async () => {
    for (const noiseShape of ['1', [0], [-1], [1.5], 3])
      expect(() => layers.dropout({ rate: 0.5, noiseShape: noiseShape as never })).toThrow(
        '[dropout] expected a list of positive integers or null for noiseShape',
      );
    for (const noiseShape of [
      [null, 1],
      [null, 2, 3],
    ]) {
      const layer = layers.dropout({ rate: 0.5, noiseShape });
      const run = compile((v: Sym) => ({ y: layer.apply(v, { training: true }) }));
      expect(await rejectionOf(run(x))).toMatchObject({ code: 'SHAPE' });
    }
    expect(() => layers.spatialDropout1d({ rate: 0.5, noiseShape: [1] } as never)).toThrow(
      "received 'noiseShape'",
    );
  });
});

describe('unknown sizes', () => {
  const sequence = layers.input({ shape: [-1, 4] });

  it.each([
    ['identity', layers.identity(), [-1, -1, 4]],
    ['permute', layers.permute({ dims: [2, 1] }), [-1, 4, -1]],
    ['flatten', layers.flatten(), [-1, -1]],
    ['prelu', layers.prelu({ sharedAxes: 1 }), [-1, -1, 4]],
    ['unitNormalization', layers.unitNormalization(), [-1, -1, 4]],
    ['groupNormalization', layers.groupNormalization({ groups: 2 }), [-1, -1, 4]],
    ['rmsNormalization', layers.rmsNormalization(), [-1, -1, 4]],
    ['dropout', layers.dropout({ rate: 0.5, noiseShape: [null, null, 1] }), [-1, -1, 4]],
  ] as const)('%s', async (_, layer, shape) => {
    const y = layer.apply(sequence);
    expect(y.shape).toEqual(shape);
    const model = new Model({ inputs: sequence, outputs: y });
    for (const steps of [3, 1]) {
      const x = ops.randomUniform([2, steps, 4], { seed: 1 });
      const known = new Sequential([layers.input({ shape: [steps, 4] }), layer]);
      const { shape: given } = await model.predict(x);
      expect(given).toEqual((await known.predict(x)).shape);
      expect(await (await model.predict(x)).data()).toEqual(await (await known.predict(x)).data());
    }
  });

  it('expandDims and squeeze keep any number of unknown sizes', async () => {
    const x = layers.input({ shape: [-1, 1, -1] });
    const y = ops.squeeze(ops.expandDims(x, 1), 3);
    expect(y.shape).toEqual([-1, 1, -1, -1]);
    const model = new Model({ inputs: x, outputs: ops.multiply(y, 2) });
    const given = ops.randomUniform([2, 3, 1, 4], { seed: 1 });
    const result = await model.predict(given);
    expect(result.shape).toEqual([2, 1, 3, 4]);
    expect(await result.data()).toEqual((await given.data()).map((v) => 2 * v));
  });
});

describe('activityRegularization', () => {
  it('adds l1 · sum(|x|) + l2 · sum(x²) for each sample', async () => {
    const layer = layers.activityRegularization({ l1: 0.5, l2: 0.25 });
    const step = compile((x: Sym) => ({ y: layer.apply(x), loss: layer.losses[0] }));
    const { y, loss } = await step([
      [1, -2],
      [3, 0],
    ]);
    expect(Array.from(await y.data())).toEqual([1, -2, 3, 0]);
    expect(await loss!.item()).toBe((0.5 * 6 + 0.25 * 14) / 2);
  });

  it('refuses a factor below 0', () => {
    expect(() => layers.activityRegularization({ l2: -1 })).toThrow(
      '[activityRegularization] expected a finite number of 0 or more for l2, received -1',
    );
  });
});

describe('wrong options and inputs', () => {
  it.each<[string, () => unknown, string]>([
    [
      'permute',
      () => layers.permute({ dims: [1, 3] }),
      '[permute] expected a list with each number from 1 on once for dims',
    ],
    [
      'permute',
      () => layers.permute({ dims: [0, 1] }),
      '[permute] expected a list with each number from 1 on once for dims',
    ],
    [
      'permute',
      () => layers.permute({ dims: [] }),
      '[permute] expected a list with each number from 1 on once for dims',
    ],
    [
      'repeatVector',
      () => layers.repeatVector({ n: 0 }),
      '[repeatVector] expected a positive integer for n, received 0',
    ],
    ['elu', () => layers.elu({ alpha: NaN }), '[elu] expected a finite number for alpha'],
    ['prelu', () => layers.prelu({ sharedAxes: 0 }), '[prelu] expected axes from 1 on as sharedAxes'],
    [
      'unitNormalization',
      () => layers.unitNormalization({ axis: 1.5 }),
      '[unitNormalization] expected an integer or a list',
    ],
    [
      'groupNormalization',
      () => layers.groupNormalization({ groups: 0 }),
      '[groupNormalization] expected a positive integer for groups',
    ],
    [
      'rmsNormalization',
      () => layers.rmsNormalization({ epsilon: -1 }),
      '[rmsNormalization] expected a finite number of 0 or more',
    ],
    [
      'gaussianDropout',
      () => layers.gaussianDropout({ rate: 1.1 }),
      '[gaussianDropout] expected rate from 0 to 1, received 1.1',
    ],
    ['alphaDropout', () => layers.alphaDropout({ rate: -1 }), '[alphaDropout] expected rate from 0 to 1'],
    [
      'relu',
      () => layers.relu({ threshold: null as never }),
      '[relu] expected a finite number for threshold',
    ],
    ['relu', () => layers.relu({ maxValue: '6' as never }), '[relu] expected a finite number for maxValue'],
    [
      'leakyReLU',
      () => layers.leakyReLU({ negativeSlope: NaN }),
      '[leakyReLU] expected a finite number for negativeSlope',
    ],
    ['softmax', () => layers.softmax({ axis: 0.5 }), '[softmax] expected an integer for axis'],
    ['concatenate', () => layers.concatenate({ axis: '1' as never }), '[concatenate] expected an integer'],
    ['flatten', () => layers.flatten({ dataFormat: 'last' as never }), '[flatten] expected'],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it.each<[string, layers.Layer, number[]]>([
    ['permute', layers.permute({ dims: [2, 1] }), [-1, 3]],
    ['repeatVector', layers.repeatVector({ n: 2 }), [-1, 3, 4]],
    ['prelu', layers.prelu({ sharedAxes: 3 }), [-1, 3]],
    ['prelu', layers.prelu(), [-1, -1]],
    ['groupNormalization', layers.groupNormalization({ groups: 4 }), [-1, 6]],
    ['groupNormalization', layers.groupNormalization({ groups: 1, axis: 0 }), [6, 6]],
    ['groupNormalization', layers.groupNormalization({ axis: 3 }), [-1, 6]],
    ['rmsNormalization', layers.rmsNormalization({ axis: 2 }), [-1, 6]],
  ])('%s refuses an input that does not fit', (_, layer, shape) => {
    expect(errorOf(() => layer.computeOutputShape(shape))).toMatchObject({ code: 'SHAPE' });
  });

  it('rmsNormalization over an axis that is not the last is that of the transpose', async () => {
    const x = ops.randomUniform([2, 3, 4], { seed: 1 });
    const swapped = ops.transpose(x, [0, 2, 1]);
    const scale = [1, 2, 3];
    const y = ops.rmsNormalization(x, { axis: 1, scale });
    const z = ops.transpose(ops.rmsNormalization(swapped, { scale }), [0, 2, 1]);
    expect(worst((await y.data()) as Float32Array, (await z.data()) as Float32Array, 1)).toBeLessThanOrEqual(
      1e-6,
    );
  });
});

describe('options of layers with a history in Keras', () => {
  it.each([
    [
      'a table',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'a list of one table',
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ],
  ])('embedding begins with %s as weights', async (_, weights) => {
    const layer = layers.embedding({ inputDim: 2, outputDim: 2, weights: weights });
    layer.computeOutputShape([-1, 3]);
    expect(Array.from(firstOf(await layer.getWeights()).data)).toEqual([1, 2, 3, 4]);
    expect(layer.getConfig()).not.toHaveProperty('weights');
  });

  it('refuse what is none', () => {
    const wrong = layers.embedding({ inputDim: 2, outputDim: 2, weights: [[1, 2, 3]] });
    expect(errorOf(() => wrong.computeOutputShape([-1, 3]))).toMatchObject({ code: 'SHAPE' });
    const clipped = (renormClipping: object) => () =>
      layers.batchNormalization({ renorm: true, renormClipping });
    expect(clipped({ rmax: 1, rmin: 2 })).toThrow(
      '[batchNormalization] expected an rmax of at least the rmin 2',
    );
    expect(clipped({ dmax: -1 })).toThrow(
      '[batchNormalization] expected a finite number of 0 or more for dmax',
    );
    expect(clipped({ max: 1 })).toThrow("received 'max'");
    expect(() => layers.adaptiveMaxPooling2d({ outputSize: [2, 0] })).toThrow(
      'expected a positive integer for outputSize',
    );
    const pooling = layers.adaptiveAveragePooling1d({ outputSize: 2 });
    expect(errorOf(() => pooling.computeOutputShape([-1, -1, 3]))).toMatchObject({ code: 'SHAPE' });
  });
});
