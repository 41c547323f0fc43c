export { Model } from './model.js';
export type { BatchShape, CompileOptions, ModelBaseOptions, ModelOptions } from './modelOptions.js';
export { Sequential, type SequentialOptions } from './sequential.js';
export type { EvaluateOptions, FitData, FitOptions, PredictOptions, Verbose } from '../training/fit.js';
export type { OutputStructure, Structured } from './structure.js';
export type { Logs } from '../training/trainer.js';
