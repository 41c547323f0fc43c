import { itemAt, mapTuple } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../lib/core/ndarray.js';
import * as layers from '../lib/layers/index.js';
import { Model, Sequential } from '../lib/models/index.js';
import * as ops from '../lib/ops/index.js';
import * as optimizers from '../lib/optimizers/index.js';
import type { Sym } from '../lib/core/sym.js';
import type { Tensor } from '../lib/core/tensor.js';

const samples = 50;
const x = new NDArray(
  Float32Array.from({ length: samples * 3 }, (_, i) => Math.sin(i)),
  [samples, 3],
);
const y = new NDArray(
  Float32Array.from({ length: samples }, (_, i) => Math.cos(i)),
  [samples, 1],
);

function net(): Sequential {
  const model = new Sequential(
    [
      layers.input({ shape: [3] }),
      layers.dense({ units: 8, activation: 'tanh' }),
      layers.dense({ units: 1 }),
    ],
    { seed: 3 },
  );
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0.5 }), loss: 'mse' });
  return model;
}

const numbers = async (model: Sequential, batchSize: number) =>
  Array.from(await (await model.predict(x, { batchSize })).data());

describe('predict', () => {
  it.each([1, 7, 25, 50, 64])('puts batches of %d one after another', async (batchSize) => {
    const model = net();
    const one = Array.from(await (await model.predictOnBatch(x)).data());
    const all = await model.predict(x, { batchSize });
    expect(all.shape).toEqual([samples, 1]);
    // Another batch size may take another kernel: a few roundings of sums of 8.
    (await all.data()).forEach((value, i) => expect(Math.abs(value - itemAt(one, i))).toBeLessThan(1e-5));
  });

  it('gives every output of a model whole', async () => {
    const input = layers.input({ shape: [3] });
    const wide = layers.dense({ units: 4 }).apply(input);
    const narrow = layers.dense({ units: 2 }).apply(wide);
    const model = new Model({ inputs: input, outputs: [wide, narrow] });
    const [a, b] = await model.predict(x, { batchSize: 8 });
    expect([a.shape, b.shape]).toEqual([
      [samples, 4],
      [samples, 2],
    ]);
    const [c, d] = await model.predict(x, { batchSize: samples });
    for (const [parts, whole] of [
      [a, c],
      [b, d],
    ] as const) {
      const expected = await whole.data();
      (await parts.data()).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    }
  });

  it('gives outputs in the structure in which the model has them', async () => {
    const input = layers.input({ shape: [3] });
    const [a, b] = mapTuple([2, 1], (units) => layers.dense({ units }).apply(input));
    const shapesOf = (outputs: Record<string, Tensor>) =>
      Object.entries(outputs).map(([name, { shape }]) => [name, ...shape]);
    const one: Tensor = await new Model({ inputs: input, outputs: a }).predict(x);
    const alone: Tensor = await new Model({ inputs: input, outputs: [a] }).predict(x);
    expect([one.shape, alone.shape]).toEqual([
      [samples, 2],
      [samples, 2],
    ]);
    const list: [Tensor, Tensor] = await new Model({ inputs: input, outputs: [a, b] }).predictOnBatch(x);
    expect(list.map(({ shape }) => shape)).toEqual([
      [samples, 2],
      [samples, 1],
    ]);
    const model = new Model({ inputs: input, outputs: { wide: a, narrow: b } });
    const config = JSON.parse(JSON.stringify(model.getConfig())) as Record<string, unknown>;
    const again = Model.fromConfig(config) as typeof model;
    for (const named of [model, again]) {
      const results: { wide: Tensor; narrow: Tensor } = await named.predict(x, { batchSize: 8 });
      for (const record of [results, await named.predictOnBatch(x), await named.predict(batches())])
        expect(shapesOf(record)).toEqual([
          ['wide', samples, 2],
          ['narrow', samples, 1],
        ]);
    }
    function* batches() {
      yield [x] as const;
    }
  });

  it('and these measure by the names of a record', async () => {
    const input = layers.input({ shape: [3] });
    const [a, b] = mapTuple([2, 1], (units) =>
      layers.dense({ units, kernelInitializer: 'zeros' }).apply(input),
    );
    const model = new Model({ inputs: input, outputs: { wide: a, narrow: b } });
    model.compile({ optimizer: 'sgd', loss: { wide: 'mse', narrow: 'mae' }, metrics: { narrow: ['mse'] } });
    const ones = new NDArray(new Float32Array(samples).fill(1), [samples, 1]);
    const twos = new NDArray(new Float32Array(2 * samples).fill(2), [samples, 2]);
    const logs = await model.evaluate(x, { wide: twos, narrow: ones }, { verbose: 0 });
    expect(logs).toEqual({ loss: 5, wide_loss: 4, narrow_loss: 1, narrow_mse: 1 });
  });

  it('runs thousands of batches one after another', async () => {
    const count = 3000;
    const rows = new NDArray(
      Float32Array.from({ length: count }, (_, i) => i),
      [count, 1],
    );
    const model = new Sequential([layers.input({ shape: [1] }), layers.rescaling({ scale: 2 })]);
    const result = await (await model.predict(rows, { batchSize: 1 })).data();
    expect(result).toEqual(Float32Array.from({ length: count }, (_, i) => 2 * i));
  });

  it('8 at once and a fit that waits for them: each gives what it gives alone', async () => {
    const model = net();
    const sizes = [1, 2, 3, 5, 8, 13, 21, 34];
    const alone = [];
    for (const size of sizes) alone.push(await numbers(model, size));
    const flying = sizes.map((size) => numbers(model, size));
    const fit = model.fit(x, y, { epochs: 3, verbose: 0, seed: 1 });
    await expect(model.fit(x, y, { verbose: 0 })).rejects.toMatchObject({ code: 'STATE' });
    expect(await Promise.all(flying)).toEqual(alone);
    const { history } = await fit;
    expect(history['loss']).toHaveLength(3);
    const other = net();
    await other.fit(x, y, { epochs: 3, verbose: 0, seed: 1 });
    expect(await numbers(model, 32)).toEqual(await numbers(other, 32));
    expect(await numbers(model, 1)).not.toEqual(alone[0]);
  });

  it('a failed call leaves the next fit free', async () => {
    const model = new Sequential([
      layers.input({ shape: [2], dtype: 'int32' }),
      layers.embedding({ inputDim: 3, outputDim: 2 }),
      layers.flatten(),
      layers.dense({ units: 1 }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const wrong = new NDArray(Int32Array.of(0, 1, 0, 9, 2, 1), [3, 2]);
    const failing = model.predict(wrong, { batchSize: 1 });
    const fit = model.fit(new NDArray(Int32Array.of(0, 1), [1, 2]), [[1]], { verbose: 0 });
    await expect(failing).rejects.toMatchObject({ code: 'ARGUMENT' });
    expect((await fit).history['loss']).toHaveLength(1);
  });

  it('ends with ABORTED where its signal says so', async () => {
    await expect(net().predict(x, { batchSize: 1, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it('refuses outputs without samples in several batches', async () => {
    class Total extends layers.Layer {
      readonly className = 'Total';
      call(value: Sym): Sym {
        return ops.sum(value);
      }
    }
    const input = layers.input({ shape: [3] });
    const model = new Model({ inputs: input, outputs: new Total().apply(input) });
    await expect(model.predict(x, { batchSize: 8 })).rejects.toMatchObject({
      code: 'SHAPE',
      message: expect.stringMatching(/samples first.*scalar/) as string,
    });
    expect((await model.predict(x, { batchSize: samples })).shape).toEqual([]);
  });
});
