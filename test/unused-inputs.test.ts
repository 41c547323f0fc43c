import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Model, type Tensor, cloneModel, layers, loadModel, modelFromJson, optimizers } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { itemAt, mapTuple } from '../lib/base/list.js';
import { rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;

describe('a model with inputs that lead to no output, as in Keras', () => {
  const spare = () => {
    const [a, b, c] = mapTuple(['a', 'b', 'c'], (name, i) => layers.input({ shape: [i + 1], name }));
    const hidden = layers.dense({ units: 4, activation: 'tanh', name: 'hidden' }).apply(b);
    return new Model({
      inputs: [c, b, a],
      outputs: layers.dense({ units: 1, name: 'head' }).apply(hidden),
    });
  };
  const x = [[[1, 2, 3]], [[0.5, -1]], [[9]]];
  const others = [[[NaN, 0, 7]], [[0.5, -1]], [[-Infinity]]];

  it('has its layers in the order of Keras', () => {
    expect(spare().layers.map(({ name }) => name)).toEqual(['b', 'hidden', 'c', 'a', 'head']);
  });

  it('predicts and trains by the others alone', async () => {
    const model = spare();
    const before = await (await model.predict(x, quiet)).array();
    expect(await (await model.predict(others, quiet)).array()).toEqual(before);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
    const { history } = await model.fit(others, [[1]], { ...quiet, epochs: 50 });
    expect(history['loss']?.at(-1)).toBeLessThan(1e-4);
    const { loss } = await model.evaluate(x, [[1]], quiet);
    expect(loss).toBeLessThan(1e-4);
    const named = { a: itemAt(x, 2), b: itemAt(x, 1), c: itemAt(x, 0) };
    expect(await model.evaluate(named, [[1]], quiet)).toEqual({ loss });
  });

  it('asks for all of them, each of its shape', async () => {
    expect((await rejectionOf(spare().predict([[[0.5, -1]]], quiet))).code).toBe('ARGUMENT');
    expect((await rejectionOf(spare().predict([[[1, 2]], [[0.5, -1]], [[9]]], quiet))).code).toBe('SHAPE');
  });

  it('comes again from JSON, from files and as a clone', async () => {
    const model = spare();
    const expected = await (await model.predict(x, quiet)).array();
    const folder = await mkdtemp(join(tmpdir(), 'nodegrad-'));
    const path = join(folder, 'spare.keras');
    await model.save(path);
    const ofFile = await loadModel(path);
    await rm(folder, { recursive: true });
    const made = [modelFromJson(JSON.stringify(model)), cloneModel(model)];
    const weights = await model.getWeights();
    for (const other of made) other.setWeights(weights);
    for (const other of [ofFile, ...made]) {
      expect(other.inputNames).toEqual(['c', 'b', 'a']);
      expect(other.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
      expect(await ((await other.predict(x, quiet)) as Tensor).array()).toEqual(expected);
    }
  });

  it('may begin within a model', async () => {
    const a = layers.input({ shape: [2] });
    const hidden = layers.dense({ units: 3 }).apply(a);
    const part = new Model({ inputs: [hidden, a], outputs: layers.rescaling({ scale: 2 }).apply(a) });
    const y = await part.predict([[[7, 8, 9]], [[1, 2]]], quiet);
    expect(await y.array()).toEqual([[2, 4]]);
  });

  it('is a layer of another model', async () => {
    const [a, b] = [layers.input({ shape: [2] }), layers.input({ shape: [3] })];
    const inner = new Model({ inputs: [a, b], outputs: layers.rescaling({ scale: 2 }).apply(a) });
    const [c, d] = [layers.input({ shape: [2] }), layers.input({ shape: [3] })];
    const outer = new Model({ inputs: [c, d], outputs: inner.apply([c, d]) });
    expect(await (await outer.predict([[[1, 2]], [[3, 4, 5]]], quiet)).array()).toEqual([[2, 4]]);
  });
});
