// What a step asks of the GPU, counted by the emulated one: one graph, what names its samples, and nothing to wait for.
import { beforeAll, describe, expect, it } from 'vitest';
import { Sequential, callbacks, type Tensor, layers, ops, setDevice, tensor } from '../../../lib/index.js';
import { type Counts, counts, useEmulatedGpu } from './gpu.js';

beforeAll(useEmulatedGpu);

const SAMPLES = 160;

/** Numbers from 0 to 1, each time the same. */
const numbersOf = (count: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.abs(Math.sin(1 + 3 * i)));
const images = (samples = SAMPLES) => tensor(numbersOf(samples * 4), [samples, 4]);
const labels = (samples = SAMPLES) =>
  tensor(
    Int32Array.from({ length: samples }, (_, i) => (i * 7) % 3),
    [samples],
  );

/** A net with all that a step may have to draw or to count. */
function net(stepsPerExecution = 1000): Sequential {
  const model = new Sequential(
    [
      layers.input({ shape: [4] }),
      layers.dense({ units: 6, activation: 'relu' }),
      layers.batchNormalization(),
      layers.dropout({ rate: 0.2 }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
    { seed: 3 },
  );
  model.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    stepsPerExecution,
  });
  return model;
}

const weightsOf = async (model: Sequential) =>
  (await model.getWeights()).map(({ data }) => [
    ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);

const difference = (a: Counts, b: Counts): Counts => ({
  kernels: a.kernels - b.kernels,
  graphs: a.graphs - b.graphs,
  copies: a.copies - b.copies,
  allocations: a.allocations - b.allocations,
  waits: a.waits - b.waits,
});

/** What an epoch asks for after two in which all is planned and recorded. A callback has all of its steps made by one call of the engine. */
async function countEpoch(model: Sequential, x: Tensor, y: Tensor, batchSize: number): Promise<Counts> {
  const fit = (epochs: number) =>
    model.fit(x, y, {
      batchSize,
      epochs,
      seed: 1,
      verbose: 0,
      callbacks: [callbacks.lambdaCallback({ onTrainBatchEnd: () => undefined })],
    });
  await fit(3);
  const before = counts();
  await fit(1);
  return difference(counts(), before);
}

describe('a step of fit', () => {
  it('is one graph and the upload of its rows: no kernel, no allocation, no wait', async () => {
    const [model, x, y] = [net(), images(), labels()];
    const [twenty, ten] = [await countEpoch(model, x, y, 8), await countEpoch(model, x, y, 16)];
    expect(difference(twenty, ten)).toEqual({ kernels: 0, graphs: 10, copies: 10, allocations: 0, waits: 0 });
    expect(twenty).toMatchObject({ graphs: 20, waits: 0 });
  });

  it('has its loss read without a wait, each step', async () => {
    const model = net(1);
    const losses: number[] = [];
    const [x, y] = [images(), labels()];
    const fit = () =>
      model.fit(x, y, {
        batchSize: 8,
        seed: 1,
        verbose: 0,
        callbacks: [
          callbacks.lambdaCallback({ onTrainBatchEnd: (_, logs) => void losses.push(logs['loss']!) }),
        ],
      });
    await fit();
    const before = counts();
    await fit();
    expect(difference(counts(), before)).toMatchObject({ graphs: 20, waits: 0 });
    expect(losses.length).toBe(40);
    expect(new Set(losses).size).toBe(40);
  });

  it('has the same bits with the data on the GPU as with batches that come from the host', async () => {
    const [x, y] = [images(), labels()];
    const there = net();
    await there.fit(x, y, { batchSize: 16, epochs: 2, shuffle: false, seed: 1, verbose: 0 });
    const here = net();
    const batches = async function* () {
      for (let i = 0; i < SAMPLES; i += 16)
        yield [ops.slice(x, [i, 0], [16, 4]), ops.slice(y, [i], [16])] as [Tensor, Tensor];
    };
    await here.fit({ [Symbol.asyncIterator]: batches }, { epochs: 2, seed: 1, verbose: 0 });
    expect(await weightsOf(there)).toEqual(await weightsOf(here));
  });

  it('leaves the data to those who read it, on either device', async () => {
    const [x, y] = [images(), labels()];
    const model = net();
    await model.fit(x, y, { batchSize: 32, verbose: 0 });
    expect([...x.dataSync()]).toEqual([...numbersOf(SAMPLES * 4)]);
    const predicted = await model.predict(x, { batchSize: 64, verbose: 0 });
    const alone = await model.predictOnBatch(x);
    expect([...predicted.dataSync()]).toEqual([...alone.dataSync()]);
    setDevice('cpu');
    expect(ops.sum(y).dataSync()[0]).toBe([...labels().dataSync()].reduce((a, b) => a + b));
    setDevice('cuda');
  });

  it('that refuses a label leaves the weights as they were', async () => {
    const wrong = Int32Array.from(labels().dataSync());
    wrong[90] = 3;
    const model = net();
    const before = await weightsOf(model);
    const fitted = model.fit(images(), tensor(wrong, [SAMPLES]), { batchSize: SAMPLES, seed: 1, verbose: 0 });
    await expect(fitted).rejects.toThrow('received 3');
    expect(await weightsOf(model)).toEqual(before);
  });
});

describe('uploads', () => {
  it('of more than there is pinned memory for arrive whole', async () => {
    const count = 9 << 20;
    const x = tensor(Float32Array.from({ length: count }, (_, i) => i % 8191));
    const y = await ops.multiply(x, 2).data();
    expect(y.findIndex((number, i) => number !== 2 * (i % 8191))).toBe(-1);
  });

  it('of more than may be on their way at once keep their order', async () => {
    const sums = Array.from({ length: 700 }, (_, i) => ops.add(tensor([i, -i]), 1));
    const read = await Promise.all(sums.map((sum) => sum.data()));
    expect(read.map(([a, b]) => [a, b])).toEqual(read.map((_, i) => [i + 1, 1 - i]));
  });
});
