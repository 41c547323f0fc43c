import { expected } from '../base/checks.js';
import type { Data } from '../data/batches.js';
import type { Tensor } from '../core/tensor.js';
import { Dataset, type TrainOnBatchOptions } from './dataset.js';
import type { Model } from '../models/model.js';
import type { OutputStructure } from '../models/structure.js';
import { type Logs, RunSums, feedsOf } from './trainer.js';

/** One step on one batch, with or without training: its loss and metrics. */
export async function onBatch(
  model: Model<OutputStructure>,
  mode: 'train' | 'test',
  x: Data,
  y: Data,
  options: TrainOnBatchOptions,
): Promise<Logs> {
  const caller = `${mode}OnBatch`;
  if (y === undefined) throw expected(caller, 'targets y after x', y);
  model.prepare(x);
  const trainer = model.trainer();
  const { sampleWeight, classWeight } = options;
  const made: Tensor[] = [];
  const sums = new RunSums();
  try {
    const data = Dataset.read(caller, model.graph, x, y, sampleWeight);
    const weighed = classWeight !== undefined ? data.withClassWeight(caller, model.graph, classWeight) : data;
    const batch = weighed.batch(made);
    await trainer.resume(sums);
    const { done } = trainer.program(mode, batch).run(feedsOf(batch));
    // Both are queued before the step has ended: one way back from the engine's thread instead of two.
    const [logs] = await Promise.all([trainer.logs(sums), done]);
    return logs;
  } finally {
    trainer.release(sums);
    for (const temporary of made) temporary.dispose();
  }
}
