import { EngineError } from '../base/errors.js';
import { type Batch, type Batches, type Data, isBatches, splitPoint } from '../data/batches.js';
import { ArrayFeeder, CollectingFeeder } from './arrayFeeder.js';
import { CollectingIterableFeeder } from './collectingIterableFeeder.js';
import type { Feeder } from './feeder.js';
import { IterableFeeder } from './iterableFeeder.js';
import type { FitData, FitSettings, InputSettings, PredictData } from './options.js';
import type { Run } from './run.js';
import type { Mode } from './trainer.js';

/** What feeds the steps of training or measuring. */
export function feederOf(
  run: Run,
  mode: Exclude<Mode, 'predict'>,
  x: FitData,
  y: Data | undefined,
  settings: InputSettings,
): Feeder {
  if (!isBatches(x)) {
    return new ArrayFeeder(run, mode, run.read(mode, x, y, settings.sampleWeight), settings);
  }
  if (y !== undefined) throw run.error('expected no y with an iterable of batches [x, y]');
  checkIterableSettings(run, settings);
  return new IterableFeeder(run, mode, x, settings);
}

/** What feeds predictions and collects their outputs. */
export function collectorOf(
  run: Run,
  x: PredictData,
  settings: InputSettings,
): CollectingFeeder | CollectingIterableFeeder {
  if (!isBatches(x)) return new CollectingFeeder(run, run.read('predict', x as Data), settings);
  checkIterableSettings(run, settings);
  return new CollectingIterableFeeder(run, x, settings);
}

/** What feeds training, and validation where there is any. */
export function fitFeeders(
  run: Run,
  x: FitData,
  y: Data | undefined,
  { input, validation, validationData, validationSplit }: FitSettings,
): { train: Feeder; validate?: Feeder } {
  // An iterable gives its own batches; arrays are cut as those of training.
  const inArrays = { ...validation, batchSize: validation.batchSize ?? input.batchSize };
  if (validationSplit !== 0 && isBatches(x)) {
    const remedy = 'give its last batches as validationData';
    throw run.error(`expected no validationSplit with an iterable of batches: ${remedy}`);
  }
  if (validationSplit !== 0 && validationData === undefined) {
    const data = run.read('train', x as Data, y, input.sampleWeight);
    const at = splitPoint(data.samples, validationSplit);
    return {
      train: new ArrayFeeder(run, 'train', data.slice(0, at), input),
      validate: new ArrayFeeder(run, 'test', data.slice(at, data.samples), inArrays),
    };
  }
  const train = feederOf(run, 'train', x, y, input);
  if (validationData === undefined) return { train };
  try {
    return {
      train,
      validate: validationFeeder(run, validationData, isBatches(validationData) ? validation : inArrays),
    };
  } catch (error) {
    void train.close();
    if (!(error instanceof EngineError)) throw error;
    const message = error.message.replace('[fit] ', '[fit] validationData: ');
    throw new EngineError(error.code, message, { cause: error });
  }
}

function validationFeeder(run: Run, data: Batch | Batches, settings: InputSettings): Feeder {
  if (isBatches(data)) return feederOf(run, 'test', data, undefined, settings);
  if (!Array.isArray(data))
    throw run.error(`expected [x, y], [x, y, sampleWeight] or batches, received ${typeof data}`);
  const [x, y, sampleWeight] = data as Batch;
  return feederOf(run, 'test', x, y, { ...settings, sampleWeight });
}

/** What an iterable decides itself, and where it does. */
const givenByBatches = {
  batchSize: 'it gives the batches',
  shuffle: 'it gives the batches in their order',
  sampleWeight: 'give it in each batch, as in [x, y, sampleWeight]',
};

function checkIterableSettings(run: Run, settings: InputSettings): void {
  for (const [name, remedy] of Object.entries(givenByBatches))
    if (settings[name as keyof typeof givenByBatches] !== undefined)
      throw run.error(`expected no ${name} with an iterable of batches: ${remedy}`);
}
