import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { NDArray } from '../lib/core/ndarray.js';
import * as layers from '../lib/layers/index.js';
import * as losses from '../lib/losses/index.js';
import { Sequential } from '../lib/models/index.js';
import * as optimizers from '../lib/optimizers/index.js';

const IDS = 50;
const samples = 24;
const ids = new NDArray(
  // Some ids often, most never.
  Int32Array.from({ length: samples * 6 }, (_, i) => (i * i) % 17),
  [samples, 6],
);
const labels = new NDArray(
  Float32Array.from({ length: samples }, (_, i) => Number(ids.data[6 * i]! > 4)),
  [samples, 1],
);

/** The weights after two epochs; cut: the gradients go through a clip that changes nothing. */
async function trained(make: (options: object) => optimizers.Optimizer, cut: boolean) {
  const model = new Sequential([
    layers.input({ shape: [6], dtype: 'int32' }),
    layers.embedding({ inputDim: IDS, outputDim: 8 }),
    layers.flatten(),
    layers.dense({ units: 1, activation: 'sigmoid' }),
  ]);
  const numbers = (size: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i) / 4);
  model.setWeights([
    new NDArray(numbers(IDS * 8), [IDS, 8]),
    new NDArray(numbers(48), [48, 1]),
    new NDArray(numbers(1), [1]),
  ]);
  model.compile({ optimizer: make(cut ? { clipvalue: 1e30 } : {}), loss: 'binaryCrossentropy' });
  await model.fit(ids, labels, { batchSize: 8, epochs: 2, seed: 1, verbose: 0 });
  const weights = await model.getWeights();
  model.dispose();
  return weights;
}

describe('training an embedding', () => {
  it.each<[string, (options: object) => optimizers.Optimizer]>([
    ['sgd', (o) => optimizers.sgd({ learningRate: 0.1, ...o })],
    ['momentum', (o) => optimizers.sgd({ learningRate: 0.1, momentum: 0.9, ...o })],
    ['rmsprop', (o) => optimizers.rmsprop(o)],
    ['adam', (o) => optimizers.adam(o)],
    ['adamW', (o) => optimizers.adamW(o)],
    ['adadelta', (o) => optimizers.adadelta(o)],
  ])('%s: the update from rows is that of the whole table, bit for bit', async (_, make) => {
    const [rows, whole] = [await trained(make, false), await trained(make, true)];
    rows.forEach((weight, i) => expect(weight.data).toEqual(itemAt(whole, i).data));
    const start = Float32Array.from({ length: IDS * 8 }, (_, i) => Math.sin(i) / 4);
    expect(firstOf(rows).data).not.toEqual(start);
  });

  it('an id out of range leaves the weights as they were', async () => {
    const model = new Sequential([
      layers.input({ shape: [1], dtype: 'int32' }),
      layers.embedding({ inputDim: 3, outputDim: 2 }),
      layers.flatten(),
      layers.dense({ units: 1 }),
    ]);
    model.compile({ optimizer: optimizers.adam(), loss: 'meanSquaredError' });
    const before = await model.getWeights();
    const wrong = new NDArray(Int32Array.of(0, 3), [2, 1]);
    const targets = new NDArray(Float32Array.of(0, 1), [2, 1]);
    await expect(model.fit(wrong, targets, { verbose: 0 })).rejects.toMatchObject({ code: 'ARGUMENT' });
    const after = await model.getWeights();
    after.forEach((weight, i) => expect(weight.data).toEqual(itemAt(before, i).data));
    model.dispose();
  });

  it.each([
    { form: 'an int32 input', input: { dtype: 'int32' } as const },
    { form: 'a float32 input', input: {} },
  ])('ids that are no int32 are shown as they are: $form', async ({ input }) => {
    const model = new Sequential([
      layers.input({ shape: [2], ...input }),
      layers.embedding({ inputDim: 3, outputDim: 2 }),
    ]);
    for (const [id, text] of [
      [NaN, 'NaN'],
      [1e20, '1e\\+20'],
      [-Infinity, '-inf'],
    ] as const)
      await expect(model.predict([[0, id]])).rejects.toMatchObject({
        code: 'ARGUMENT',
        message: expect.stringMatching(new RegExp(`indices.*received ${text} at index 1`)) as string,
      });
    await expect(model.predict([[0, 3.9]])).rejects.toMatchObject({
      message: expect.stringMatching(/from 0 to 2, received 3 at index 1/) as string,
    });
    expect((await model.predict([[0, 2.9]])).shape).toEqual([1, 2, 2]);
  });

  it('class numbers, too, also in bfloat16', async () => {
    for (const dtypePolicy of ['float32', 'mixedBfloat16'] as const) {
      const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 300 })], {
        dtypePolicy,
      });
      model.compile({ loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
      await expect(model.testOnBatch([[0, 1]], [NaN])).rejects.toThrow(/indices.*received NaN at index 0/);
      // bfloat16 has no 299.
      model.setWeights([
        new Float32Array(600),
        Float32Array.from({ length: 300 }, (_, i) => Number(i === 299)),
      ]);
      const { loss } = await model.testOnBatch([[0, 1]], [299]);
      expect(loss).toBeCloseTo(Math.log(299 + Math.E) - 1, 3);
    }
  });
});
