import { Sequential, callbacks, layers, optimizers } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;

/** y = w x with one weight, at first 0. */
function line(learningRate: number): Sequential {
  const model = new Sequential([
    layers.input({ shape: [1] }),
    layers.dense({ units: 1, useBias: false, kernelInitializer: 'zeros' }),
  ]);
  model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse', metrics: ['mae'] });
  return model;
}

const hooks = [
  'onTrainBegin',
  'onEpochBegin',
  'onTrainBatchBegin',
  'onTrainBatchEnd',
  'onTestBegin',
  'onTestBatchBegin',
  'onTestBatchEnd',
  'onTestEnd',
  'onEpochEnd',
  'onTrainEnd',
] as const;

describe('within a hook of fit', () => {
  const x = [1, 2, 3, 4];
  const options = { ...quiet, batchSize: 1, epochs: 2, validationData: [x, [5, 6, 7, 9]] as const };

  it.each(hooks)('%s may measure and predict, and the averages of the run stay', async (hook) => {
    const alone = (await line(0.01).fit(x, x, { ...options, seed: 1 })).history;
    const model = line(0.01);
    const seen: number[] = [];
    const judge = callbacks.lambdaCallback({
      [hook]: async () => {
        const w = (await (await model.predict([1])).data())[0]!;
        const { loss, mae } = await model.evaluate([1, 1], [5, 7], { ...quiet, batchSize: 1 });
        expect(loss).toBeCloseTo(((5 - w) ** 2 + (7 - w) ** 2) / 2, 3);
        expect((await model.testOnBatch([1], [3]))['mae']).toBeCloseTo(3 - w, 5);
        seen.push(mae!);
      },
    });
    const { history } = await model.fit(x, x, { ...options, seed: 1, callbacks: [judge] });
    expect(history).toEqual(alone);
    expect(seen.length).toBeGreaterThan(0);
  });

  it.each(hooks)('%s may neither train nor compile', async (hook) => {
    const model = line(0);
    const codes: string[] = [];
    const wrong = callbacks.lambdaCallback({
      [hook]: async () => {
        codes.push((await rejectionOf(model.fit([1], [1], quiet))).code);
        codes.push((await rejectionOf(model.trainOnBatch([1], [1]))).code);
        expect(() => model.compile({ loss: 'mse' })).toThrow(/\[compile\].*while fit runs/);
      },
    });
    await model.fit([1], [1], { ...options, validationData: [[1], [1]], callbacks: [wrong] });
    expect(new Set(codes)).toEqual(new Set(['STATE']));
  });

  it('what is not awaited is waited for', async () => {
    const model = line(0.01);
    const flying: Promise<Record<string, number>>[] = [];
    const judge = callbacks.lambdaCallback({
      onTrainBatchEnd: () => void flying.push(model.evaluate(x, x, { ...quiet, batchSize: 1 })),
    });
    const { history } = await model.fit(x, x, { ...options, seed: 1, callbacks: [judge] });
    expect(history).toEqual((await line(0.01).fit(x, x, { ...options, seed: 1 })).history);
    expect(await Promise.all(flying)).toHaveLength(8);
  });

  it('an evaluation that outlives an aborted fit keeps the model until its end', async () => {
    const model = line(0);
    const controller = new AbortController();
    let inner: Promise<unknown> | undefined;
    const slow = {
      async *[Symbol.asyncIterator]() {
        yield [[1], [1]] as const;
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
    };
    const judge = callbacks.lambdaCallback({
      onTrainBatchEnd: async () => {
        inner = model.evaluate(slow, quiet);
        controller.abort();
        await inner;
      },
    });
    const run = model.fit([1], [1], { ...quiet, callbacks: [judge], signal: controller.signal });
    expect((await rejectionOf(run)).code).toBe('ABORTED');
    expect((await rejectionOf(model.fit([1], [1], quiet))).message).toMatch(/while evaluate runs/);
    expect(await inner).toEqual({ loss: 1, mae: 1 });
    expect((await model.fit([1], [2], quiet)).history['loss']).toEqual([4]);
  });
});

describe('stopTraining', () => {
  it.each([
    { hook: 'onTrainBegin', epochs: 0 },
    { hook: 'onEpochBegin', epochs: 0 },
    { hook: 'onTrainBatchBegin', epochs: 1 },
    { hook: 'onTrainBatchEnd', epochs: 1 },
    { hook: 'onEpochEnd', epochs: 1 },
  ])('in $hook leaves no epoch without a step', async ({ hook, epochs }) => {
    const model = line(0);
    const stop = callbacks.lambdaCallback({ [hook]: () => void (model.stopTraining = true) });
    const options = { ...quiet, epochs: 3, validationData: [[1], [2]] as const, callbacks: [stop] };
    const { epoch, history } = await model.fit([1], [1], options);
    expect(epoch).toHaveLength(epochs);
    expect(history).toEqual(epochs === 0 ? {} : { loss: [1], mae: [1], val_loss: [4], val_mae: [2] });
  });
});

describe('compile', () => {
  it('says so while a call is under way, and works after it', async () => {
    const model = line(0);
    for (const [name, run] of [
      ['fit', () => model.fit([1], [1], quiet)],
      ['evaluate', () => model.evaluate([1], [1], quiet)],
      ['trainOnBatch', () => model.trainOnBatch([1], [1])],
      ['predict', () => model.predict([1])],
      ['predict', () => model.predict([1], { callbacks: [callbacks.history()] })],
    ] as const) {
      const running = run();
      expect(() => model.compile({ loss: 'mse' }), name).toThrow(
        expect.objectContaining({
          code: 'STATE',
          message: expect.stringContaining(`while ${name} runs`) as string,
        }),
      );
      await running;
    }
    model.compile({ loss: 'mae' });
    expect(await model.evaluate([1], [3], quiet)).toEqual({ loss: 3 });
  });
});

describe('averages', () => {
  it('do not drift: 0.7 over 400,000 steps', async () => {
    const model = line(0);
    model.compile({ optimizer: 'sgd', loss: 'mae' });
    const steps = 400_000;
    const y = new Float32Array(steps).fill(0.7);
    const { loss } = await model.evaluate(new Float32Array(steps), y, { ...quiet, batchSize: 1 });
    // float32's 0.7 is 0.699999988; a plain float32 sum of so many gives 0.7050.
    expect(Math.abs(loss! - Math.fround(0.7))).toBeLessThan(1e-9);
  });
});
