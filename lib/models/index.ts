export {
  Model,
  type BatchShape,
  type CompileOptions,
  type ModelBaseOptions,
  type ModelOptions,
} from './model.js';
export { Sequential, type SequentialOptions } from './sequential.js';
export type { EvaluateOptions, FitData, FitOptions, PredictOptions, Verbose } from './fit.js';
export type { OutputStructure, Structured } from './structure.js';
export type { Logs } from './trainer.js';
