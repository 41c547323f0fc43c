import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { compile } from '../lib/core/compile.js';
import { NDArray } from '../lib/core/ndarray.js';
import * as layers from '../lib/layers/index.js';
import { Model, Sequential } from '../lib/models/index.js';
import * as ops from '../lib/ops/index.js';
import * as optimizers from '../lib/optimizers/index.js';
import { setSeed } from '../lib/core/seed.js';
import type { Sym } from '../lib/core/sym.js';
import { errorOf, rejectionOf } from './support/run.js';

const N = 24;
const C = 3;
/** Numbers of three channels with means and deviations of their own. */
const data = Float32Array.from({ length: N * C }, (_, i) => Math.sin(i * i) * ((i % C) + 1) + (i % C) - 1);
const x = () => new NDArray(data, [4, 2, 3, C]);

/** Mean and biased variance of each channel, in float64. */
const statistics = Array.from({ length: C }, (_, c) => {
  const numbers = Array.from({ length: N }, (_, i) => itemAt(data, i * C + c));
  const mean = numbers.reduce((a, b) => a + b, 0) / N;
  return { mean, variance: numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / N };
});

/** float32 rounds each of a handful of operations on numbers below 8 by at most 2⁻²². */
const BOUND = 3e-6;
function near(actual: ArrayLike<number>, expected: readonly number[]) {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((e, i) => expect(Math.abs(actual[i]! - e), `at ${i}`).toBeLessThanOrEqual(BOUND));
}

async function numbers(layer: layers.Layer): Promise<number[][]> {
  return (await layer.getWeights()).map((weight) => Array.from(weight.data as Float32Array));
}

/** y in training, as Keras documents it. */
const trained = (epsilon: number, gamma = [1, 1, 1], beta = [0, 0, 0]) =>
  Array.from(data, (v, i) => {
    const { mean, variance } = itemAt(statistics, i % C);
    return ((v - mean) / Math.sqrt(variance + epsilon)) * itemAt(gamma, i % C) + itemAt(beta, i % C);
  });

