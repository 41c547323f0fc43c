import { CallbackList, type RunMode } from '../callbacks/callbackList.js';
import { type Callback, History, ProgbarLogger } from '../callbacks/index.js';
import { type Batches, type Data, type Batch as DataBatch, isBatches, splitPoint } from '../data/batches.js';
import { EngineError } from '../errors.js';
import { listOf } from '../list.js';
import { checkSeed, nextSeed } from '../seed.js';
import type { Tensor } from '../tensor.js';
import { type ClassWeights, Dataset, type DatasetOptions } from './dataset.js';
import {
  ArrayFeeder,
  CollectingFeeder,
  type Feeder,
  IterableFeeder,
  runEpoch,
  throwIfAborted,
} from './loop.js';
import type { Model } from './model.js';
import { type Batch, type Logs, type Mode, type Trainer, checkPositiveInteger } from './trainer.js';

/** Arrays, or batches one after the other. */
export type FitData = Data | Batches;

/** 0: silent. 1: a progress bar. 2: one line an epoch. auto: 1 in a terminal, else 2. */
export type Verbose = 0 | 1 | 2 | 'auto';

interface LoopOptions {
  /** Samples a step. Default 32. Not with an iterable. */
  batchSize?: number;
  /** Default `auto`. */
  verbose?: Verbose;
  callbacks?: readonly Callback[];
  /** Ends the run with `ABORTED` after the steps in flight. */
  signal?: AbortSignal;
  /** The weight of each sample in the loss, [n]. */
  sampleWeight?: Data;
}

export interface EvaluateOptions extends LoopOptions {
  /** Steps to make; by default once through the data. */
  steps?: number;
}

export interface PredictOptions extends Omit<LoopOptions, 'sampleWeight'> {
  /** Default 0. */
  verbose?: Verbose;
}

export interface FitOptions extends LoopOptions {
  /** Passes over the data. Default 1. */
  epochs?: number;
  /** The share of samples, from the end, to validate with instead of training. */
  validationSplit?: number;
  /** Data to validate with after each epoch: [x, y, sampleWeight?], or batches. */
  validationData?: DataBatch | Batches;
  validationBatchSize?: number;
  validationSteps?: number;
  /** A new order of the samples in each epoch. Default true. */
  shuffle?: boolean;
  /** The weight in the loss of samples by their class. */
  classWeight?: ClassWeights;
  /** The number of the first epoch, where training goes on. Default 0. */
  initialEpoch?: number;
  /** Steps that make an epoch; by default once through the data. */
  stepsPerEpoch?: number;
  /** Decides the order of samples and the masks of dropout. */
  seed?: number;
}

/** How often a progress bar hears of the steps. */
const PROGRESS_MS = 100;

/** One epoch's feeder, made anew for each. */
type MakeFeeder = (epoch: number) => Feeder;

export async function fit(
  model: Model,
  trainer: Trainer,
  x: FitData,
  y: Data | undefined,
  options: FitOptions,
): Promise<History> {
  const { epochs = 1, initialEpoch = 0, signal, verbose = 'auto' } = options;
  checkPositiveInteger('fit', 'epochs', epochs);
  for (const name of ['stepsPerEpoch', 'validationSteps', 'validationBatchSize'] as const)
    if (options[name] !== undefined) checkPositiveInteger('fit', name, options[name]);
  if (!Number.isSafeInteger(initialEpoch) || initialEpoch < 0) {
    throw new EngineError(
      'ARGUMENT',
      `[fit] expected an integer of 0 or more for initialEpoch, received ${String(initialEpoch)}`,
    );
  }
  throwIfAborted(signal);
  const seed = options.seed === undefined ? nextSeed() : checkSeed(options.seed);
  const history = new History();
  const held: Tensor[] = [];
  try {
    const { train, validate } = readData(model, trainer, x, y, { ...options, seed }, held);
    const { steps } = train(initialEpoch);
    if (options.seed !== undefined) trainer.reseed(seed, initialEpoch * (steps ?? 0));
    const callbacks = watchers(model, [...listOf(options.callbacks ?? []), history], verbose, {
      epochs,
      steps,
    });
    model.stopTraining = false;
    await callbacks.run('onTrainBegin');
    let logs: Logs = {};
    for (let epoch = initialEpoch; epoch < epochs && !model.stopTraining; epoch++) {
      throwIfAborted(signal);
      await model.turns.pause(() => callbacks.epoch('onEpochBegin', epoch));
      trainer.resetSums();
      logs = await runSteps('train', train(epoch), trainer, model, callbacks, signal, epoch);
      if (validate) {
        trainer.resetSums();
        await callbacks.run('onTestBegin');
        const measured = await runSteps('test', validate(0), trainer, model, callbacks, signal);
        await callbacks.run('onTestEnd', measured);
        for (const [name, value] of Object.entries(measured)) logs[`val_${name}`] = value;
      }
      const done = logs;
      await model.turns.pause(() => callbacks.epoch('onEpochEnd', epoch, done));
    }
    await callbacks.run('onTrainEnd', logs);
    return history;
  } finally {
    for (const made of held) made.dispose();
  }
}

