import { mismatch } from '../base/checks.js';
import type { Data } from '../data/batches.js';
import { ModelData } from './modelData.js';
import type { Mode, Trainer } from './trainer.js';

/**
 * The user's arrays for a step, checked against the model, which they may tell its inputs.
 *
 * @throws EngineError `ARGUMENT`, `SHAPE` or `DTYPE` naming the argument.
 */
export function readData(
  caller: string,
  mode: Mode,
  trainer: Trainer,
  x: Data,
  y?: Data,
  sampleWeight?: Data,
): ModelData {
  const { model } = trainer;
  model.prepare(x);
  if (y === undefined && mode !== 'predict' && needsTargets(mode, trainer))
    throw mismatch(caller, 'targets y with x', 'none');
  return ModelData.read(caller, model.knownGraph(), x, y, sampleWeight, model.hasOwn(`${mode}Step`));
}

/** Whether a step compares outputs with targets, as far as that can be told: the model's own step may do without. */
function needsTargets(mode: 'train' | 'test', { model, objective }: Trainer): boolean {
  if (model.hasOwn(`${mode}Step`)) return false;
  const { hasLoss, hasMetrics } = objective;
  return (hasLoss && !model.hasOwn('computeLoss')) || (hasMetrics && !model.hasOwn('computeMetrics'));
}
