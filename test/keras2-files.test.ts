// Models that Keras 2 has written: its HDF5 files and its JSON (test/fixtures/make_keras2_models.py).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Model,
  NDArray,
  type OutputStructure,
  type Sym,
  type Tensor,
  loadModel,
  modelFromJson,
} from '../lib/index.js';
import { itemAt } from '../lib/base/list.js';
import { worst } from './fixtures/read.js';

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly json: object;
  readonly x: readonly Stored[];
  readonly y: readonly Stored[];
  readonly predicted: readonly number[][];
  readonly losses: number[];
}

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-keras2-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const cases = JSON.parse(fixture('keras2.json').toString()) as Record<string, Case>;
const fileOf = (name: string) => {
  const path = join(folder, `${name}.h5`);
  writeFileSync(path, gunzipSync(fixture(`files/keras2_${name}.h5.gz`)));
  return path;
};
const arrays = (stored: readonly Stored[]) => {
  const made = stored.map(({ data, shape }) => new NDArray(Float32Array.from(data), shape));
  return made.length === 1 ? itemAt(made, 0) : made;
};
const predictions = async (model: Model<OutputStructure>, x: readonly Stored[]) => {
  const y = (await model.predict(arrays(x))) as Tensor | Tensor[];
  return Promise.all([y].flat().map((one) => one.data()));
};

describe.each(Object.entries(cases))('%s of Keras 2', (name, { json, x, y, predicted, losses }) => {
  it('predicts what it does there, and its training goes on with the same losses', async () => {
    const model = await loadModel(fileOf(name));
    for (const [i, outputs] of (await predictions(model, x)).entries())
      expect(worst(outputs, Float32Array.from(itemAt(predicted, i)), 1)).toBeLessThan(1e-6);
    const { history } = await model.fit(arrays(x), arrays(y), {
      epochs: 3,
      batchSize: 2,
      shuffle: false,
      verbose: 0,
    });
    // Optimizers divide by the roots of means of squares: what a few roundings change stays below 1e-5.
    expect(worst(Float32Array.from(history['loss']!), Float32Array.from(losses), 1)).toBeLessThan(1e-5);
  });

  it('is made of its JSON, and takes the weights of its file', async () => {
    const model = modelFromJson(json);
    expect(model.name).toBe(name);
    await model.loadWeights(fileOf(name));
    const loaded = await loadModel(fileOf(name));
    expect(await predictions(model, x)).toEqual(await predictions(loaded, x));
  });
});

