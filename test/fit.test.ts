import { firstOf, itemAt } from '../lib/base/list.js';
import { NDArray, Sequential, callbacks, layers, optimizers, setSeed, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { blobs } from './support/blobs.js';
import { rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;

function classifier(seed = 1): Sequential {
  const model = new Sequential(
    [
      layers.input({ shape: [2] }),
      layers.dense({ units: 16, activation: 'relu' }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.05 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}

/** y = w x with one weight, at first 0: its steps can be followed by hand. */
function line(learningRate = 0.5): Sequential {
  const model = new Sequential([
    layers.input({ shape: [1] }),
    layers.dense({ units: 1, useBias: false, kernelInitializer: 'zeros' }),
  ]);
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse', metrics: ['mae'] });
  return model;
}

const weightOf = async (model: Sequential) => firstOf(await model.getWeights()).data[0]!;

describe('fit learns', () => {
  it('tells blobs apart, and evaluate and predict agree', async () => {
    const { x, y, labels } = blobs(300);
    const model = classifier();
    const history = await model.fit(x, y, { ...quiet, epochs: 5, seed: 1 });
    expect(history.epoch).toEqual([0, 1, 2, 3, 4]);
    expect(Object.keys(history.history)).toEqual(['loss', 'accuracy']);
    expect(history.history['loss']!.at(-1)).toBeLessThan(firstOf(history.history['loss']!));
    const { loss, accuracy } = await model.evaluate(x, y, quiet);
    expect(accuracy).toBeGreaterThan(0.97);
    const probabilities = await model.predict(x, quiet);
    expect(probabilities.shape).toEqual([300, 3]);
    const p = await probabilities.data();
    let [right, sum] = [0, 0];
    labels.forEach((label, i) => {
      const row = [...p.subarray(3 * i, 3 * i + 3)];
      right += Number(row.indexOf(Math.max(...row)) === label);
      sum -= Math.log(itemAt(row, label));
    });
    expect(accuracy).toBeCloseTo(right / 300, 6);
    expect(loss).toBeCloseTo(sum / 300, 4);
  });

  it('one step by hand: w = w - rate · d mean((w x - y)²)/dw', async () => {
    const model = line(0.25);
    const { history } = await model.fit([[1], [3]], [[2], [4]], { ...quiet, batchSize: 2, shuffle: false });
    // At w = 0 the loss is (4 + 16) / 2, its slope -(2 · 1 · 2 + 2 · 3 · 4) / 2 = -14.
    expect(history).toEqual({ loss: [10], mae: [3] });
    expect(await weightOf(model)).toBeCloseTo(3.5, 6);
  });

  it('a short last batch counts by its samples', async () => {
    const model = line(0);
    const { history } = await model.fit([1, 2, 3, 4, 5], [1, 2, 3, 4, 10], { ...quiet, batchSize: 2 });
    expect(history['loss']![0]).toBeCloseTo((1 + 4 + 9 + 16 + 100) / 5, 4);
    expect(history['mae']![0]).toBeCloseTo(20 / 5, 5);
    const { loss } = await model.evaluate([1, 2, 3, 4, 5], [1, 2, 3, 4, 10], { ...quiet, batchSize: 4 });
    expect(loss).toBeCloseTo(26, 4);
    expect((await model.predict([1, 2, 3, 4, 5], { ...quiet, batchSize: 2 })).shape).toEqual([5, 1]);
  });

  it('epochs and initialEpoch count as in Keras', async () => {
    const model = line(0);
    const { epoch } = await model.fit([1, 2], [1, 2], { ...quiet, epochs: 5, initialEpoch: 3 });
    expect(epoch).toEqual([3, 4]);
  });

  it('a new learning rate holds from the next step', async () => {
    const model = line(0.5);
    const weights: number[] = [];
    const change = callbacks.lambdaCallback({
      onEpochEnd: async (epoch) => {
        weights.push(await weightOf(model));
        if (epoch === 0) model.optimizer.learningRate = 0;
      },
    });
    await model.fit([1], [1], { ...quiet, epochs: 3, callbacks: [change] });
    expect(weights).toEqual([1, 1, 1]);
    expect(model.optimizer.learningRate).toBe(0);
  });

  it('frozen layers keep their weights', async () => {
    const { x, y } = blobs(64);
    const model = classifier();
    firstOf(model.layers).trainable = false;
    const before = await model.getWeights();
    await model.fit(x, y, quiet);
    const after = await model.getWeights();
    expect(firstOf(after).data).toEqual(firstOf(before).data);
    expect(itemAt(after, 2).data).not.toEqual(itemAt(before, 2).data);
  });
});

describe('forms of data', () => {
  const { x, y, rows, labels } = blobs(70);
  const oneHot = labels.map((label) => [0, 1, 2].map((k) => Number(k === label)));
  const passes = { ...quiet, epochs: 2 };
  const options = { ...passes, batchSize: 32, shuffle: false };

  function* batches() {
    for (let i = 0; i < 70; i += 32) yield [rows.slice(i, i + 32), labels.slice(i, i + 32)] as const;
  }
  const again = { [Symbol.iterator]: batches };
  const stream = {
    async *[Symbol.asyncIterator]() {
      for (const batch of batches()) {
        await new Promise((resolve) => setImmediate(resolve));
        yield batch;
      }
    },
  };

  it('all forms give the same numbers', async () => {
    const expected = (await classifier().fit(x, y, options)).history;
    expect(expected['loss']).toHaveLength(2);
    const forms: [string, (model: Sequential) => Promise<{ history: Record<string, number[]> }>][] = [
      ['nested arrays', (m) => m.fit(rows, labels, options)],
      [
        'targets [n, 1]',
        (m) =>
          m.fit(
            rows,
            labels.map((label) => [label]),
            options,
          ),
      ],
      ['flat typed arrays', (m) => m.fit(new Float32Array(rows.flat()), new Int32Array(labels), options)],
      ['float64', (m) => m.fit(new Float64Array(rows.flat()), new Uint8Array(labels), options)],
      ['tensors', (m) => m.fit(tensor(rows), tensor(labels, undefined, 'int32'), options)],
      ['lists', (m) => m.fit([x], [y], options)],
      ['an iterable', (m) => m.fit(again, passes)],
      ['an async iterable', (m) => m.fit(stream, passes)],
      [
        'a generator for one epoch each',
        async (m) => {
          const first = await m.fit(batches(), quiet);
          const second = await m.fit(batches(), quiet);
          return {
            history: Object.fromEntries(
              Object.keys(expected).map((k) => [k, [...first.history[k]!, ...second.history[k]!]]),
            ),
          };
        },
      ],
    ];
    for (const [name, fit] of forms) {
      const { history } = await fit(classifier());
      for (const key of ['loss', 'accuracy'])
        history[key]!.forEach((value, i) =>
          expect(value, `${name}: ${key}`).toBeCloseTo(itemAt(expected[key]!, i), 5),
        );
    }
  });

  it('one-hot targets take the categorical forms', async () => {
    const model = classifier();
    model.compile({ optimizer: 'sgd', loss: 'categorical_crossentropy', metrics: ['accuracy'] });
    const sparse = classifier();
    sparse.compile({ optimizer: 'sgd', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] });
    const a = await model.evaluate(x, oneHot, quiet);
    const b = await sparse.evaluate(x, y, quiet);
    expect(a['loss']).toBeCloseTo(b['loss']!, 5);
    expect(a['accuracy']).toBe(b['accuracy']);
  });

  it('bytes are cast in the step', async () => {
    const bytes = new Uint8Array([0, 255, 3, 4]);
    const model = classifier();
    const a = await model.predict(new NDArray(bytes, [2, 2]), quiet);
    const b = await model.predict(
      [
        [0, 255],
        [3, 4],
      ],
      quiet,
    );
    expect(await a.data()).toEqual(await b.data());
  });

  it('evaluate and predict take iterables too', async () => {
    const model = classifier();
    const expected = await model.evaluate(x, y, quiet);
    const streamed = await model.evaluate(stream, quiet);
    expect(streamed['loss']).toBeCloseTo(expected['loss']!, 5);
    expect(streamed['accuracy']).toBeCloseTo(expected['accuracy']!, 6);
  });
});

describe('validation', () => {
  it('validationData is judged after each epoch', async () => {
    const model = line(0);
    const { history } = await model.fit([1, 2], [1, 2], {
      ...quiet,
      epochs: 2,
      validationData: [[3], [5]],
    });
    expect(Object.keys(history)).toEqual(['loss', 'mae', 'val_loss', 'val_mae']);
    expect(history['val_loss']).toEqual([25, 25]);
    expect(history['val_mae']).toEqual([5, 5]);
  });

  it('validationSplit keeps the last samples', async () => {
    const model = line(0);
    const { history } = await model.fit([1, 1, 1, 1], [1, 1, 1, 7], { ...quiet, validationSplit: 0.25 });
    expect(history['loss']).toEqual([1]);
    expect(history['val_loss']).toEqual([49]);
  });

  it('validationSteps judge the same samples each time', async () => {
    const model = line(0);
    model.optimizer.learningRate = 0;
    const { history } = await model.fit([1], [1], {
      ...quiet,
      epochs: 2,
      validationData: [
        [1, 1],
        [1, 3],
      ],
      validationBatchSize: 1,
      validationSteps: 1,
    });
    expect(history['val_loss']).toEqual([1, 1]);
  });

  it('weights of the validation count', async () => {
    const model = line(0);
    const { history } = await model.fit([1], [1], {
      ...quiet,
      validationData: [
        [1, 1],
        [1, 3],
        [1, 0],
      ],
    });
    expect(history['val_loss']![0]).toBeCloseTo(0.5, 6);
  });
});

describe('weights of samples', () => {
  const x = [1, 1, 1];
  const y = [1, 2, 3];

  it('sampleWeight scales losses, divided by the count; weighted metrics divide by the weights', async () => {
    const model = line(0.5);
    model.compile({
      optimizer: optimizers.sgd({ learningRate: 0.5 }),
      loss: 'mse',
      metrics: ['mae'],
      weightedMetrics: ['mse'],
    });
    const sampleWeight = [1, 0.5, 2];
    const { history } = await model.fit(x, y, { ...quiet, sampleWeight });
    expect(history['loss']![0]).toBeCloseTo((1 + 0.5 * 4 + 2 * 9) / 3, 5);
    expect(history['mae']![0]).toBeCloseTo(2, 5);
    expect(history['mse']![0]).toBeCloseTo((1 + 0.5 * 4 + 2 * 9) / 3.5, 5);
    // The slope at w = 0 is -2 (1 + 0.5 · 2 + 2 · 3) / 3.
    expect(await weightOf(model)).toBeCloseTo(8 / 3, 5);
    const { loss } = await line(0).evaluate(x, y, { ...quiet, sampleWeight });
    expect(loss).toBeCloseTo(21 / 3, 5);
  });

  it('classWeight weighs by the class, 1 for those that are not named', async () => {
    const { x: points, labels } = blobs(6);
    const losses = async (classWeight?: Record<number, number>, sampleWeight?: number[]) => {
      const { history } = await classifier().fit(points, labels, {
        ...quiet,
        ...(classWeight && { classWeight }),
        ...(sampleWeight && { sampleWeight }),
      });
      return firstOf(history['loss']!);
    };
    const weights = { 0: 2, 2: 0.25 };
    const perSample = labels.map((label) => (weights as Record<number, number>)[label] ?? 1);
    expect(await losses(weights)).toBeCloseTo(await losses(undefined, perSample), 5);
    const model = classifier();
    const oneHot = labels.map((label) => [0, 1, 2].map((k) => Number(k === label)));
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const { history } = await model.fit(points, oneHot, { ...quiet, classWeight: weights });
    expect(history['loss']![0]).toBeCloseTo(await losses(weights), 5);
  });
});

describe('one batch at a time', () => {
  it('trainOnBatch steps, testOnBatch measures, predictOnBatch computes', async () => {
    const model = line(0.25);
    expect(await model.testOnBatch([[1], [3]], [[2], [4]])).toEqual({ loss: 10, mae: 3 });
    expect(await model.trainOnBatch([[1], [3]], [[2], [4]])).toEqual({ loss: 10, mae: 3 });
    expect(await weightOf(model)).toBeCloseTo(3.5, 6);
    const again = await model.testOnBatch([[1]], [[3.5]]);
    expect(again['loss']).toBeCloseTo(0, 6);
    const y = await model.predictOnBatch([[2], [4]]);
    expect([...(await y.data())]).toEqual([7, 14]);
  });
});

describe('seeds', () => {
  /** Every weight's bits after 50 steps with dropout and shuffles. */
  async function trained(seed: number, fitSeed: number | undefined): Promise<NDArray['data'][]> {
    const { x, y } = blobs(100);
    const model = new Sequential(
      [
        layers.input({ shape: [2] }),
        layers.dense({ units: 32, activation: 'relu' }),
        layers.dropout({ rate: 0.3 }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ],
      { seed },
    );
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    await model.fit(x, y, {
      ...quiet,
      batchSize: 10,
      epochs: 5,
      ...(fitSeed !== undefined && { seed: fitSeed }),
    });
    return (await model.getWeights()).map(({ data }) => data);
  }

  it('the same seed gives the same bits after 50 steps, another one others', async () => {
    const [first, second] = [await trained(1, 2), await trained(1, 2)];
    expect(second).toEqual(first);
    expect((await trained(1, 3))[0]).not.toEqual(first[0]);
    expect((await trained(2, 2))[0]).not.toEqual(first[0]);
  });

  it('setSeed alone decides all of it', async () => {
    const run = async () => {
      setSeed(9);
      const { x, y } = blobs(50);
      const model = new Sequential([
        layers.input({ shape: [2] }),
        layers.dense({ units: 8 }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ]);
      model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
      await model.fit(x, y, { ...quiet, batchSize: 10 });
      return (await model.getWeights()).map(({ data }) => data);
    };
    expect(await run()).toEqual(await run());
  });
});

describe('callbacks of fit', () => {
  it('come in order, with the logs of the moment', async () => {
    const calls: string[] = [];
    const hooks = Object.getOwnPropertyNames(callbacks.Callback.prototype).filter(
      (name) => name.startsWith('on') && name !== 'onProgress',
    );
    const spy = callbacks.lambdaCallback(
      Object.fromEntries(
        hooks.map((name) => [
          name,
          (...args: unknown[]) => {
            const logs = args.pop() as Record<string, number>;
            calls.push([name, ...args, ...Object.keys(logs)].join(' '));
          },
        ]),
      ),
    );
    await line(0).fit([1, 2, 3], [1, 2, 3], {
      ...quiet,
      batchSize: 2,
      validationData: [[1], [1]],
      callbacks: [spy],
    });
    expect(calls).toEqual([
      'onTrainBegin',
      'onEpochBegin 0',
      'onTrainBatchBegin 0',
      'onTrainBatchEnd 0 loss mae',
      'onTrainBatchBegin 1',
      'onTrainBatchEnd 1 loss mae',
      'onTestBegin',
      'onTestBatchBegin 0',
      'onTestBatchEnd 0 loss mae',
      'onTestEnd loss mae',
      'onEpochEnd 0 loss mae val_loss val_mae',
      'onTrainEnd loss mae val_loss val_mae',
    ]);
    calls.length = 0;
    await line(0).predict([1, 2, 3], { ...quiet, batchSize: 2, callbacks: [spy] });
    expect(calls.map((call) => call.split(' ').slice(0, 2).join(' '))).toEqual([
      'onPredictBegin',
      'onPredictBatchBegin 0',
      'onPredictBatchEnd 0',
      'onPredictBatchBegin 1',
      'onPredictBatchEnd 1',
      'onPredictEnd',
    ]);
  });

  it('stopTraining ends the run after the epoch, or after the batch', async () => {
    const model = line(0);
    const afterEpoch = callbacks.lambdaCallback({ onEpochEnd: () => void (model.stopTraining = true) });
    expect((await model.fit([1], [1], { ...quiet, epochs: 5, callbacks: [afterEpoch] })).epoch).toEqual([0]);
    let batches = 0;
    const afterBatch = callbacks.lambdaCallback({
      onTrainBatchEnd: () => {
        batches++;
        model.stopTraining = true;
      },
    });
    await model.fit([1, 2, 3], [1, 2, 3], { ...quiet, batchSize: 1, epochs: 2, callbacks: [afterBatch] });
    expect(batches).toBe(1);
    expect((await model.fit([1], [1], { ...quiet, epochs: 2 })).epoch).toEqual([0, 1]);
  });

  it('hooks on epochs may evaluate and predict, but not train', async () => {
    const model = line(0.5);
    const seen: unknown[] = [];
    const judge = callbacks.lambdaCallback({
      onEpochEnd: async () => {
        const { loss } = await model.evaluate([1], [5], quiet);
        seen.push(loss, (await (await model.predict([1], quiet)).data())[0]);
        seen.push((await rejectionOf(model.fit([1], [1], quiet))).code);
      },
    });
    const { history } = await model.fit([1], [1], { ...quiet, epochs: 2, callbacks: [judge] });
    expect(seen).toEqual([16, 1, 'STATE', 16, 1, 'STATE']);
    expect(history).toEqual({ loss: [1, 0], mae: [1, 0] });
  });

  it('an error in a hook ends fit, and the model stays usable', async () => {
    const model = line(0);
    const broken = callbacks.lambdaCallback({
      onEpochEnd: () => {
        throw new Error('mine');
      },
    });
    await expect(model.fit([1], [1], { ...quiet, callbacks: [broken] })).rejects.toThrow('mine');
    expect((await model.fit([1], [1], quiet)).history['loss']).toEqual([1]);
  });
});
