/**
 * fit, evaluate and predict. Who does what: this file checks options, chooses a feeder for the data, and runs epochs and hooks.
 * A Dataset checks arrays and their weights against the model. A Feeder (arrayFeeder.ts, iterableFeeder.ts) decides where an epoch
 * ends and which batch is next. loop.ts keeps the engine busy with its steps. The Trainer has the compiled steps and the sums of
 * losses and metrics. Turns (turns.ts) keep two calls on one model apart.
 */
import { type OptionNames, expected, seedOf } from '../base/checks.js';
import { CallbackList } from '../callbacks/callbackList.js';
import { type Callback, History, ProgbarLogger } from '../callbacks/index.js';
import { type Batches, type Data, type Batch as DataBatch, isBatches, splitPoint } from '../data/batches.js';
import { EngineError, describe } from '../base/errors.js';
import { listOf } from '../base/list.js';
import { nextSeed } from '../core/seed.js';
import type { Tensor } from '../core/tensor.js';
import { throwIfAborted, unlessAborted } from './abort.js';
import { ArrayFeeder, CollectingFeeder } from './arrayFeeder.js';
import { CollectingIterableFeeder } from './collectingIterableFeeder.js';
import {
  Dataset,
  type TestOnBatchOptions,
  testOnBatchNames,
  type TrainOnBatchOptions,
  trainOnBatchNames,
} from './dataset.js';
import { type Feeder, closing } from './feeder.js';
import { IterableFeeder } from './iterableFeeder.js';
import { runEpoch } from './loop.js';
import type { Model } from '../models/model.js';
import type { OutputStructure } from '../models/structure.js';
import { type Batch, type Logs, type Mode, RunSums, type Trainer, feedsOf } from './trainer.js';
import type { Pause } from './turns.js';

/** What `fit`, `evaluate` and `predict` take: arrays, or an iterable or async iterable of batches. */
export type FitData = Data | Batches;

/** What a run shows. 0: nothing. 1: a progress bar. 2: one line an epoch. auto: 1 in a terminal, else 2. */
export type Verbose = 0 | 1 | 2 | 'auto';

/** What `fit`, `evaluate` and `predict` take. */
export interface LoopOptions {
  /**
   * Samples a step, a positive integer; the last step of an epoch may have fewer. Default: as many as make the steps that are asked
   * for, else 32. Not with an iterable, which gives the batches.
   */
  batchSize?: number;
  /** 0: shows nothing. 1: a progress bar. 2: one line an epoch. auto: 1 in a terminal, else 2. Default `auto`, of `predict` 0. */
  verbose?: Verbose;
  /** What watches the run, one or a list, called in their order. Default: none but the progress bar of `verbose`. */
  callbacks?: Callback | readonly Callback[];
  /**
   * Ends the run with the error `ABORTED` after the steps in flight, also while an iterable or a callback is pending. Default: none.
   */
  signal?: AbortSignal;
}

/** What `evaluate` and `predict` take. */
export interface StepsOptions extends LoopOptions {
  /** Steps to make, a positive integer. Default: once through the data. */
  steps?: number;
}

const loopNames = {
  batchSize: 'optional',
  verbose: 'optional',
  callbacks: 'optional',
  signal: 'optional',
} satisfies OptionNames<LoopOptions>;

/** What `evaluate` takes. */
export interface EvaluateOptions extends StepsOptions, TestOnBatchOptions {}

export const evaluateNames = {
  ...loopNames,
  ...testOnBatchNames,
  steps: 'optional',
} satisfies OptionNames<EvaluateOptions>;

/** What `predict` takes. */
export type PredictOptions = StepsOptions;

export const predictNames = { ...loopNames, steps: 'optional' } satisfies OptionNames<PredictOptions>;