describe('configurations of Keras 2', () => {
  const dense = (units: number, more: object = {}) => ({
    class_name: 'Dense',
    config: { name: `of${units}`, units, activation: 'hard_sigmoid', input_dtype: 'float32', ...more },
  });
  const version = { keras_version: '2.2.4', backend: 'tensorflow' };
  const text = (className: string, config: unknown) =>
    JSON.stringify({ class_name: className, config, ...version });

  it.each([
    [
      'a list of layers, the first with the shape of its input',
      [dense(2, { batch_input_shape: [null, 3] }), dense(1)],
    ],
    [
      'the shape that the chain was built for',
      { name: 'a', layers: [dense(2), dense(1)], build_input_shape: [null, 3] },
    ],
    [
      'a chain in a chain',
      [{ class_name: 'Sequential', config: [dense(2, { batch_input_shape: [null, 3] })] }, dense(1)],
    ],
  ])('%s', async (_, config) => {
    const model = modelFromJson(text('Sequential', config));
    expect([...model.inputs, ...model.outputs].map(({ shape }) => shape)).toEqual([
      [-1, 3],
      [-1, 1],
    ]);
    // 1 / 5 · 3 · 1 + 1 / 2 is cut at 1, then 1 / 5 · (1 + 1) + 1 / 2: the slope of Keras 3 is 1 / 6.
    const ones = (...shape: number[]) =>
      new NDArray(new Float32Array(shape.reduce((a, b) => a * b)).fill(1), shape);
    const zeros = (n: number) => new NDArray(new Float32Array(n), [n]);
    model.setWeights([ones(3, 2), zeros(2), ones(2, 1), zeros(1)]);
    const [y] = await predictions(model, [{ shape: [1, 3], data: [1, 1, 1] }]);
    expect(y![0]).toBeCloseTo(0.9, 6);
  });

  it('of a graph of the class Model, and of layers with old options', () => {
    const input = {
      class_name: 'InputLayer',
      name: 'x',
      inbound_nodes: [],
      config: { name: 'x', batch_input_shape: [null, 4, 2], dtype: 'float32', sparse: false },
    };
    const norm = {
      class_name: 'BatchNormalizationV1',
      name: 'norm',
      inbound_nodes: [[['x', 0, 0, {}]]],
      config: {
        name: 'norm',
        axis: [2],
        fused: true,
        virtual_batch_size: null,
        adjustment: null,
        momentum: 0.9,
      },
    };
    const leaky = {
      class_name: 'LeakyReLU',
      name: 'leaky',
      inbound_nodes: [[['norm', 0, 0, {}]]],
      config: { name: 'leaky', alpha: 0.25 },
    };
    const graph = {
      name: 'graph',
      layers: [input, norm, leaky],
      input_layers: [['x', 0, 0]],
      output_layers: [['leaky', 0, 0]],
    };
    const model = modelFromJson(text('Model', graph));
    expect(model.layers.map((layer) => layer.getConfig())).toMatchObject([
      { shape: [4, 2] },
      { axis: 2, momentum: 0.9 },
      { negativeSlope: 0.25 },
    ]);
  });

  it('with an own hard_sigmoid call that', () => {
    const config = [dense(2, { batch_input_shape: [null, 3] })];
    const own = (x: Sym) => x;
    const model = modelFromJson(text('Sequential', config), { customObjects: { hard_sigmoid: own } });
    expect(model.layers[0]!.getConfig()['activation']).not.toBe('keras2>hard_sigmoid');
  });

  it.each([
    [
      'an unknown function of TensorFlow',
      { class_name: 'TFOpLambda', config: { name: 'tf.raw', function: 'raw_ops.Bucketize' } },
      {},
      /functions of TensorFlow that ops have, too, in tf\.raw, received 'raw_ops\.Bucketize'/,
    ],
    [
      'an argument that is not here',
      { class_name: 'TFOpLambda', config: { name: 'tf.matmul', function: 'linalg.matmul' } },
      { b: ['x', 0, 0], transpose_b: true },
      /arguments of tf\.linalg\.matmul that are here, received 'transpose_b'/,
    ],
    [
      'an ellipsis where no shapes are',
      { class_name: 'SlicingOpLambda', config: { name: 'part', function: '__operators__.getitem' } },
      { slice_spec: [{ class_name: '__ellipsis__' }, 0] },
      /slices without … in part/,
    ],
    [
      'code of Python',
      {
        class_name: 'Lambda',
        config: { name: 'code', function: ['4wEAAAA=', null, null], function_type: 'lambda' },
      },
      {},
      /code of one of Python's/,
    ],
    [
      'time as the first axis',
      { class_name: 'LSTM', config: { name: 'lstm', units: 2, time_major: true } },
      {},
      /options of LSTM that are here .* received 'time_major'/,
    ],
  ])('refuse %s', (_, layer, options, message) => {
    const input = {
      class_name: 'InputLayer',
      name: 'x',
      inbound_nodes: [],
      config: { name: 'x', batch_input_shape: [null, 4, 4] },
    };
    const { name } = layer.config;
    const called = layer.class_name.includes('Op') ? [['x', 0, 0, options]] : [[['x', 0, 0, options]]];
    const graph = {
      name: 'graph',
      layers: [input, { ...layer, name, inbound_nodes: called }],
      input_layers: [['x', 0, 0]],
      output_layers: [[name, 0, 0]],
    };
    expect(() => modelFromJson(text('Functional', graph))).toThrow(message);
  });
});
