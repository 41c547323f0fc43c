// Models in the HDF5 format of Keras 2, written by Keras (test/fixtures/make_legacy_models.py).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { NDArray, Sequential, type Tensor, layers, loadModel } from '../lib/index.js';
import { kerasText } from '../lib/saving/kerasText.js';
import { worst } from './fixtures/read.js';
import { rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-legacy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const cases = JSON.parse(fixture('legacy.json').toString()) as Record<
  string,
  { readonly predicted: number[]; readonly losses: number[] }
>;
const fileOf = (name: string) => {
  const path = join(folder, `${name}.h5`);
  writeFileSync(path, gunzipSync(fixture(`files/legacy_${name}.h5.gz`)));
  return path;
};
const numbers = (length: number, at: (i: number) => number) => Float32Array.from({ length }, (_, i) => at(i));
const x = new NDArray(
  numbers(288, (i) => Math.sin(i * 1.7)),
  [4, 6, 6, 2],
);
const y = new NDArray(numbers(8, Math.cos), [4, 2]);

describe.each(Object.entries(cases))('%s', (name, { predicted, losses }) => {
  it('predicts what it does in Keras, and its training goes on with the same losses', async () => {
    const model = await loadModel(fileOf(name));
    expect(model.name).toBe(name);
    const outputs = await ((await model.predict(x)) as Tensor).data();
    // Sums of at most 72 products in float32.
    expect(worst(outputs, Float32Array.from(predicted), 1)).toBeLessThan(72 * 2 ** -24);
    const { history } = await model.fit(x, y, { epochs: 3, batchSize: 2, shuffle: false, verbose: 0 });
    // Adam divides by the roots of means of squares: what a few roundings change stays below 1e-5.
    expect(worst(Float32Array.from(history['loss']!), Float32Array.from(losses), 1)).toBeLessThan(1e-5);
  });

  it('gives its weights to an equal model, compiled or not', async () => {
    const path = fileOf(name);
    const model = await loadModel(path, { compile: false });
    expect(model.compiledOptimizer).toBeUndefined();
    const saved = await model.getWeights();
    model.setWeights(
      saved.map(
        ({ data, shape }) =>
          new NDArray(
            data.map(() => 0),
            shape,
          ),
      ),
    );
    await model.loadWeights(path);
    expect(await model.getWeights()).toEqual(saved);
  });
});

describe('files that are written here', () => {
  it.each(Object.keys(cases))('have all of %s: it goes on as it would have', async (name) => {
    const model = await loadModel(fileOf(name));
    const path = join(folder, `${name}-again.h5`);
    await model.save(path);
    const alone = join(folder, `${name}-alone.h5`);
    await model.saveWeights(alone);
    const again = await loadModel(path);
    expect(again.getConfig()).toEqual(model.getConfig());
    expect(again.getCompileConfig()).toEqual(model.getCompileConfig());
    const weights = await model.getWeights();
    expect(await again.getWeights()).toEqual(weights);
    const options = { epochs: 2, batchSize: 2, shuffle: false, verbose: 0 } as const;
    const { history } = await model.fit(x, y, options);
    expect((await again.fit(x, y, options)).history).toEqual(history);
    await again.loadWeights(alone, { byName: true });
    expect(await again.getWeights()).toEqual(weights);
  });

  it('have names of losses and metrics as objects, which Keras can read', async () => {
    const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
    model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['mae', 'accuracy'] });
    const path = join(folder, 'names.h5');
    await model.save(path);
    const again = await loadModel(path);
    expect(again.getCompileConfig()).toMatchObject({
      optimizer: { className: 'SGD', config: { momentum: 0 } },
      loss: { className: 'MeanSquaredError' },
      metrics: [{ className: 'MeanAbsoluteError' }, 'accuracy'],
    });
    expect(() => again.compile({ loss: 'mse', metrics: ['mae', 'accuracy'] })).not.toThrow();
  });

  it('have long lists of layers in several attributes', async () => {
    const deep = new Sequential([
      layers.input({ shape: [2] }),
      ...Array.from({ length: 4001 }, () => layers.identity()),
      layers.dense({ units: 1 }),
    ]);
    const path = join(folder, 'deep.h5');
    await deep.saveWeights(path);
    const before = await deep.getWeights();
    deep.setWeights(before.map(({ data, shape }) => new NDArray(new Float32Array(data.length), shape)));
    await deep.loadWeights(path);
    expect(await deep.getWeights()).toEqual(before);
  });

  it('are not written over others where overwrite is false, nor with the ending of weights', async () => {
    const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
    const path = join(folder, 'kept.h5');
    await model.save(path);
    const before = readFileSync(path);
    expect(await rejectionOf(model.save(path, { overwrite: false }))).toMatchObject({ code: 'IO' });
    expect(await rejectionOf(model.saveWeights(path, { overwrite: false }))).toMatchObject({ code: 'IO' });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(await rejectionOf(model.save(join(folder, 'no.weights.h5')))).toMatchObject({ code: 'ARGUMENT' });
  });
});

it('whole numbers that Keras takes as floats alone have a point', () => {
  const text = kerasText({
    momentum: 0,
    learning_rate: 1,
    name: '"momentum":0,',
    threshold: -2,
    momentum_2: 0,
    list: [{ beta: 1 }],
  });
  expect(text).toBe(
    '{"momentum":0.0,"learning_rate":1.0,"name":"\\"momentum\\":0,","threshold":-2.0,"momentum_2":0,"list":[{"beta":1.0}]}',
  );
});

describe('files that are no models', () => {
  it('of weights alone is told from a model', async () => {
    const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
    const path = join(folder, 'only.weights.h5');
    await model.saveWeights(path);
    expect(await rejectionOf(loadModel(path))).toMatchObject({
      code: 'IO',
      message: expect.stringContaining('weights alone, for loadWeights') as string,
    });
  });
});

// The library would follow the objects without end, or take the memory that the length says.
it.each<[string, (bytes: Buffer, heap: number) => void, RegExp]>([
  ['an object of no size', (bytes, heap) => bytes.fill(0, heap + 16, heap + 80), /an object of no size/],
  [
    'an object that ends after it',
    (bytes, heap) => bytes.writeUInt32LE(0xfffffff0, heap + 24),
    /beyond its end/,
  ],
  [
    'texts longer than the file',
    // After the datatype, in 24 bytes, and that there is one text, in 8.
    (bytes) => bytes.writeUInt32LE(0x10000000, bytes.indexOf(Buffer.from([0x19, 0x01])) + 32),
    /at most \d+ bytes of 'keras_version'/,
  ],
])('a heap of texts with %s is refused', async (_, change, message) => {
  const path = fileOf('sequential');
  const bytes = readFileSync(path);
  const heap = bytes.indexOf('GCOL\x01\0\0\0');
  expect(heap).toBeGreaterThan(0);
  change(bytes, heap); // its objects begin after 16 bytes
  writeFileSync(path, bytes);
  expect(await rejectionOf(loadModel(path))).toMatchObject({
    code: 'IO',
    message: expect.stringMatching(message) as string,
  });
});
