import type { Logs } from '../callbacks/index.js';
import type { Data } from '../data/batches.js';
import { type Feeder, closing } from './feeder.js';
import { feederOf } from './feeders.js';
import type { Yield } from './modelLock.js';
import { type EvaluateOptions, type FitData, readEvaluate } from './options.js';
import { Run } from './run.js';
import type { RunCallbacks } from './runCallbacks.js';
import type { TrainableModel } from './trainableModel.js';

/** Measures a model's loss and metrics. */
export async function evaluate(
  model: TrainableModel,
  x: FitData,
  y: Data | undefined,
  options: EvaluateOptions,
  yielding: Yield,
): Promise<Logs> {
  const trainer = model.trainer('test');
  const settings = readEvaluate(options);
  const run = new Run('evaluate', model, trainer, settings, yielding);
  const feeder = feederOf(run, 'test', x, y, settings.input);
  return closing([feeder], () => {
    const callbacks = run.callbacks(1, feeder.steps);
    return callbacks.guard(() => measured(run, feeder, callbacks));
  });
}

/** The loss and the metrics over what a feeder gives, within `fit` too. */
export async function measured(run: Run, feeder: Feeder, callbacks: RunCallbacks, epoch = 0): Promise<Logs> {
  await callbacks.onTestBegin();
  const logs = (await run.epoch('test', feeder, callbacks, epoch)) ?? {};
  await callbacks.onTestEnd(logs);
  return logs;
}