export async function evaluate(
  model: Model,
  trainer: Trainer,
  x: FitData,
  y: Data | undefined,
  options: EvaluateOptions,
): Promise<Logs> {
  const { signal, verbose = 'auto', steps } = options;
  if (steps !== undefined) checkPositiveInteger('evaluate', 'steps', steps);
  const held: Tensor[] = [];
  try {
    const make = feederOf(
      'evaluate',
      model,
      trainer,
      'test',
      x,
      y,
      { ...options, stepsPerEpoch: steps },
      held,
    );
    const feeder = make(0);
    const callbacks = watchers(model, options.callbacks ?? [], verbose, { epochs: 1, steps: feeder.steps });
    trainer.resetSums();
    await callbacks.run('onTestBegin');
    const logs = await runSteps('test', feeder, trainer, model, callbacks, signal);
    await callbacks.run('onTestEnd', logs);
    return logs;
  } finally {
    for (const made of held) made.dispose();
  }
}

export async function predict(
  model: Model,
  trainer: Trainer,
  x: Data,
  options: PredictOptions,
): Promise<Tensor[]> {
  const { batchSize = 32, signal, verbose = 0 } = options;
  checkPositiveInteger('predict', 'batchSize', batchSize);
  const data = new Dataset('predict', model.graph, x, undefined);
  const held: Tensor[] = [];
  let feeder: CollectingFeeder | undefined;
  try {
    feeder = new CollectingFeeder(trainer, data.batch(held), batchSize);
    const { steps } = feeder;
    const callbacks = watchers(model, options.callbacks ?? [], verbose, { epochs: 1, steps });
    await callbacks.run('onPredictBegin');
    const each = callbacks.needsBatches('predict');
    await runEpoch(feeder, {
      stopped: () => false,
      signal,
      begin: each ? (step) => callbacks.batch('predict', 'begin', step) : undefined,
      end: each ? (step) => callbacks.batch('predict', 'end', step) : undefined,
      progress: (done) => callbacks.progress(done, {}),
    });
    await callbacks.run('onPredictEnd');
    return feeder.results!;
  } catch (error) {
    for (const made of feeder?.results ?? []) made.dispose();
    throw error;
  } finally {
    for (const made of held) made.dispose();
  }
}

/** The callbacks of a run, with a progress bar unless it is silent. */
function watchers(
  model: Model,
  callbacks: readonly Callback[],
  verbose: Verbose,
  params: { epochs: number; steps: number | undefined },
): CallbackList {
  if (!['auto', 0, 1, 2].includes(verbose))
    throw new EngineError('ARGUMENT', `[verbose] expected 0, 1, 2 or 'auto', received ${String(verbose)}`);
  const level = verbose === 'auto' ? 1 : verbose;
  const bar = level === 0 ? [] : [new ProgbarLogger()];
  return new CallbackList([...bar, ...callbacks], model, { ...params, verbose: level });
}

/** Runs the steps of one epoch with everybody who wants to know, and gives the averages. */
async function runSteps(
  mode: Extract<RunMode, 'train' | 'test'>,
  feeder: Feeder,
  trainer: Trainer,
  model: Model,
  callbacks: CallbackList,
  signal: AbortSignal | undefined,
  epoch = 0,
): Promise<Logs> {
  const each = callbacks.needsBatches(mode);
  let shown = performance.now();
  const done = await runEpoch(feeder, {
    stopped: () => mode === 'train' && model.stopTraining,
    signal,
    begin: each ? (step) => callbacks.batch(mode, 'begin', step) : undefined,
    end: each ? async (step) => callbacks.batch(mode, 'end', step, await trainer.logs()) : undefined,
    progress: async (steps) => {
      if (!callbacks.needsProgress || performance.now() - shown < PROGRESS_MS) return;
      await callbacks.progress(steps, await trainer.logs());
      shown = performance.now();
    },
  });
  if (done === 0 && !(mode === 'train' && model.stopTraining)) {
    const hint =
      epoch > 0
        ? ': a generator gives its batches once, an object with [Symbol.iterator] each time anew'
        : '';
    throw new EngineError(
      'ARGUMENT',
      `[${mode === 'train' ? 'fit' : 'evaluate'}] expected batches in epoch ${epoch + 1}, received none${hint}`,
    );
  }
  const logs = await trainer.logs();
  await callbacks.progress(done, logs);
  return logs;
}

