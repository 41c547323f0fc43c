import { itemAt } from '../lib/base/list.js';
import { Sequential, callbacks, layers, type metrics, optimizers } from 'nodegrad';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;

/** y = w x with w = 0 for ever: the loss of a target t is t². */
function zero(names: metrics.MetricName[] = []): Sequential {
  const model = new Sequential([
    layers.input({ shape: [1] }),
    layers.dense({ units: 1, useBias: false, kernelInitializer: 'zeros' }),
  ]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: 'mse', metrics: names });
  return model;
}

type Step = readonly [number[][], number[]];

/** Batches of one sample each with the targets 1, 2, …, n, which count how they are used. */
class Counted {
  opened = 0;
  closed = 0;
  constructor(private readonly count: number) {}

  *[Symbol.iterator](): Generator<Step> {
    this.opened++;
    try {
      for (let i = 1; i <= this.count; i++) yield [[[1]], [i]];
    } finally {
      this.closed++;
    }
  }
}

function* generator(count: number): Generator<Step> {
  for (let i = 1; i <= count; i++) yield [[[1]], [i]];
}

/** Warnings of the process while a test runs. */
const warnings: string[] = [];
const listen = (warning: Error) => void warnings.push(warning.message);
beforeEach(() => {
  warnings.length = 0;
  process.on('warning', listen);
});
afterEach(() => {
  process.off('warning', listen);
});
const emitted = async () => {
  await new Promise((resolve) => setImmediate(resolve));
  return [...warnings];
};

/** Loss and number of steps of each epoch. */
async function epochs(fit: (count: callbacks.Callback) => Promise<callbacks.History>) {
  const steps: number[] = [];
  const count = callbacks.lambdaCallback({
    onEpochBegin: () => void steps.push(0),
    onTrainBatchBegin: (batch) => expect(batch).toBe(steps.at(-1)),
    onTrainBatchEnd: () => {
      steps[steps.length - 1]!++;
    },
  });
  const { history } = await fit(count);
  return { loss: history['loss'], steps };
}

// The numbers are those that Keras 3.15 gives, a PyDataset in the place of an iterable.
describe('stepsPerEpoch', () => {
  const third = 14 / 3;

  it.each([
    { count: 3, stepsPerEpoch: undefined, loss: [third, third, third, third], steps: [3, 3, 3, 3], short: 0 },
    { count: 3, stepsPerEpoch: 3, loss: [third, third, third, third], steps: [3, 3, 3, 3], short: 0 },
    { count: 3, stepsPerEpoch: 2, loss: [2.5, 9, 2.5, 9], steps: [2, 1, 2, 1], short: 1 },
    { count: 4, stepsPerEpoch: 2, loss: [2.5, 12.5, 2.5, 12.5], steps: [2, 2, 2, 2], short: 0 },
    { count: 3, stepsPerEpoch: 4, loss: [third, third, third, third], steps: [3, 3, 3, 3], short: 1 },
  ])(
    'of $stepsPerEpoch on $count batches, arrays or begun anew each time',
    async ({ count, stepsPerEpoch, loss, steps, short }) => {
      const batches = new Counted(count);
      const options = { ...quiet, epochs: 4, ...(stepsPerEpoch && { stepsPerEpoch }) };
      const x = Array.from({ length: count }, () => [1]);
      const y = Array.from({ length: count }, (_, i) => i + 1);
      const model = zero();
      const runs = [
        await epochs((spy) => model.fit(batches, { ...options, callbacks: [spy] })),
        await epochs((spy) =>
          model.fit(x, y, { ...options, batchSize: 1, shuffle: false, callbacks: [spy] }),
        ),
      ];
      for (const run of runs) {
        expect(run.steps).toEqual(steps);
        run.loss!.forEach((value, i) => expect(value).toBeCloseTo(itemAt(loss, i), 5));
      }
      expect(await emitted()).toHaveLength(2 * short);
      expect(batches.closed).toBe(batches.opened);
    },
  );

  it('without a batchSize cuts arrays into so many batches', async () => {
    const model = zero();
    const ones = [[1], [1], [1], [1]];
    const { loss, steps } = await epochs((spy) =>
      model.fit(ones, [1, 2, 3, 4], { ...quiet, epochs: 3, stepsPerEpoch: 2, callbacks: [spy] }),
    );
    expect(loss).toEqual([7.5, 7.5, 7.5]);
    expect(steps).toEqual([2, 2, 2]);
    expect((await model.evaluate(ones, [1, 2, 3, 4], { ...quiet, steps: 2 }))['loss']).toBe(7.5);
    const two = { ...quiet, steps: 2, batchSize: 1 };
    expect((await model.evaluate(ones, [1, 2, 3, 4], two))['loss']).toBe(2.5);
    expect((await model.predict(ones, { steps: 2 })).shape).toEqual([4, 1]);
    expect((await model.predict(ones, { steps: 2, batchSize: 1 })).shape).toEqual([2, 1]);
  });

  it('epochs: 0 calls the hooks of training and makes no step', async () => {
    const calls: string[] = [];
    const spy = callbacks.lambdaCallback({
      onTrainBegin: () => void calls.push('begin'),
      onTrainEnd: () => void calls.push('end'),
      onEpochBegin: () => void calls.push('epoch'),
    });
    const { epoch, history } = await zero().fit([1], [1], { ...quiet, epochs: 0, callbacks: [spy] });
    expect({ epoch, history, calls }).toEqual({ epoch: [], history: {}, calls: ['begin', 'end'] });
  });
});

