import { Dataset, NDArray, Sequential, callbacks, layers, optimizers, utils } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;

/** A net with dropout, always with the same weights. */
function net(): Sequential {
  const model = new Sequential(
    [
      layers.input({ shape: [3] }),
      layers.dense({ units: 8, activation: 'relu' }),
      layers.dropout({ rate: 0.25 }),
      layers.dense({ units: 1 }),
    ],
    { seed: 5 },
  );
  model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss: 'mse' });
  return model;
}

const samples = 40;
const x = new NDArray(
  Float32Array.from({ length: samples * 3 }, (_, i) => Math.sin(i)),
  [samples, 3],
);
const y = Float32Array.from({ length: samples }, (_, i) => Math.cos(i));
const pairs = () => Dataset.fromArrays(x, y);
const shuffled = () => pairs().shuffle(16, { seed: 3 }).batch(6);

const weightsOf = async (model: Sequential) => (await model.getWeights()).map(({ data }) => [...data]);

describe('fit on a Dataset', () => {
  it('makes the steps that it makes on the same arrays', async () => {
    const options = { ...quiet, epochs: 3, seed: 2 };
    const [onArrays, onDataset] = [net(), net()];
    const arrays = await onArrays.fit(x, y, {
      ...options,
      batchSize: 6,
      shuffle: false,
      validationData: [x, y],
      validationBatchSize: 7,
    });
    const dataset = await onDataset.fit(pairs().batch(6), undefined, {
      ...options,
      validationData: pairs().batch(7),
    });
    expect(dataset.history).toEqual(arrays.history);
    expect(await weightsOf(onDataset)).toEqual(await weightsOf(onArrays));
    expect(await onDataset.evaluate(pairs().batch(7), quiet)).toEqual(
      await onArrays.evaluate(x, y, { ...quiet, batchSize: 7 }),
    );
  });

  it('predicts for pairs and for inputs alone', async () => {
    const model = net();
    const wanted = await (await model.predict(x, { batchSize: 9 })).data();
    expect(await (await model.predict(pairs().batch(9))).data()).toEqual(wanted);
    expect(await (await model.predict(Dataset.fromArrays(x).batch(9))).data()).toEqual(wanted);
  });

  it('tells callbacks how many steps there are', async () => {
    const params: unknown[] = [];
    const tell = callbacks.lambdaCallback({ onTrainBegin: () => void params.push(tell.params?.['steps']) });
    await net().fit(pairs().batch(6), undefined, { ...quiet, callbacks: tell });
    await net().fit(
      pairs()
        .filter(() => true)
        .batch(6),
      undefined,
      { ...quiet, callbacks: tell },
    );
    expect(params).toEqual([7, undefined]);
  });

  it('begins each epoch in an order of its own, again in another run', async () => {
    const run = async (options: object) => {
      const orders: number[][] = [];
      const dataset = Dataset.fromArrays(x, y)
        .map(([row, target], index) => {
          if (index === 0) orders.push([]);
          return [row, target] as const;
        })
        .shuffle(40, { seed: 4 })
        .map(([row, target]) => {
          orders.at(-1)?.push(target.data[0] ?? NaN);
          return [row, target] as const;
        })
        .batch(10);
      await net().fit(dataset, undefined, { ...quiet, ...options });
      return orders;
    };
    const whole = await run({ epochs: 3 });
    expect(whole.map((order) => order.length)).toEqual([40, 40, 40]);
    expect(whole[0]).not.toEqual(whole[1]);
    expect(await run({ epochs: 3 })).toEqual(whole);
    // A later program that goes on with the second epoch.
    expect(await run({ epochs: 3, initialEpoch: 1 })).toEqual(whole.slice(1));
  });

  it('goes on within an epoch from a saved place, bit for bit', async () => {
    const whole = net();
    const options = { ...quiet, epochs: 2, seed: 9 };
    await whole.fit(shuffled(), undefined, options);

    // Stops after the third step of the second epoch.
    const dataset = shuffled();
    const first = net();
    let state: string | undefined;
    let epochs = 0;
    const stop = callbacks.lambdaCallback({
      onEpochBegin: (epoch) => void (epochs = epoch),
      onTrainBatchEnd: (batch) => {
        if (epochs !== 1 || batch !== 2) return;
        state = JSON.stringify(dataset.state());
        first.stopTraining = true;
      },
    });
    await first.fit(dataset, undefined, { ...options, callbacks: stop });
    expect(JSON.parse(state ?? '')).toMatchObject({ pass: 1, position: 3 });
    // The same model goes on: its masks and slots are where they were.
    await first.fit(shuffled().restore(JSON.parse(state ?? '') as never), undefined, {
      ...quiet,
      epochs: 2,
      initialEpoch: 1,
    });
    expect(await weightsOf(first)).toEqual(await weightsOf(whole));
  });

  it('needs the number of steps where there is no end', async () => {
    const endless = shuffled().repeat();
    const model = net();
    const wrong = { code: 'ARGUMENT', message: expect.stringContaining('stepsPerEpoch') };
    expect(await rejectionOf(model.fit(endless, undefined, quiet))).toMatchObject(wrong);
    expect(await rejectionOf(model.evaluate(endless, quiet))).toMatchObject({ code: 'ARGUMENT' });
    const { history } = await model.fit(endless, undefined, { ...quiet, epochs: 3, stepsPerEpoch: 5 });
    expect(history['loss']).toHaveLength(3);
  });

  it('rejects with the error of the user, and closes what it read', async () => {
    const mine = new Error('mine');
    let closed = 0;
    const failing = Dataset.fromGenerator(async function* () {
      try {
        for (let i = 0; ; i++) {
          if (i === 20) throw mine;
          yield await Promise.resolve([Float32Array.of(1, 2, 3), i] as const);
        }
      } finally {
        closed++;
      }
    });
    await expect(net().fit(failing.batch(2), undefined, quiet)).rejects.toBe(mine);
    expect(closed).toBe(1);
    await net().fit(failing.batch(2), undefined, { ...quiet, stepsPerEpoch: 2 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(2);
  });

  it('ends with the signal while the dataset is pending', async () => {
    const controller = new AbortController();
    const pending = Dataset.fromGenerator(async function* () {
      yield [Float32Array.of(1, 2, 3), 1] as const;
      controller.abort();
      await new Promise(() => undefined);
    });
    const run = net().fit(pending.batch(1), undefined, { ...quiet, signal: controller.signal });
    expect(await rejectionOf(run)).toMatchObject({ code: 'ABORTED' });
  });

  it('makes batches while a step runs', async () => {
    const made: number[] = [];
    const dataset = pairs()
      .batch(10)
      .map((batch, index) => {
        made.push(index);
        return batch;
      });
    const seen: number[] = [];
    const watch = callbacks.lambdaCallback({ onTrainBatchBegin: () => void seen.push(made.length) });
    await net().fit(dataset, undefined, { ...quiet, callbacks: watch });
    // Before the first step its batch is there and the next ones are asked for.
    expect(made).toEqual([0, 1, 2, 3]);
    expect(seen.at(-1)).toBe(4);
    expect(seen[1]).toBeGreaterThan(2);
  });
});

describe('what takes a Dataset', () => {
  it('adapt of normalization and of texts', async () => {
    const [whole, streamed] = [layers.normalization(), layers.normalization()];
    await whole.adapt(x);
    await streamed.adapt(pairs().batch(7));
    const [mean, other] = await Promise.all(
      [whole, streamed].map(async (layer) => [...((await layer.getWeights())[0]?.data ?? [])]),
    );
    expect(other).toHaveLength(3);
    other?.forEach((value, i) => expect(value).toBeCloseTo(mean?.[i] ?? NaN, 6));
    const vectorize = layers.textVectorization();
    await vectorize.adapt(Dataset.fromArrays(['foo bar', 'bar baz', 'baz bada boom']).batch(2));
    expect(vectorize.getVocabulary()).toEqual(['', '[UNK]', 'baz', 'bar', 'foo', 'boom', 'bada']);
  });

  it('splitDataset', async () => {
    const numbers = () => Dataset.fromArrays(Int32Array.from({ length: 10 }, (_, i) => i));
    const list = async (dataset: Dataset<NDArray>) => (await dataset.toArray()).map(({ data }) => data[0]);
    const [left, right] = utils.splitDataset(numbers(), { leftSize: 0.7 });
    expect([await list(left), await list(right)]).toEqual([
      [0, 1, 2, 3, 4, 5, 6],
      [7, 8, 9],
    ]);
    const [a, b] = utils.splitDataset(numbers(), { leftSize: 4, rightSize: 3, shuffle: true, seed: 1 });
    const [first, second] = [await list(a), await list(b)];
    expect([await list(a), await list(b)]).toEqual([first, second]);
    expect(new Set([...first, ...second]).size).toBe(7);
    expect(first).not.toEqual([0, 1, 2, 3]);
    const unknown = numbers().filter(() => true);
    expect(() => utils.splitDataset(unknown, { leftSize: 0.5 })).toThrow(/cardinality/);
  });

  it('timeseriesDatasetFromArray gives one', () => {
    const series = utils.timeseriesDatasetFromArray(y, y, { sequenceLength: 4, batchSize: 10 });
    expect(series).toBeInstanceOf(Dataset);
    expect(series.cardinality()).toBe(4);
  });
});