/** Training data, and validation data where there is any. */
function readData(
  model: Model,
  trainer: Trainer,
  x: FitData,
  y: Data | undefined,
  options: FitOptions & { seed: number },
  held: Tensor[],
): { train: MakeFeeder; validate: MakeFeeder | undefined } {
  const { validationSplit, validationData } = options;
  const validation: LoopSource = {
    batchSize: options.validationBatchSize ?? options.batchSize,
    stepsPerEpoch: options.validationSteps,
  };
  if (validationSplit !== undefined && validationSplit !== 0 && validationData === undefined) {
    if (isBatches(x)) {
      throw new EngineError(
        'ARGUMENT',
        '[fit] expected arrays beside validationSplit, received an iterable: give its last batches as validationData',
      );
    }
    const data = dataset('fit', model, x, y, options);
    const split = splitPoint(data.samples, validationSplit);
    const [head, tail] = [data.batch(held, 0, split), data.batch(held, split)];
    return {
      train: arrayFeeder('fit', trainer, 'train', head, { shuffle: true, ...options }),
      validate: arrayFeeder('fit', trainer, 'test', tail, validation),
    };
  }
  const train = feederOf('fit', model, trainer, 'train', x, y, { shuffle: true, ...options }, held);
  if (validationData === undefined) return { train, validate: undefined };
  if (!isBatches(validationData) && !Array.isArray(validationData)) {
    throw new EngineError(
      'ARGUMENT',
      `[fit] expected [x, y], [x, y, sampleWeight] or batches as validationData, received ${typeof validationData}`,
    );
  }
  const [vx, vy, weights] = isBatches(validationData)
    ? [validationData, undefined, undefined]
    : validationData;
  const given = { ...validation, sampleWeight: weights };
  try {
    return { train, validate: feederOf('fit', model, trainer, 'test', vx, vy, given, held) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const message = error.message.replace('[fit] ', '[fit] validationData: ');
    throw new EngineError(error.code, message, { cause: error });
  }
}

interface LoopSource extends DatasetOptions {
  batchSize?: number;
  stepsPerEpoch?: number;
  shuffle?: boolean;
  seed?: number;
}

/** A feeder of arrays or of an iterable's batches. */
function feederOf(
  caller: string,
  model: Model,
  trainer: Trainer,
  mode: Mode,
  x: FitData,
  y: Data | undefined,
  options: LoopSource,
  held: Tensor[],
): MakeFeeder {
  if (!isBatches(x)) {
    return arrayFeeder(caller, trainer, mode, dataset(caller, model, x, y, options).batch(held), options);
  }
  if (y !== undefined) {
    throw new EngineError('ARGUMENT', `[${caller}] expected no y beside an iterable of batches [x, y]`);
  }
  return batchFeeder(caller, model, trainer, mode, x, options.stepsPerEpoch);
}

function dataset(
  caller: string,
  model: Model,
  x: FitData,
  y: Data | undefined,
  options: DatasetOptions,
): Dataset {
  if (y === undefined)
    throw new EngineError('ARGUMENT', `[${caller}] expected targets y beside x, received none`);
  model.prepare(x);
  return new Dataset(caller, model.graph, x as Data, y, options);
}

function arrayFeeder(
  caller: string,
  trainer: Trainer,
  mode: Mode,
  batch: Batch,
  options: LoopSource,
): MakeFeeder {
  const { batchSize = 32, shuffle = false, seed = 0, stepsPerEpoch } = options;
  checkPositiveInteger(caller, 'batchSize', batchSize);
  const source = { batchSize, shuffle, seed, steps: stepsPerEpoch };
  // Training steps that are no whole passes go on where the last epoch ended; a validation is the same each time.
  const goesOn = mode === 'train' && stepsPerEpoch !== undefined;
  const endless = goesOn ? new ArrayFeeder(trainer, mode, batch, source) : undefined;
  return (epoch) => endless ?? new ArrayFeeder(trainer, mode, batch, { ...source, pass: epoch });
}

function batchFeeder(
  caller: string,
  model: Model,
  trainer: Trainer,
  mode: Mode,
  batches: Batches,
  steps: number | undefined,
): MakeFeeder {
  let iterator: Iterator<DataBatch> | AsyncIterator<DataBatch> | undefined;
  const open = () =>
    Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  const next = async () => {
    iterator ??= open();
    const result: IteratorResult<unknown> = await iterator.next();
    const value: unknown = result.value;
    if (result.done === true) {
      iterator = undefined; // the next epoch begins anew
      return undefined;
    }
    if (!Array.isArray(value) || value.length < 2) {
      throw new EngineError(
        'ARGUMENT',
        `[${caller}] expected batches [x, y] or [x, y, sampleWeight] from the iterable`,
      );
    }
    const [x, y, sampleWeight] = value as unknown as DataBatch;
    model.prepare(x);
    const made: Tensor[] = [];
    const batch = new Dataset(caller, model.graph, x, y, { sampleWeight }).batch(made);
    const release = () => {
      for (const temporary of made) temporary.dispose();
    };
    return { batch, release };
  };
  return () => new IterableFeeder(trainer, mode, next, steps);
}
