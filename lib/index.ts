/** The public API: the one list of what the package exports. */
export * as activations from './activations.js';
export * as callbacks from './callbacks/index.js';
export * as constraints from './constraints/index.js';
export * as initializers from './initializers/index.js';
export * as layers from './layers/index.js';
export * as losses from './losses/index.js';
export * as metrics from './metrics/index.js';
export * as mixedPrecision from './mixedPrecision.js';
export * as ops from './ops/index.js';
export * as optimizers from './optimizers/index.js';
export * as regularizers from './regularizers/index.js';
export { type Compiled, type Feed, type Fetched, type FunctionOptions, compile } from './compile.js';
export type { ArrayData, Batch, Batches, Data } from './data/batches.js';
export * as datasets from './data/datasets.js';
export { NDArray } from './data/ndarray.js';
export type { DataOf, DType, EngineInfo, Shape, TypedArray } from './engine.js';
export { EngineError, type ErrorCode } from './errors.js';
export { getEngineInfo } from './info.js';
export * from './models/index.js';
export { setSeed } from './seed.js';
export { Sym } from './sym.js';
export {
  type DTypeOf,
  type NestedArray,
  type NestedNumbers,
  type NumericArray,
  Tensor,
  type TensorData,
  arange,
  full,
  ones,
  tensor,
  zeros,
} from './tensor.js';
export { grad } from './trace.js';
export { Variable, variable, type VariableOptions } from './variable.js';