/** What `fit` takes. */
export interface FitOptions extends LoopOptions, TrainOnBatchOptions {
  /** The number of the epoch before which training ends, an integer of 0 or more, as in Keras: see `initialEpoch`. Default 1. */
  epochs?: number;
  /**
   * The share of the samples, from the end, to validate with instead of training, between 0 and 1. Default: none. Not with an
   * iterable, nor used with `validationData`.
   */
  validationSplit?: number;
  /**
   * What to validate with after each epoch: [x, y] or [x, y, sampleWeight] in the forms of `fit`, or an iterable of such batches,
   * which is begun anew each time. Default: none.
   */
  validationData?: DataBatch | Batches;
  /** Samples a step of the validation, a positive integer. Default: `batchSize`. Not with an iterable. */
  validationBatchSize?: number;
  /** Steps of a validation, a positive integer. Default: once through its data. */
  validationSteps?: number;
  /** Whether each epoch takes the samples in a new order. Default true. Not with an iterable, which gives the order. */
  shuffle?: boolean;
  /** The number of the first epoch, an integer of 0 or more, where training goes on after an earlier `fit`. Default 0. */
  initialEpoch?: number;
  /**
   * Steps that make an epoch, a positive integer. Default: once through the data. The next epoch goes on with the data where one
   * ends, until they are used up: then the epoch is short, with a warning, and the next begins anew.
   */
  stepsPerEpoch?: number;
  /** An integer that decides the order of samples and the masks of dropout. Default: that of `setSeed`, else random. */
  seed?: number;
}

export const fitNames = {
  ...loopNames,
  ...trainOnBatchNames,
  epochs: 'optional',
  validationSplit: 'optional',
  validationData: 'optional',
  validationBatchSize: 'optional',
  validationSteps: 'optional',
  shuffle: 'boolean',
  initialEpoch: 'optional',
  stepsPerEpoch: 'optional',
  seed: 'optional',
} satisfies OptionNames<FitOptions>;

/** How often a progress bar hears of the steps. */
const PROGRESS_MS = 100;

/** One call of `fit`, `evaluate` or `predict`. */
class Call {
  #warned = false;

  constructor(
    readonly caller: 'fit' | 'evaluate' | 'predict',
    readonly model: Model<OutputStructure>,
    readonly trainer: Trainer,
    readonly signal: AbortSignal | undefined,
    readonly pause: Pause,
  ) {
    throwIfAborted(signal);
  }

  error(message: string): EngineError {
    return new EngineError('ARGUMENT', `[${this.caller}] ${message}`);
  }