describe('batchNormalization', () => {
  it('has gamma, beta and the moving statistics, which are not trained', () => {
    const layer = layers.batchNormalization();
    expect(layer.computeOutputShape([-1, 2, 3, C])).toEqual([-1, 2, 3, C]);
    expect(layer.weights.map((w) => w.name.split('/')[1])).toEqual([
      'gamma',
      'beta',
      'movingMean',
      'movingVariance',
    ]);
    expect(layer.trainableWeights).toEqual(layer.weights.slice(0, 2));
    expect(
      firstOf(layers.batchNormalization({ axis: 1 }).applyAll(layers.input({ shape: [5, 2] }))).shape,
    ).toEqual([-1, 5, 2]);
  });

  it('normalizes by the batch while training, and moves its statistics as Keras does', async () => {
    const layer = layers.batchNormalization({ momentum: 0.75, epsilon: 0.01 });
    layer.computeOutputShape([-1, 2, 3, C]);
    layer.setWeights([
      [2, 1, -1],
      [0.5, 0, 1],
      [1, 2, 3],
      [1, 4, 9],
    ]);
    const step = compile((v: Sym) => ({ y: layer.apply(v, { training: true }) }));
    near(await (await step(x())).y.data(), trained(0.01, [2, 1, -1], [0.5, 0, 1]));
    const once = (old: number, batch: number) => old * 0.75 + batch * 0.25;
    let mean = statistics.map((s, c) => once(c + 1, s.mean));
    let variance = statistics.map((s, c) => once((c + 1) ** 2, s.variance));
    near(itemAt(await numbers(layer), 2), mean);
    near(itemAt(await numbers(layer), 3), variance);
    await (await step(x())).y.data();
    mean = mean.map((old, c) => once(old, itemAt(statistics, c).mean));
    variance = variance.map((old, c) => once(old, itemAt(statistics, c).variance));
    near(itemAt(await numbers(layer), 2), mean);
    near(itemAt(await numbers(layer), 3), variance);
  });

  it.each([
    ['inference', { training: false }, true],
    ['training of a frozen layer', { training: true }, false],
  ])('uses the moving statistics in %s, and leaves them alone', async (_, context, trainable) => {
    const layer = layers.batchNormalization({ trainable });
    layer.computeOutputShape([-1, 2, 3, C]);
    const weights = [
      [2, 1, -1],
      [0.5, 0, 1],
      [1, 2, 3],
      [1, 4, 9],
    ];
    layer.setWeights(weights);
    const run = compile((v: Sym) => ({ y: layer.apply(v, context) }));
    const [gamma, beta, mean, variance] = atLeast(weights, 4);
    near(
      await (await run(x())).y.data(),
      Array.from(data, (v, i) => {
        const c = i % C;
        return (
          ((v - itemAt(mean, c)) / Math.sqrt(itemAt(variance, c) + 1e-3)) * itemAt(gamma, c) + itemAt(beta, c)
        );
      }),
    );
    expect(await numbers(layer)).toEqual(weights);
  });

  it.each([
    [{ scale: false }, ['beta', 'movingMean', 'movingVariance']],
    [{ center: false }, ['gamma', 'movingMean', 'movingVariance']],
    [{ center: false, scale: false }, ['movingMean', 'movingVariance']],
  ])('does without what is turned off: %j', async (options, names) => {
    const layer = layers.batchNormalization(options);
    layer.computeOutputShape([-1, 2, 3, C]);
    expect(layer.weights.map((w) => w.name.split('/')[1])).toEqual(names);
    const step = compile((v: Sym) => ({
      y: layer.apply(v, { training: true }),
      z: layer.apply(v, { training: false }),
    }));
    const { y, z } = await step(x());
    near(await y.data(), trained(1e-3));
    // The inference comes after the training in the trace, so it sees the moved statistics.
    const [mean, variance] = atLeast((await numbers(layer)).slice(-2), 2);
    near(
      await z.data(),
      Array.from(data, (v, i) => (v - itemAt(mean, i % C)) / Math.sqrt(itemAt(variance, i % C) + 1e-3)),
    );
  });

  it('makes an equal layer of its configuration', () => {
    const options = {
      name: 'norm',
      trainable: false,
      axis: 1,
      momentum: 0.9,
      epsilon: 0.1,
      center: false,
      scale: true,
      gammaInitializer: 'zeros',
      gammaRegularizer: 'l2',
      gammaConstraint: 'nonNeg',
      movingVarianceInitializer: { className: 'constant', config: { value: 2 } },
    } as const;
    const config = JSON.parse(JSON.stringify(layers.batchNormalization(options).getConfig())) as object;
    expect(config).toMatchObject({ axis: 1, momentum: 0.9, epsilon: 0.1, center: false, scale: true });
    expect(layers.batchNormalization(config).getConfig()).toEqual(config);
    expect(layers.batchNormalization().getConfig()).toMatchObject({
      axis: -1,
      momentum: 0.99,
      epsilon: 1e-3,
      center: true,
      scale: true,
    });
  });

  it('regularizes and constrains gamma and beta', async () => {
    const layer = layers.batchNormalization({
      gammaInitializer: { className: 'constant', config: { value: -2 } },
      gammaConstraint: 'nonNeg',
      betaInitializer: 'ones',
      betaRegularizer: { className: 'l2', config: { l2: 0.5 } },
    });
    const model = new Sequential([layers.input({ shape: [C] }), layer]);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.125 }), loss: 'meanSquaredError' });
    // The output is its own target: what changes beta is the regularizer alone, whose gradient is beta.
    const zeros = new NDArray(new Float32Array(4 * C), [4, C]);
    const ones = new NDArray(new Float32Array(4 * C).fill(1), [4, C]);
    await model.fit(zeros, ones, { batchSize: 4, verbose: 0 });
    const [gamma, beta] = atLeast(await numbers(layer), 2);
    near(gamma, [0, 0, 0]);
    near(beta, [0.875, 0.875, 0.875]);
    model.dispose();
  });

  it.each([
    ['a momentum above 1', () => layers.batchNormalization({ momentum: 1.5 }), 'momentum'],
    ['a negative epsilon', () => layers.batchNormalization({ epsilon: -1 }), 'epsilon'],
    [
      'an axis that is not there',
      () => layers.batchNormalization({ axis: 4 }).computeOutputShape([-1, 3]),
      'axis 4',
    ],
    [
      'an axis of unknown size',
      () => layers.batchNormalization().computeOutputShape([-1, 3, -1]),
      'known size',
    ],
  ])('refuses %s', (_, body, message) => {
    expect(errorOf(body).message).toContain(message);
    expect(errorOf(body).message).toContain('[batchNormalization]');
  });

  /** A small classifier; labels follow the sign of the first channel's mean. */
  function classifier(block: () => layers.Layer[]) {
    setSeed(3);
    const model = new Sequential([
      layers.input({ shape: [8, 8, 2] }),
      ...block(),
      layers.globalAveragePooling2d(),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ]);
    model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy' });
    return model;
  }
  const images = new NDArray(
    Float32Array.from({ length: 32 * 128 }, (_, i) => Math.sin(i * i) + 3 + (Math.floor(i / 128) % 2)),
    [32, 8, 8, 2],
  );
  const labels = new NDArray(
    Float32Array.from({ length: 32 }, (_, i) => i % 2),
    [32, 1],
  );
  const block = () => [
    layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', useBias: false }),
    layers.batchNormalization({ momentum: 0.5 }),
    layers.activation({ activation: 'relu' }),
    layers.maxPooling2d(),
  ];

  it('trains within a model, and what evaluate uses follows', async () => {
    const model = classifier(block);
    const { history } = await model.fit(images, labels, { epochs: 60, batchSize: 32, verbose: 0, seed: 3 });
    const { loss } = history;
    expect(loss!.at(-1)).toBeLessThan(firstOf(loss!) / 2);
    const evaluated = await model.evaluate(images, labels, { verbose: 0 });
    // With the statistics that it began with, 0 and 1, it would tell nothing apart.
    expect(evaluated.loss).toBeLessThan(firstOf(loss!) / 2);
    model.dispose();
  });

  it('stands still in a model that is frozen, at any depth', async () => {
    const inner = new Sequential([layers.input({ shape: [8, 8, 2] }), ...block()]);
    const input = layers.input({ shape: [8, 8, 2] });
    const outer = layers.dense({ units: 1 }).apply(layers.flatten().apply(inner.apply(input)));
    const model = new Model({ inputs: input, outputs: outer });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const moving = async () =>
      (await inner.getWeights()).slice(-2).map((w) => Array.from(w.data as Float32Array));
    const start = await moving();
    inner.trainable = false;
    await model.fit(images, labels, { verbose: 0 });
    expect(await moving()).toEqual(start);
    inner.trainable = true;
    await model.fit(images, labels, { verbose: 0 });
    expect(await moving()).not.toEqual(start);
    model.dispose();
  });
});

