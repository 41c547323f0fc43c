import { type Logs, History } from '../callbacks/index.js';
import type { Data } from '../data/batches.js';
import { throwIfAborted } from './abort.js';
import { measured } from './evaluate.js';
import { closing } from './feeder.js';
import { fitFeeders } from './feeders.js';
import type { Yield } from './modelLock.js';
import { type FitData, type FitOptions, readFit } from './options.js';
import { Run } from './run.js';
import type { TrainableModel } from './trainableModel.js';

/** Trains a model for a number of epochs, with a validation after each where there is data for it. */
export async function fit(
  model: TrainableModel,
  x: FitData,
  y: Data | undefined,
  options: FitOptions,
  yielding: Yield,
): Promise<History> {
  const trainer = model.trainer('train');
  const settings = readFit(options);
  const { epochs, initialEpoch, maskSeed, signal } = settings;
  const run = new Run('fit', model, trainer, settings, yielding);
  const { train, validate } = fitFeeders(run, x, y, settings);
  return closing(validate ? [train, validate] : [train], async () => {
    const history = new History();
    const callbacks = run.callbacks(epochs, train.steps, history);
    let { seed = 0 } = settings.input;
    callbacks.give(async () => {
      const [key, made] = await Promise.all([trainer.key(), run.made()]);
      return { seed, key, ...made, data: train.position() };
    });
    model.stopTraining = false;
    return callbacks.guard(async () => {
      await callbacks.onTrainBegin();
      const first = callbacks.epochFrom(initialEpoch);
      if (maskSeed !== undefined) trainer.reseed(maskSeed, first * (train.steps ?? 0));
      const { resumed } = callbacks;
      if (resumed) {
        ({ seed } = resumed);
        trainer.setKey(resumed.key);
        callbacks.restore(resumed.states);
        await train.resume(resumed);
      }
      let logs: Logs = {};
      for (let epoch = first; epoch < epochs && !model.stopTraining; epoch++) {
        throwIfAborted(signal);
        await callbacks.onEpochBegin(epoch);
        const trained = await run.epoch(
          'train',
          train,
          callbacks,
          epoch,
          epoch > first,
          epoch === first ? resumed : undefined,
        );
        if (!trained) break;
        logs = trained;
        if (validate && settings.validates(epoch)) {
          const validation = await measured(run, validate, callbacks, epoch);
          for (const [name, value] of Object.entries(validation)) logs[`val_${name}`] = value;
        }
        await callbacks.onEpochEnd(epoch, logs);
      }
      model.optimizer.finalizeVariableValues(model.trainableWeights);
      await callbacks.onTrainEnd(logs);
      return history;
    });
  });
}