  /** Warns once a call. */
  warn(message: string): void {
    if (!this.#warned) process.emitWarning(`[${this.caller}] ${message}`);
    this.#warned = true;
  }

  /** Checks an option that is a count, where it is given. */
  count(name: string, value: number | undefined, least: 0 | 1 = 1): void {
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
    const kind = least === 1 ? 'a positive integer' : 'an integer of 0 or more';
    throw this.error(`expected ${kind} for ${name}, received ${describe(value)}`);
  }
}

export async function fit(
  model: Model<OutputStructure>,
  trainer: Trainer,
  x: FitData,
  y: Data | undefined,
  options: FitOptions,
  pause: Pause,
): Promise<History> {
  const { epochs = 1, initialEpoch = 0, signal } = options;
  const call = new Call('fit', model, trainer, signal, pause);
  for (const name of ['batchSize', 'stepsPerEpoch', 'validationSteps', 'validationBatchSize'] as const)
    call.count(name, options[name]);
  for (const name of ['epochs', 'initialEpoch'] as const) call.count(name, options[name], 0);
  const seed = options.seed === undefined ? nextSeed() : seedOf('fit', options.seed);
  const { train, validate } = feedersOf(call, x, y, { ...options, seed });
  return closing(validate ? [train, validate] : [train], async () => {
    if (options.seed !== undefined) trainer.reseed(seed, initialEpoch * (train.steps ?? 0));
    const history = new History();
    const given = [...listOf(options.callbacks ?? []), history];
    const callbacks = callbacksOf(call, given, options.verbose, { epochs, steps: train.steps });
    model.stopTraining = false;
    await callbacks.run('onTrainBegin');
    let logs: Logs = {};
    for (let epoch = initialEpoch; epoch < epochs && !model.stopTraining; epoch++) {
      throwIfAborted(signal);
      await callbacks.epoch('onEpochBegin', epoch);
      const trained = await runSteps(call, 'train', train, callbacks, epoch, epoch > initialEpoch);
      if (!trained) break;
      logs = trained;
      if (validate) {
        const measured = await test(call, validate, callbacks, epoch);
        for (const [name, value] of Object.entries(measured)) logs[`val_${name}`] = value;
      }
      await callbacks.epoch('onEpochEnd', epoch, logs);
    }
    await callbacks.run('onTrainEnd', logs);
    return history;
  });
}

export async function evaluate(
  model: Model<OutputStructure>,
  trainer: Trainer,
  x: FitData,
  y: Data | undefined,
  options: EvaluateOptions,
  pause: Pause,
): Promise<Logs> {
  const call = new Call('evaluate', model, trainer, options.signal, pause);
  for (const name of ['batchSize', 'steps'] as const) call.count(name, options[name]);
  const feeder = feederOf(call, 'test', x, y, options);
  return closing([feeder], () => {
    const { steps } = feeder;
    return test(call, feeder, callbacksOf(call, options.callbacks, options.verbose, { epochs: 1, steps }));
  });
}

export async function predict(
  model: Model<OutputStructure>,
  trainer: Trainer,
  x: FitData,
  options: PredictOptions,
): Promise<Tensor[]> {
  const call = new Call('predict', model, trainer, options.signal, (hook) => hook());
  for (const name of ['batchSize', 'steps'] as const) call.count(name, options[name]);
  const feeder = collectorOf(call, x, options);
  try {
    await closing([feeder], async () => {
      const { steps } = feeder;
      const callbacks = callbacksOf(call, options.callbacks, options.verbose ?? 0, { epochs: 1, steps });
      await callbacks.run('onPredictBegin');
      await feeder.begin(0);
      const each = callbacks.needsBatches('predict');
      const done = await runEpoch(feeder, steps ?? Infinity, {
        stopped: () => false,
        signal: call.signal,
        begin: each ? (step) => callbacks.batch('predict', 'begin', step) : undefined,
        end: each ? (step) => callbacks.batch('predict', 'end', step) : undefined,
        progress: (steps) => callbacks.progress(steps, {}),
      });
      checkSteps(call, 'predict', feeder, done);
      await callbacks.run('onPredictEnd');
    });
    return await feeder.outputs();
  } catch (error) {
    feeder.discard();
    throw error;
  }
}

/** The callbacks of a run, with a progress bar unless it is silent. An abort is heard while one of them is pending. */
function callbacksOf(
  { model, signal, pause }: Call,
  callbacks: LoopOptions['callbacks'] = [],
  verbose: Verbose = 'auto',
  params: { epochs: number; steps: number | undefined },
): CallbackList {
  if (!['auto', 0, 1, 2].includes(verbose)) throw expected('verbose', "0, 1, 2 or 'auto'", verbose);
  const level = verbose === 'auto' ? 1 : verbose;
  const bar = level === 0 ? [] : [new ProgbarLogger()];
  return new CallbackList([...bar, ...listOf(callbacks)], model, { ...params, verbose: level }, (hook) =>
    unlessAborted(pause(hook), signal),
  );
}

/** Evaluates once, within `fit` too. */
async function test(call: Call, feeder: Feeder, callbacks: CallbackList, epoch = 0): Promise<Logs> {
  await callbacks.run('onTestBegin');
  const logs = (await runSteps(call, 'test', feeder, callbacks, epoch)) ?? {};
  await callbacks.run('onTestEnd', logs);
  return logs;
}

/**
 * Runs the steps of one epoch with everybody who wants to know.
 *
 * @param mayEnd Whether the data may be at its end, as a generator's is after its pass.
 * @returns The averages; undefined where no step was made.
 */
async function runSteps(
  call: Call,
  mode: Exclude<Mode, 'predict'>,
  feeder: Feeder,
  callbacks: CallbackList,
  epoch: number,
  mayEnd = false,
): Promise<Logs | undefined> {
  const { trainer, model, signal } = call;
  const each = callbacks.needsBatches(mode);
  const sums = new RunSums();
  const stopped = () => mode === 'train' && model.stopTraining;
  let shown = performance.now();
  try {
    await feeder.begin(epoch);
    const done = await runEpoch(feeder, feeder.steps ?? Infinity, {
      stopped,
      signal,
      begin: each ? (step) => callbacks.batch(mode, 'begin', step) : undefined,
      ready: () => trainer.resume(sums),
      end: each ? async (step) => callbacks.batch(mode, 'end', step, await trainer.logs(sums)) : undefined,
      progress: async (steps) => {
        if (!callbacks.needsProgress || performance.now() - shown < PROGRESS_MS) return;
        await callbacks.progress(steps, await trainer.logs(sums));
        shown = performance.now();
      },
    });
    if (!stopped()) checkSteps(call, mode, feeder, done, epoch, mayEnd);
    if (done === 0) return undefined;
    const logs = await trainer.logs(sums);
    await callbacks.progress(done, logs);
    return logs;
  } finally {
    trainer.release(sums);
  }
}

/** Fails where there was no data, and warns where there was less than was asked for. */
function checkSteps(call: Call, mode: Mode, feeder: Feeder, done: number, epoch = 0, mayEnd = false): void {
  const what = call.caller === 'fit' && mode === 'test' ? 'batches of validationData' : 'batches';
  const at = call.caller === 'fit' ? ` in epoch ${epoch + 1}` : '';
  const remedy = 'a generator gives its batches once, an object with [Symbol.iterator] each time anew';
  if (done > 0) {
    if (done < (feeder.steps ?? 0))
      call.warn(`expected ${what} for ${feeder.steps} steps${at}, received ${done}`);
  } else if (mayEnd) {
    call.warn(`expected ${what}${at}, received none, so that training ends: ${remedy}`);
  } else {
    throw call.error(`expected ${what}${at}, received none: ${remedy}`);
  }
}

/** What feeds training, and validation where there is any. */
function feedersOf(
  call: Call,
  x: FitData,
  y: Data | undefined,
  options: FitOptions & { seed: number },
): { train: Feeder; validate?: Feeder } {
  const { validationSplit = 0, validationData, batchSize, validationBatchSize = batchSize } = options;
  const training = { ...options, steps: options.stepsPerEpoch };
  const testing = { batchSize: validationBatchSize, steps: options.validationSteps };
  if (validationSplit !== 0 && isBatches(x)) {
    const remedy = 'give its last batches as validationData';
    throw call.error(`expected no validationSplit with an iterable of batches: ${remedy}`);
  }
  if (validationSplit !== 0 && validationData === undefined) {
    const data = dataset(call, x as Data, y, options.sampleWeight);
    const at = splitPoint(data.samples, validationSplit);
    return {
      train: arrayFeeder(call, 'train', data.slice(0, at), training),
      validate: arrayFeeder(call, 'test', data.slice(at, data.samples), testing),
    };
  }
  const train = feederOf(call, 'train', x, y, training);
  if (validationData === undefined) return { train };
  try {
    return { train, validate: validationFeeder(call, validationData, options, testing) };
  } catch (error) {
    void train.close();
    if (!(error instanceof EngineError)) throw error;
    const message = error.message.replace('[fit] ', '[fit] validationData: ');
    throw new EngineError(error.code, message, { cause: error });
  }
}

function validationFeeder(
  call: Call,
  data: DataBatch | Batches,
  { validationBatchSize: batchSize }: FitOptions,
  testing: SourceOptions,
): Feeder {
  if (isBatches(data)) return feederOf(call, 'test', data, undefined, { ...testing, batchSize });
  if (!Array.isArray(data))
    throw call.error(`expected [x, y], [x, y, sampleWeight] or batches, received ${typeof data}`);
  const [x, y, sampleWeight] = data as DataBatch;
  return feederOf(call, 'test', x, y, { ...testing, sampleWeight });
}

interface SourceOptions extends TrainOnBatchOptions {
  batchSize?: number;
  steps?: number;
  shuffle?: boolean;
  seed?: number;
}

/** What an iterable decides itself, and where it does. */
const givenByBatches = {
  batchSize: 'it gives the batches',
  shuffle: 'it gives the batches in their order',
  sampleWeight: 'give it in each batch, as in [x, y, sampleWeight]',
};

function checkBatchesOptions(call: Call, options: SourceOptions): void {
  for (const [name, remedy] of Object.entries(givenByBatches))
    if (options[name as keyof typeof givenByBatches] !== undefined)
      throw call.error(`expected no ${name} with an iterable of batches: ${remedy}`);
}

/** A feeder of arrays or of an iterable's batches. */
function feederOf(
  call: Call,
  mode: Exclude<Mode, 'predict'>,
  x: FitData,
  y: Data | undefined,
  options: SourceOptions,
): Feeder {
  if (!isBatches(x)) return arrayFeeder(call, mode, dataset(call, x, y, options.sampleWeight), options);
  const { caller, model, trainer, signal } = call;
  const { steps, classWeight } = options;
  if (y !== undefined) throw call.error('expected no y with an iterable of batches [x, y]');
  checkBatchesOptions(call, options);
  const read = (value: unknown) => {
    if (!Array.isArray(value) || value.length < 2 || value.length > 3)
      throw call.error('expected batches [x, y] or [x, y, sampleWeight] from the iterable');
    const [x, y, sampleWeight] = value as unknown as DataBatch;
    model.prepare(x);
    const data = Dataset.read(caller, model.graph, x, y, sampleWeight);
    return classWeight !== undefined ? data.withClassWeight(caller, model.graph, classWeight) : data;
  };
  const run = (batch: Batch) => trainer.program(mode, batch).run(feedsOf(batch)).done;
  return new IterableFeeder(x, { steps, goesOn: mode === 'train', signal, read, run });
}

/** A feeder that collects the outputs of a prediction. */
function collectorOf(
  call: Call,
  x: FitData,
  options: PredictOptions,
): CollectingFeeder | CollectingIterableFeeder {
  const { caller, model, trainer, signal } = call;
  const { batchSize, steps } = options;
  const read = (x: Data) => {
    model.prepare(x);
    return Dataset.read(caller, model.graph, x, undefined);
  };
  if (!isBatches(x)) return new CollectingFeeder(trainer, read(x), { batchSize, steps });
  checkBatchesOptions(call, options);
  return new CollectingIterableFeeder(x, trainer, {
    steps,
    signal,
    read: (value) => {
      if (!Array.isArray(value) || value.length < 1 || value.length > 3)
        throw call.error('expected batches [x], or [x, y] as for fit, from the iterable');
      return read((value as unknown as DataBatch)[0]);
    },
  });
}

function dataset(call: Call, x: Data, y: Data | undefined, sampleWeight: Data | undefined): Dataset {
  const { caller, model } = call;
  if (y === undefined) throw call.error('expected targets y with x, received none');
  model.prepare(x);
  return Dataset.read(caller, model.graph, x, y, sampleWeight);
}

function arrayFeeder(
  call: Call,
  mode: Exclude<Mode, 'predict'>,
  data: Dataset,
  options: SourceOptions,
): Feeder {
  const { caller, model, trainer } = call;
  const { batchSize, steps, seed, classWeight, shuffle = true } = options;
  const weighed = classWeight !== undefined ? data.withClassWeight(caller, model.graph, classWeight) : data;
  return new ArrayFeeder(trainer, mode, weighed, {
    ...{ batchSize, steps, seed },
    shuffle: mode === 'train' && shuffle,
  });
}
