import { expected } from '../base/checks.js';
import type { Logs } from '../callbacks/index.js';
import type { Tensor } from '../core/tensor.js';
import type { Data } from '../data/batches.js';
import { ModelData } from './modelData.js';
import type { TrainOnBatchOptions } from './options.js';
import type { TrainableModel } from './trainableModel.js';
import { RunState } from './measures.js';
import { feedsOf } from './trainer.js';

/** One step on one batch, with or without training: its loss and metrics. */
export async function measureOnBatch(
  model: TrainableModel,
  mode: 'train' | 'test',
  x: Data,
  y: Data,
  options: TrainOnBatchOptions,
): Promise<Logs> {
  const caller = `${mode}OnBatch`;
  if (y === undefined) throw expected(caller, 'targets y after x', y);
  model.prepare(x);
  const trainer = model.trainer(mode);
  const { sampleWeight, classWeight } = options;
  const temporaries: Tensor[] = [];
  const state = new RunState();
  try {
    const data = ModelData.read(caller, model.graph, x, y, sampleWeight);
    const weighed = classWeight !== undefined ? data.withClassWeight(caller, model.graph, classWeight) : data;
    const feeds = weighed.feeds(temporaries);
    await trainer.measures.resume(state);
    const { done } = trainer.program(mode, feeds).run(feedsOf(feeds));
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
  model.prepare(x);
  const temporaries: Tensor[] = [];
  try {
    const feeds = ModelData.read('predictOnBatch', model.graph, x, undefined).feeds(temporaries);
    const run = model.trainer('predict').program('predict', feeds).run(feedsOf(feeds));
    await run.done;
    return run.outputs;
  } finally {
    for (const temporary of temporaries) temporary.dispose();
  }
}
