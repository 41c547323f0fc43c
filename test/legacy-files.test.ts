// Models in the HDF5 format of Keras 2, written by Keras (test/fixtures/make_legacy_models.py).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { NDArray, Sequential, type Tensor, layers, loadModel } from '../lib/index.js';
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