describe('layerNormalization', () => {
  it('normalizes each sample, with gamma and beta of the axes sizes', async () => {
    const layer = layers.layerNormalization({ axis: [1, -1], epsilon: 0.01 });
    expect(layer.computeOutputShape([-1, 2, 3, C])).toEqual([-1, 2, 3, C]);
    expect(layer.weights.map((w) => w.shape)).toEqual([
      [2, C],
      [2, C],
    ]);
    const gamma = [1, 2, 3, 4, 5, 6];
    layer.setWeights([
      new NDArray(Float32Array.from(gamma), [2, C]),
      new NDArray(new Float32Array(6).fill(1), [2, C]),
    ]);
    const run = compile((v: Sym) => ({ y: layer.apply(v) }));
    const y = await (await run(x())).y.data();
    const index = (n: number, h: number, w: number, c: number) => ((n * 2 + h) * 3 + w) * C + c;
    for (const [n, w] of [
      [0, 0],
      [3, 2],
    ] as const) {
      const places = [0, 1].flatMap((h) => [0, 1, 2].map((c) => index(n, h, w, c)));
      const mean = places.reduce((a, i) => a + itemAt(data, i), 0) / 6;
      const variance = places.reduce((a, i) => a + (itemAt(data, i) - mean) ** 2, 0) / 6;
      places.forEach((place, i) => {
        const expected = ((itemAt(data, place) - mean) / Math.sqrt(variance + 0.01)) * itemAt(gamma, i) + 1;
        // Up to 6 times as large as numbers elsewhere.
        expect(Math.abs(y[place]! - expected)).toBeLessThanOrEqual(6 * BOUND);
      });
    }
  });

  it('makes an equal layer of its configuration', () => {
    const config = layers.layerNormalization({ axis: [1, 2], epsilon: 0.1, center: false }).getConfig();
    expect(config).toMatchObject({ axis: [1, 2], epsilon: 0.1, center: false, scale: true });
    expect(layers.layerNormalization(config).getConfig()).toEqual(config);
    expect(layers.layerNormalization().getConfig()).toMatchObject({ axis: -1, epsilon: 1e-3 });
    const bare = layers.layerNormalization({ center: false, scale: false });
    bare.computeOutputShape([-1, 3]);
    expect(bare.weights).toEqual([]);
  });

  it.each([
    ['an axis that is not there', () => layers.layerNormalization({ axis: 2 }).computeOutputShape([-1, 3])],
    ['an epsilon of NaN', () => layers.layerNormalization({ epsilon: NaN })],
  ])('refuses %s', (_, body) => {
    expect(errorOf(body).message).toContain('[layerNormalization]');
  });
});