describe('generators give their batches once', () => {
  it.each([
    { count: 6, stepsPerEpoch: 2, wanted: 3, loss: [2.5, 12.5, 30.5], warning: undefined },
    {
      count: 5,
      stepsPerEpoch: 2,
      wanted: 3,
      loss: [2.5, 12.5, 25],
      warning: /2 steps in epoch 3, received 1/,
    },
    {
      count: 6,
      stepsPerEpoch: 2,
      wanted: 5,
      loss: [2.5, 12.5, 30.5],
      warning: /epoch 4, received none.*generator/,
    },
    {
      count: 3,
      stepsPerEpoch: undefined,
      wanted: 3,
      loss: [14 / 3],
      warning: /epoch 2, received none.*generator/,
    },
  ])(
    '$count of them, $stepsPerEpoch steps in $wanted epochs',
    async ({ count, stepsPerEpoch, wanted, loss, warning }) => {
      const options = { ...quiet, epochs: wanted, ...(stepsPerEpoch && { stepsPerEpoch }) };
      const { epoch, history } = await zero().fit(generator(count), options);
      expect(epoch).toEqual([...loss.keys()]);
      history['loss']!.forEach((value, i) => expect(value).toBeCloseTo(itemAt(loss, i), 5));
      const texts = await emitted();
      expect(texts).toHaveLength(warning ? 1 : 0);
      if (warning) expect(texts[0]).toMatch(warning);
    },
  );

  it('none at all is an error', async () => {
    for (const failing of [zero().fit(generator(0), quiet), zero().evaluate(generator(0), quiet)]) {
      const { code, message } = await rejectionOf(failing);
      expect(code).toBe('ARGUMENT');
      expect(message).toMatch(/expected batches.*received none/);
    }
  });
});

describe('validation on an iterable', () => {
  it.each([
    { steps: undefined, loss: 14 / 3, short: 0 },
    { steps: 2, loss: 2.5, short: 0 },
    { steps: 3, loss: 14 / 3, short: 0 },
    { steps: 5, loss: 14 / 3, short: 1 },
  ])('begins anew each time, $steps steps of 3', async ({ steps, loss, short }) => {
    const validationData = new Counted(3);
    const given = { ...quiet, epochs: 4, validationData, ...(steps && { validationSteps: steps }) };
    const { history } = await zero().fit([1], [1], given);
    expect(history['val_loss']).toHaveLength(4);
    for (const value of history['val_loss']!) expect(value).toBeCloseTo(loss, 5);
    expect(validationData).toMatchObject({ opened: 4, closed: 4 });
    expect(await emitted()).toHaveLength(short);
  });

  it('goes on with a generator, and says so where that has ended', async () => {
    const options = { ...quiet, epochs: 2, validationSteps: 2 };
    const { history } = await zero().fit([1], [1], { ...options, validationData: generator(9) });
    expect(history['val_loss']).toEqual([2.5, 12.5]);
    const error = await rejectionOf(
      zero().fit([1], [1], { ...quiet, epochs: 2, validationData: generator(3) }),
    );
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(/batches of validationData in epoch 2, received none.*generator/);
  });
});

