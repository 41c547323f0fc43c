export { type CloneModelOptions, cloneModel } from './cloneModel.js';
export type { ExportOptions } from './exported.js';
export { modelFromJson } from './json.js';
export { Model } from './model.js';
export {
  type LoadModelOptions,
  type LoadWeightsOptions,
  type SaveModelOptions,
  type SaveOptions,
  type SaveWeightsOptions,
  type WeightLayout,
  loadModel,
} from './modelFiles.js';
export type { NameMap } from './namedWeights.js';
export type { BatchShape, CompileOptions, ModelBaseOptions, ModelOptions } from './modelOptions.js';
export { Sequential, type SequentialOptions } from './sequential.js';
export type {
  EvaluateOptions,
  FitData,
  FitOptions,
  PredictData,
  PredictOptions,
  Verbose,
} from '../training/index.js';
export type { LayerFilter, QuantizeOptions } from './quantize.js';
export type { ReturnList, Returned } from './returned.js';
export type { ComputeLossOptions, ComputeMetricsOptions } from './steppedModel.js';
export type { StepData, StepLogs, StepValue, StepWeight } from '../training/index.js';
export type { OutputStructure, Structured } from './structure.js';
export type { Logs } from '../callbacks/index.js';
