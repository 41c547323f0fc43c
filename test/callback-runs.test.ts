/** Whole runs with a callback each: the hooks in Keras's order, with the weights and logs that they see there. */
import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Sequential, callbacks, layers, optimizers } from '../lib/index.js';
import { errorOf, rejectionOf } from './support/run.js';

type Event = [hook: string, number: number | null, weight: number, logs: callbacks.Logs];
interface Recorded {
  name: 'swapEMAWeights' | 'modelCheckpoint' | 'learningRateScheduler' | null;
  options: object;
  interrupt: [epoch: number, batch: number] | null;
  calls: ('fit' | 'evaluate' | 'predict')[];
  events: Event[];
  checkpoint?: number;
  /** Further options of fit; with stepsPerEpoch the data are an endless generator. */
  fit?: { classWeight?: Record<number, number>; stepsPerEpoch?: number };
}
const { run, runs } = JSON.parse(
  readFileSync(new URL('fixtures/callbacks.json', import.meta.url), 'utf8'),
) as {
  run: {
    x: number[];
    y: number[];
    validation: { x: number[]; y: number[] };
    batchSize: number;
    epochs: number;
    optimizer: optimizers.SGDOptions;
  };
  runs: Recorded[];
};

/** A model of the one weight 1. */
function modelOf(optimizer: optimizers.BaseOptimizer) {
  const model = new Sequential([
    layers.input({ shape: [1] }),
    layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' }),
  ]);
  model.compile({ optimizer, loss: 'mse' });
  return model;
}
const weightOf = async (model: { getWeights: Sequential['getWeights'] }) =>
  firstOf(await model.getWeights()).data[0]!;

