import { type OptionNames, checkEach, integer, oneOf, seedOf } from '../base/checks.js';
import { listOf } from '../base/list.js';
import type { Callback } from '../callbacks/index.js';
import type { NDArray } from '../core/ndarray.js';
import { nextSeed } from '../core/seed.js';
import type { Tensor } from '../core/tensor.js';
import type { ArrayData, Batch, Batches, Data } from '../data/batches.js';
import { throwIfAborted } from './abort.js';
import type { ClassWeights } from './classWeights.js';

/** What `fit`, `evaluate` and `predict` take: arrays, or an iterable or async iterable of batches. */
export type FitData = Data | Batches;

/** One batch for `predict`: as for `fit`, or the inputs alone. */
type PredictBatch = Batch | Tensor | NDArray | Readonly<Record<string, ArrayData>>;

/** What `predict` takes: the same, or batches of inputs alone. */
export type PredictData = FitData | Iterable<PredictBatch> | AsyncIterable<PredictBatch>;

/** What a run shows. 0: nothing. 1: a progress bar. 2: one line an epoch. 3: as 1, with the curve of the loss. auto: 1 in a terminal, else 2. */
export type Verbose = 0 | 1 | 2 | 3 | 'auto';

/** What `evaluate` and `testOnBatch` take. */
export interface TestOnBatchOptions {
  /**
   * Weights in the loss and in `weightedMetrics`, in any dtype: [n] or [n, 1], one for each sample, or one for each of its steps or
   * places, as [n, steps] or [n, height, width]; a list or record of these for several outputs. Default: all weigh 1.
   */
  sampleWeight?: Data;
}

export const testOnBatchNames = { sampleWeight: 'optional' } satisfies OptionNames<TestOnBatchOptions>;

/** What `fit` and `trainOnBatch` take. */
export interface TrainOnBatchOptions extends TestOnBatchOptions {
  /**
   * The weight in the loss of targets by their class, as in { 0: 1, 1: 5 }; 1 for classes that are not named. Targets are class
   * numbers, or one-hot along the last axis. Not with several outputs, nor with `sampleWeight`. Default: all weigh 1.
   */
  classWeight?: ClassWeights;
}

export const trainOnBatchNames = {
  ...testOnBatchNames,
  classWeight: 'optional',
} satisfies OptionNames<TrainOnBatchOptions>;

