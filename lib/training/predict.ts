import type { Tensor } from '../core/tensor.js';
import { closing } from './feeder.js';
import { collectorOf } from './feeders.js';
import { type PredictData, type PredictOptions, readPredict } from './options.js';
import { Run } from './run.js';
import type { TrainableModel } from './trainableModel.js';

/** A model's outputs for samples. */
export async function predict(
  model: TrainableModel,
  x: PredictData,
  options: PredictOptions,
): Promise<Tensor[]> {
  const trainer = model.trainer('predict');
  const settings = readPredict(options);
  const run = new Run('predict', model, trainer, settings);
  const feeder = collectorOf(run, x, settings.input);
  try {
    await closing([feeder], async () => {
      const callbacks = run.callbacks(1, feeder.steps);
      await callbacks.guard(async () => {
        await callbacks.onPredictBegin();
        await run.epoch('predict', feeder, callbacks);
        await callbacks.onPredictEnd();
      });
    });
    return await feeder.outputs();
  } catch (error) {
    feeder.discard();
    throw error;
  }
}