/** Notes each hook, its number, the weight and the logs; fails at the end of one batch where it is given. */
function recorder(events: Event[], interrupt: [number, number] | null): callbacks.Callback {
  class Recorder extends callbacks.Callback {
    #interrupt = interrupt;
    #epoch = 0;

    protected async note(hook: string, number: number | null, logs: callbacks.Logs): Promise<void> {
      if (hook === 'onEpochBegin') this.#epoch = number ?? 0;
      events.push([hook, number, await weightOf(this.model), { ...logs }]);
      const [epoch, batch] = this.#interrupt ?? [];
      if (hook !== 'onTrainBatchEnd' || epoch !== this.#epoch || batch !== number) return;
      this.#interrupt = null;
      throw new Error('interrupted');
    }
  }
  for (const hook of new Set(firstOf(runs).events.map(([name]) => name))) {
    const numbered = /Epoch|Batch/.test(hook);
    Object.defineProperty(Recorder.prototype, hook, {
      value(this: { note: Recorder['note'] }, ...args: [number, callbacks.Logs] | [callbacks.Logs]) {
        return this.note(hook, numbered ? (args[0] as number) : null, args.at(-1) as callbacks.Logs);
      },
    });
  }
  return new Recorder();
}

/** The batches of the data, again and again. */
function* endless() {
  for (;;)
    for (let i = 0; i < run.x.length; i += run.batchSize)
      yield [run.x.slice(i, i + run.batchSize), run.y.slice(i, i + run.batchSize)] as const;
}

describe("Keras's runs", () => {
  it.each(runs)(
    '$name $options $interrupt $fit',
    async ({ name, options, interrupt, calls, events, checkpoint, fit: more }) => {
      using model = modelOf(optimizers.sgd(run.optimizer));
      const given: callbacks.Callback[] = [];
      if (name === 'learningRateScheduler')
        given.push(callbacks.learningRateScheduler((_, rate) => rate / 2));
      else if (name) given.push((callbacks[name] as (options: object) => callbacks.Callback)(options));
      const seen: Event[] = [];
      const quiet = {
        batchSize: run.batchSize,
        verbose: 0,
        callbacks: [...given, recorder(seen, interrupt)],
      } as const;
      const { batchSize, ...unsized } = quiet;
      const all = {
        ...unsized,
        ...more,
        epochs: run.epochs,
        validationData: [run.validation.x, run.validation.y],
      } as const;
      const fit = () =>
        more?.stepsPerEpoch === undefined
          ? model.fit(run.x, run.y, { ...all, batchSize, shuffle: false })
          : model.fit(endless(), all);
      for (const call of calls) {
        if (call === 'evaluate') await model.evaluate(run.x, run.y, quiet);
        else if (call === 'predict') await model.predict(run.x, quiet);
        else await (interrupt ? fit().catch(fit) : fit());
      }
      expect(seen.map(([hook, number]) => `${hook} ${number}`)).toEqual(
        events.map(([hook, number]) => `${hook} ${number}`),
      );
      // Up to 12 steps, each of which rounds numbers near 1 a few times on either side.
      const bound = 12 * 4 * 2 ** -23;
      events.forEach(([hook, number, weight, logs], i) => {
        const [, , ours, own] = itemAt(seen, i);
        expect(Math.abs(ours - weight), `${hook} ${number}`).toBeLessThanOrEqual(bound);
        const keys = (all: callbacks.Logs) =>
          Object.keys(all).map((key) => key.replace('val_loss', 'valLoss'));
        expect(keys(own).sort(), `${hook} ${number}`).toEqual(Object.keys(logs).sort());
        for (const [key, value] of Object.entries(logs)) {
          const found = own[key] ?? own['val_loss'];
          // Squares of differences up to 6, whose slope is at most 12, with inputs up to 5.
          expect(Math.abs(found! - value), `${hook} ${number} ${key}`).toBeLessThanOrEqual(60 * bound);
        }
      });
      if (checkpoint !== undefined) {
        const [made] = given;
        const [kept] = atLeast(
          (made instanceof callbacks.ModelCheckpoint ? made.weights : undefined) ?? [],
          1,
        );
        expect(Math.abs(kept.data[0]! - checkpoint)).toBeLessThanOrEqual(bound);
      }
    },
  );
});

const ema = () => optimizers.sgd({ learningRate: 0.03, useEma: true, emaMomentum: 0.5 });
const fitted = { batchSize: 2, shuffle: false, verbose: 0 } as const;

describe('swapEMAWeights', () => {
  it('gives the weights back after predict', async () => {
    using model = modelOf(ema());
    const stop = new AbortController();
    let weight = NaN;
    const watch = callbacks.lambdaCallback({
      onTrainBatchEnd: async (batch) => {
        weight = await weightOf(model);
        if (batch === 1) stop.abort();
      },
    });
    await rejectionOf(model.fit(run.x, run.y, { ...fitted, callbacks: [watch], signal: stop.signal }));
    const swap = callbacks.swapEMAWeights();
    const y = (await model.predict([1], { callbacks: [swap] })) as { dataSync(): Float32Array };
    const [average] = model.optimizer.averageOf(firstOf(model.weights))!.dataSync();
    expect(y.dataSync()[0]).toBe(average);
    expect(average).not.toBe(weight);
    expect(await weightOf(model)).toBe(weight);
  });

  it('gives the weights back where a validation fails', async () => {
    using model = modelOf(ema());
    let weight = NaN;
    const fail = callbacks.lambdaCallback({
      onTrainBatchEnd: async () => {
        weight = await weightOf(model);
      },
      onTestBatchEnd: () => {
        throw new Error('failed');
      },
    });
    const options = { ...fitted, callbacks: [callbacks.swapEMAWeights(), fail], validationSplit: 0.5 };
    await expect(model.fit(run.x, run.y, options)).rejects.toThrow('failed');
    expect(await weightOf(model)).toBe(weight);
  });

  it('leaves the averages where another callback ends training early', async () => {
    using model = modelOf(ema());
    const stop = callbacks.lambdaCallback({
      onEpochEnd: () => {
        model.stopTraining = true;
      },
    });
    const options = {
      ...fitted,
      epochs: 5,
      callbacks: [callbacks.swapEMAWeights({ swapOnEpoch: true }), stop],
    };
    await model.fit(run.x, run.y, options);
    const [average] = model.optimizer.averageOf(firstOf(model.weights))!.dataSync();
    expect(await weightOf(model)).toBe(average);
  });

  it('needs an optimizer with averages', async () => {
    using model = modelOf(optimizers.sgd());
    const error = await rejectionOf(model.evaluate([1], [1], { callbacks: [callbacks.swapEMAWeights()] }));
    expect(error).toMatchObject({ code: 'STATE' });
    expect(error.message).toMatch(/\[swapEMAWeights\].*useEma, received sgd without/);
  });
});

describe('states in memory', () => {
  it('modelCheckpoint keeps what a model and its optimizer go on from', async () => {
    const make = () => optimizers.adam({ learningRate: 0.1 });
    using first = modelOf(make());
    const checkpoint = callbacks.modelCheckpoint({ monitor: 'loss', saveBestOnly: true, mode: 'min' });
    expect([checkpoint.weights, checkpoint.epoch, checkpoint.best]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const { history } = await first.fit(run.x, run.x, { ...fitted, epochs: 2, callbacks: [checkpoint] });
    expect(checkpoint.best).toBe(Math.min(...history['loss']!));
    expect(checkpoint.epoch).toBe(history['loss']!.indexOf(checkpoint.best!));
    using second = modelOf(make());
    second.optimizer.build(second.trainableWeights);
    second.setWeights(checkpoint.weights!);
    second.optimizer.setWeights(checkpoint.optimizerWeights!);
    expect(await weightOf(second)).toBe(firstOf(checkpoint.weights!).data[0]);
    const light = callbacks.modelCheckpoint({ saveWeightsOnly: true });
    await second.fit(run.x, run.y, { ...fitted, callbacks: [light] });
    expect([light.weights?.length, light.optimizerWeights]).toEqual([1, undefined]);
  });

  it('backupAndRestore gives the bits of a run that was never interrupted', async () => {
    const results = [];
    for (const interrupt of [null, [1, 0]] as const) {
      using model = modelOf(optimizers.adam({ learningRate: 0.1, useEma: true }));
      const backup = callbacks.backupAndRestore();
      const events: Event[] = [];
      const options = { batchSize: 2, seed: 3, epochs: 4, verbose: 0 } as const;
      const fit = () =>
        model.fit(run.x, run.y, {
          ...options,
          callbacks: [backup, recorder(events, interrupt && [...interrupt])],
        });
      if (interrupt) {
        await expect(fit()).rejects.toThrow('interrupted');
        expect(backup.epoch).toBe(1);
        const { epoch } = await model.fit(run.x, run.y, { ...options, callbacks: [backup] });
        expect(epoch).toEqual([1, 2, 3]);
      } else await fit();
      expect(backup.epoch).toBeUndefined();
      results.push(await weightOf(model));
    }
    expect(results[1]).toBe(results[0]);
  });

  it.each([
    [/\[modelCheckpoint\] expected 'epoch' or a positive integer/, { saveFreq: 0 }, 'modelCheckpoint'],
    [/\[modelCheckpoint\].*initialValueThreshold/, { initialValueThreshold: NaN }, 'modelCheckpoint'],
    [/\[backupAndRestore\] expected a string for backupDir/, { backupDir: 1 }, 'backupAndRestore'],
    [/\[backupAndRestore\] expected 'epoch'/, { saveFreq: false }, 'backupAndRestore'],
    [/\[swapEMAWeights\].*swapOnEpoch/, { swapOnEpoch: 1 }, 'swapEMAWeights'],
  ] as const)('%s', (message, options, name) => {
    const error = errorOf(() => (callbacks[name] as (options: object) => unknown)(options));
    expect(error).toMatchObject({ code: 'ARGUMENT' });
    expect(error.message).toMatch(message);
  });
});