describe('options that an iterable decides itself', () => {
  it.each([
    ['batchSize', { batchSize: 2 }, /no batchSize.*gives the batches/],
    ['shuffle', { shuffle: true }, /no shuffle/],
    ['validationSplit', { validationSplit: 0.5 }, /no validationSplit.*validationData/],
    ['sampleWeight', { sampleWeight: [1] }, /no sampleWeight.*\[x, y, sampleWeight\]/],
  ])('%s is an error', async (_, option, message) => {
    const error = await rejectionOf(zero().fit(new Counted(2), { ...quiet, ...option }));
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(message);
  });

  it('an order of arrays that is neither true nor false is an error, too', async () => {
    const error = await rejectionOf(zero().fit([1], [1], { ...quiet, shuffle: 'batch' as never }));
    expect(error.message).toMatch(/true or false for shuffle, received 'batch'/);
  });

  it('also for evaluate, predict and validationData', async () => {
    const model = zero();
    for (const run of [
      () => model.evaluate(new Counted(2), { ...quiet, batchSize: 1 }),
      () => model.evaluate(new Counted(2), { ...quiet, sampleWeight: [1] }),
      () => model.predict(new Counted(2), { batchSize: 1 }),
      () => model.fit([1], [1], { ...quiet, validationData: new Counted(1), validationBatchSize: 1 }),
      () => model.fit(new Counted(1), [1], quiet),
    ])
      expect((await rejectionOf(run())).message).toMatch(/with an iterable of batches/);
    // What holds for the training's arrays is not asked of the validation's iterable.
    const options = { ...quiet, batchSize: 2, validationData: new Counted(2) };
    expect((await model.fit([1], [1], options)).history['val_loss']).toEqual([2.5]);
  });
});

describe('iterables are closed', () => {
  it('after stepsPerEpoch, steps and stopTraining', async () => {
    const model = zero();
    const stop = callbacks.lambdaCallback({ onTrainBatchEnd: () => void (model.stopTraining = true) });
    const batches = new Counted(9);
    await model.fit(batches, { ...quiet, stepsPerEpoch: 2, epochs: 2 });
    await model.fit(batches, { ...quiet, callbacks: [stop] });
    await model.evaluate(batches, { ...quiet, steps: 2 });
    await model.predict(batches, { steps: 2 });
    expect(batches).toMatchObject({ opened: 4, closed: 4 });
  });

  it('after an error in a callback, in a batch and in a step', async () => {
    const model = zero();
    const broken = callbacks.lambdaCallback({
      onTrainBatchEnd: () => {
        throw new Error('mine');
      },
    });
    const batches = new Counted(9);
    await expect(model.fit(batches, { ...quiet, callbacks: [broken] })).rejects.toThrow('mine');
    expect(batches).toMatchObject({ opened: 1, closed: 1 });
    let closed = 0;
    const wrong = (function* () {
      try {
        for (;;) yield [[[1, 2, 3]], [1]] as const;
      } finally {
        closed++;
      }
    })();
    expect((await rejectionOf(model.fit(wrong, quiet))).code).toBe('SHAPE');
    expect(closed).toBe(1);
    expect((await model.fit([1], [2], quiet)).history['loss']).toEqual([4]);
  });

  it('an error in closing counts unless there was one before', async () => {
    const closing = () => ({
      [Symbol.iterator]: () => ({
        next: () => ({ done: false as const, value: [[[1]], [1]] as const }),
        return: (): never => {
          throw new Error('closing');
        },
      }),
    });
    await expect(zero().fit(closing(), { ...quiet, stepsPerEpoch: 1 })).rejects.toThrow('closing');
    const broken = callbacks.lambdaCallback({
      onEpochEnd: () => {
        throw new Error('mine');
      },
    });
    const options = { ...quiet, stepsPerEpoch: 1, callbacks: [broken] };
    await expect(zero().fit(closing(), options)).rejects.toThrow('mine');
  });

  it('what has thrown or ended itself is not closed', async () => {
    let returned = 0;
    const batches = (last: () => IteratorResult<Step>) => ({
      [Symbol.iterator]: () => {
        let given = 0;
        return {
          next: () => (given++ === 0 ? { done: false as const, value: [[[1]], [1]] as Step } : last()),
          return: () => {
            returned++;
            return { done: true as const, value: undefined };
          },
        };
      },
    });
    const throwing = batches(() => {
      throw new Error('of the iterable');
    });
    await expect(zero().fit(throwing, quiet)).rejects.toThrow('of the iterable');
    await zero().fit(
      batches(() => ({ done: true, value: undefined })),
      quiet,
    );
    expect(returned).toBe(0);
  });
});

