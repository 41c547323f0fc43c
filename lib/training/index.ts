/**
 * The run of a model over data. Who owns what:
 *
 * - `options.ts` reads the options of a call once, into one value of settings with all defaults.
 * - `Run` (run.ts) is one call of `fit`, `evaluate` or `predict`: its epochs, callbacks, warnings and errors. fit.ts, evaluate.ts and
 *   predict.ts say what happens around the epochs.
 * - A `Feeder` gives the batches, one class for each kind of input (arrayFeeder.ts, iterableFeeder.ts; those of predictions collect the
 *   outputs), and decides where an epoch ends; feeders.ts chooses it. `ModelData` is arrays that were checked against the model.
 * - `loop.ts` keeps the engine busy with the steps of a feeder.
 * - `Trainer` owns the compiled steps, which the model's `trainStep`, `testStep` and `predictStep` describe. `Objective` says what they measure; `Measures` is that while a model runs, and its results.
 * - `ModelLock` keeps two calls on one model apart.
 * - The model is seen as a `TrainableModel` alone: this room knows layers, not models.
 */
export { evaluate } from './evaluate.js';
export { fit } from './fit.js';
export { ModelLock } from './modelLock.js';
export { Objective, type ObjectiveOptions, objectiveNames } from './objective.js';
export { measureOnBatch, predictOnBatch } from './onBatch.js';
export {
  type EvaluateOptions,
  type FitData,
  type PredictData,
  type FitOptions,
  type PredictOptions,
  type ReturnOptions,
  type TestOnBatchOptions,
  type TrainOnBatchOptions,
  type Verbose,
  evaluateNames,
  fitNames,
  predictNames,
  returnNames,
  testOnBatchNames,
  trainOnBatchNames,
} from './options.js';
export { predict } from './predict.js';
export type { StepData, StepLogs, StepValue, StepWeight } from './step.js';
export type { OwnMember, TrainableModel } from './trainableModel.js';
export { type Mode, Trainer } from './trainer.js';