describe('ops', () => {
  it('refuse factors of fewer sizes than axes', () => {
    const [wide, scalar] = [ops.reshape(x(), [2, 2, 18]), ops.reshape([1], [])];
    const calls = {
      layerNormalization: () => ops.layerNormalization(wide, { axis: [0, 1], gamma: [1, 1] }),
      rmsNormalization: () => ops.rmsNormalization(wide, { axis: 0, scale: scalar }),
      batchNormalization: () => ops.batchNormalization(wide, scalar, scalar, { axis: 1 }),
    };
    for (const [name, call] of Object.entries(calls))
      expect(errorOf(call)).toMatchObject({
        code: 'SHAPE',
        message: expect.stringContaining(`[${name}] expected a size for each of`),
      });
  });

  const own = (v: Sym, options: ops.BatchNormalizationOptions = {}) =>
    ops.batchNormalization(v, undefined, undefined, options).y;

  it('normalize tensors at once', async () => {
    const [mean, variance] = ops.moments(x(), { axis: [0, 1, 2] });
    near(
      await mean.data(),
      statistics.map((s) => s.mean),
    );
    near(
      await variance.data(),
      statistics.map((s) => s.variance),
    );
    near(await ops.batchNormalization(x(), mean, variance).data(), trained(1e-3));
    near(await (await compile((v: Sym) => own(v))(x())).data(), trained(1e-3));
  });

  it.each([
    ['channels that do not fit', (v: Sym) => own(v, { scale: [1, 1], offset: [0, 0] })],
    ['rank 1', (v: Sym) => own(ops.reshape(v, [-1]), { scale: [1], offset: [0] })],
  ])('refuse %s', async (_, body) => {
    const { message } = await rejectionOf(compile((v: Sym) => ({ y: body(v) }))(x()));
    expect(message).toContain('[batchNormalization] expected');
  });
});