describe('an abort is heard', () => {
  const never = new Promise<never>(() => undefined);
  let controller: AbortController;
  /** Options of a run, with a signal that the next call of `hang` gives. */
  const abortable = () => {
    controller = new AbortController();
    return { ...quiet, signal: controller.signal };
  };
  /** What a run waits for: never settles, and aborts the run a little after it was asked for, however late that is. */
  const hang = () => {
    setTimeout(() => controller.abort(), 5);
    return never;
  };

  it('while an iterable is pending; it is closed, and the model is usable', async () => {
    const model = zero();
    let returned = 0;
    const pending = {
      [Symbol.asyncIterator]: () => ({
        next: hang,
        return: () => {
          returned++;
          return never;
        },
      }),
    };
    async function* stuck() {
      yield [[[1]], [1]] as const;
      await hang();
    }
    for (const run of [
      () => model.fit(pending, abortable()),
      () => model.fit(stuck(), abortable()),
      () => model.fit([1], [1], { ...abortable(), validationData: pending }),
      () => model.evaluate(pending, abortable()),
      () => model.predict(pending, abortable()),
    ])
      expect((await rejectionOf(run())).code).toBe('ABORTED');
    expect(returned).toBe(4);
    expect((await model.fit([1], [2], quiet)).history['loss']).toEqual([4]);
  });

  it.each([
    'onTrainBegin',
    'onEpochBegin',
    'onTrainBatchBegin',
    'onTrainBatchEnd',
    'onTestBegin',
    'onTestBatchEnd',
    'onTestEnd',
    'onEpochEnd',
    'onTrainEnd',
  ] as const)('while %s is pending', async (hook) => {
    const model = zero();
    const hooks = { [hook]: hang };
    const options = { ...abortable(), validationData: [[1], [1]] as const };
    const run = model.fit([1], [1], { ...options, callbacks: [callbacks.lambdaCallback(hooks)] });
    expect((await rejectionOf(run)).code).toBe('ABORTED');
    expect((await model.fit([1], [2], quiet)).history['loss']).toEqual([4]);
  });

  it('by a fit that waits for predictions', async () => {
    const model = zero();
    const predicting = new AbortController();
    async function* stuck() {
      yield [[[1]]] as const;
      await never;
    }
    const prediction = model.predict(stuck(), { signal: predicting.signal });
    const fit = model.fit([1], [1], abortable());
    void hang();
    expect((await rejectionOf(fit)).code).toBe('ABORTED');
    predicting.abort();
    expect((await rejectionOf(prediction)).code).toBe('ABORTED');
    expect((await model.fit([1], [2], quiet)).history['loss']).toEqual([4]);
  });

  it('while a hook of predict is pending', async () => {
    const callback = callbacks.lambdaCallback({ onPredictBatchEnd: hang });
    const run = zero().predict([1], { ...abortable(), callbacks: [callback] });
    expect((await rejectionOf(run)).code).toBe('ABORTED');
  });
});

describe('predict takes iterables', () => {
  const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => [from + i]);
  const double = new Sequential([layers.input({ shape: [1] }), layers.rescaling({ scale: 2 })]);

  it('of batches with or without targets, and puts the results one after another', async () => {
    async function* batches() {
      yield [rows(0, 3)] as const;
      await Promise.resolve();
      yield [rows(3, 4), [1]] as const;
      yield [rows(4, 9), [1, 2, 3, 4, 5], [1, 1, 1, 1, 1]] as const;
    }
    const result = await double.predict(batches());
    expect(result.shape).toEqual([9, 1]);
    expect([...(await result.data())]).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16]);
    expect([...(await (await double.predict(batches(), { steps: 2 })).data())]).toEqual([0, 2, 4, 6]);
  });

  it('and refuses what is no batch, and none', async () => {
    const one = { [Symbol.iterator]: () => [[1]][Symbol.iterator]() };
    const bare = { *[Symbol.iterator]() { yield new Float32Array(3); } }; // prettier-ignore
    expect((await rejectionOf(double.predict(one as never))).message).toMatch(/received.*Number/);
    expect((await rejectionOf(double.predict(bare as never))).message).toMatch(/batches \[x\]/);
    expect((await rejectionOf(double.predict(generator(0)))).message).toMatch(/received none/);
  });
});