/** What `fit`, `evaluate` and `predict` take. */
export interface LoopOptions {
  /**
   * Samples a step, a positive integer; the last step of an epoch may have fewer. Default: as many as make the steps that are asked
   * for, else 32. Not with an iterable, which gives the batches.
   */
  batchSize?: number;
  /**
   * 0: shows nothing. 1: a progress bar. 2: one line an epoch. 3: as 1, with the curve of the loss. auto: 1 in a terminal, else 2. Default
   * `auto`, of `predict` 0.
   */
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

/** What the methods take that give numbers. */
export interface ReturnOptions {
  /**
   * Whether the numbers come in a record by their names: else in a list in the order of `metricsNames`, one alone as a number. Default true
   * (of Keras false).
   */
  returnDict?: boolean;
}

export const returnNames = { returnDict: 'boolean' } satisfies OptionNames<ReturnOptions>;

/** What `evaluate` takes. */
export interface EvaluateOptions extends StepsOptions, TestOnBatchOptions, ReturnOptions {}

export const evaluateNames = {
  ...loopNames,
  ...testOnBatchNames,
  ...returnNames,
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
  validationData?: Batch | Batches;
  /** Samples a step of the validation, a positive integer. Default: `batchSize`. Not with an iterable. */
  validationBatchSize?: number;
  /**
   * After how many epochs there is a validation, a positive integer; or a list of the epochs after which there is one, counted from 1.
   * Default 1: after each.
   */
  validationFreq?: number | readonly number[];
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
  validationFreq: 'optional',
  validationSteps: 'optional',
  shuffle: 'boolean',
  initialEpoch: 'optional',
  stepsPerEpoch: 'optional',
  seed: 'optional',
} satisfies OptionNames<FitOptions>;

/** The batches that a run takes from its data. What is undefined was not asked for. */
export interface InputSettings extends TrainOnBatchOptions {
  readonly batchSize?: number | undefined;
  /** Of an epoch. */
  readonly steps?: number | undefined;
  readonly shuffle?: boolean | undefined;
  readonly seed?: number | undefined;
}

/** What any run does besides its steps. */
export interface RunSettings {
  readonly callbacks: readonly Callback[];
  readonly verbose: 0 | 1 | 2 | 3;
  readonly signal: AbortSignal | undefined;
}

/** The options of one `evaluate` or `predict`, checked and with their defaults. */
export interface StepsSettings extends RunSettings {
  readonly input: InputSettings;
}

/** The options of one `fit`, checked and with their defaults. */
export interface FitSettings extends RunSettings {
  readonly epochs: number;
  readonly initialEpoch: number;
  /** Decides the masks of dropout from the first step on; undefined: those go on from an earlier run. */
  readonly maskSeed: number | undefined;
  readonly input: InputSettings;
  readonly validation: InputSettings;
  readonly validationData: Batch | Batches | undefined;
  readonly validationSplit: number;
  /** Whether there is a validation after an epoch, counted from 0. */
  readonly validates: (epoch: number) => boolean;
}

/** Reads the options of `fit`. @throws EngineError `ARGUMENT` for what is out of its range; `ABORTED`. */
export function readFit(options: FitOptions): FitSettings {
  const { epochs = 1, initialEpoch = 0, validationSplit = 0, validationData, seed, shuffle } = options;
  const { batchSize, sampleWeight, classWeight } = options;
  const run = readRun('fit', options, 'auto');
  counts('fit', options, ['batchSize', 'stepsPerEpoch', 'validationSteps', 'validationBatchSize']);
  counts('fit', options, ['epochs', 'initialEpoch'], 0);
  const { validationFreq = 1 } = options;
  const epochsOfValidation = typeof validationFreq === 'number' ? undefined : validationFreq;
  if (epochsOfValidation) {
    checkEach(
      'fit',
      'a positive integer, or a list of such, for validationFreq',
      epochsOfValidation,
      (epoch) => Number.isSafeInteger(epoch) && (epoch as number) > 0,
    );
  } else counts('fit', options, ['validationFreq']);
  const maskSeed = seed === undefined ? undefined : seedOf('fit', seed);
  const steps = options.stepsPerEpoch;
  return {
    ...run,
    epochs,
    initialEpoch,
    maskSeed,
    input: { batchSize, steps, shuffle, seed: maskSeed ?? nextSeed(), sampleWeight, classWeight },
    validation: { batchSize: options.validationBatchSize, steps: options.validationSteps },
    validationData,
    validationSplit,
    validates: (epoch) =>
      epochsOfValidation
        ? epochsOfValidation.includes(epoch + 1)
        : (epoch + 1) % (validationFreq as number) === 0,
  };
}

/** Reads the options of `evaluate`. @throws EngineError `ARGUMENT` for what is out of its range; `ABORTED`. */
export function readEvaluate(options: EvaluateOptions): StepsSettings {
  const { batchSize, steps, sampleWeight } = options;
  const run = readRun('evaluate', options, 'auto');
  counts('evaluate', options, ['batchSize', 'steps']);
  return { ...run, input: { batchSize, steps, sampleWeight } };
}

/** Reads the options of `predict`. @throws EngineError `ARGUMENT` for what is out of its range; `ABORTED`. */
export function readPredict(options: PredictOptions): StepsSettings {
  const { batchSize, steps } = options;
  const run = readRun('predict', options, 0);
  counts('predict', options, ['batchSize', 'steps']);
  return { ...run, input: { batchSize, steps } };
}

function readRun(caller: string, options: LoopOptions, shown: Verbose): RunSettings {
  const { callbacks = [], verbose = shown, signal } = options;
  throwIfAborted(signal);
  const level = oneOf<Verbose>(caller, 'verbose', verbose, [0, 1, 2, 3, 'auto']);
  // The progress bar itself draws a line an epoch where there is no terminal.
  return { callbacks: listOf(callbacks), verbose: level === 'auto' ? 1 : level, signal };
}

/** Checks the options that are counts, where they are given. */
function counts<O extends object>(
  caller: string,
  options: O,
  names: readonly (keyof O & string)[],
  least = 1,
): void {
  for (const name of names) if (options[name] !== undefined) integer(caller, name, options[name], least);
}
