import type { Logs } from '../callbacks/index.js';
import type { Tensor } from '../core/tensor.js';
import type { Data } from '../data/batches.js';
import type { TrainOnBatchOptions } from './options.js';
import { readData } from './readData.js';
import type { TrainableModel } from './trainableModel.js';
import { RunState } from './measures.js';
import { feedsOf } from './trainer.js';

/** One step on one batch, with or without training: its loss and metrics. */
export async function measureOnBatch(
  model: TrainableModel,
  mode: 'train' | 'test',
  x: Data,
  y: Data | undefined,
  options: TrainOnBatchOptions,
): Promise<Logs> {
  const caller = `${mode}OnBatch`;
  const trainer = model.trainer(mode);
  const { sampleWeight, classWeight } = options;
  const temporaries: Tensor[] = [];
  const state = new RunState();
  try {
    const data = readData(caller, mode, trainer, x, y, sampleWeight);
    const weighed =
      classWeight === undefined ? data : data.withClassWeight(caller, model.knownGraph(), classWeight);
    const feeds = weighed.feeds(temporaries);
    await trainer.resume(state);
    const step = trainer.step(mode, feeds);
    const { outputs, done } = step.program.run(feedsOf(feeds));
    state.take(step.results(outputs));
    // Both are queued before the step has ended: one way back from the engine's thread instead of two.
    const [logs] = await Promise.all([trainer.measures.logs(state), done]);
    return logs;
  } finally {
    trainer.measures.release(state);
    for (const temporary of temporaries) temporary.dispose();
  }
}

/** The outputs for all samples in one step. */
export async function predictOnBatch(model: TrainableModel, x: Data): Promise<Tensor[]> {
  const trainer = model.trainer('predict');
  const temporaries: Tensor[] = [];
  try {
    const feeds = readData('predictOnBatch', 'predict', trainer, x).feeds(temporaries);
    const run = trainer.step('predict', feeds).program.run(feedsOf(feeds));
    await run.done;
    return run.outputs;
  } finally {
    for (const temporary of temporaries) temporary.dispose();
  }
}
