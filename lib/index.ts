/** The public API: the one list of what the package exports. */
export * as activations from './activations/index.js';
export * as applications from './applications/index.js';
export * as callbacks from './callbacks/index.js';
export * as constraints from './constraints/index.js';
export * as initializers from './initializers/index.js';
export * as layers from './layers/index.js';
export * as losses from './losses/index.js';
export * as metrics from './metrics/index.js';
export * as mixedPrecision from './core/mixedPrecision.js';
export * as ops from './ops/index.js';
export * as optimizers from './optimizers/index.js';
export * as random from './random/index.js';
export * as regularizers from './regularizers/index.js';
export * as saving from './saving/index.js';
export * as summary from './summary/index.js';
export * as utils from './utils/index.js';
export * as visualization from './visualization/index.js';
export { type Compiled, type Feed, type Fetched, type FunctionOptions, compile } from './core/compile.js';
export type { ArrayData, Batch, Batches, Data } from './data/batches.js';
export * from './data/index.js';
export * as datasets from './datasets/index.js';
export { NDArray } from './core/ndarray.js';
export { type AugmentOptions, augment } from './layers/image/augment.js';
export type { DataOf, DeviceInfo, DType, EngineInfo, Shape, TypedArray } from './engine/engine.js';
export { EngineError, type ErrorCode } from './base/errors.js';
export type { DeviceCheck } from './engine/cuda.js';
export { type DeviceName, type DeviceState, devices, getDevice, setDevice } from './engine/devices.js';
export { getEngineInfo } from './engine/info.js';
export * from './models/index.js';
export * from './onnx/index.js';
export { setSeed } from './core/seed.js';
export { Sym } from './core/sym.js';
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
} from './core/tensor.js';
export { type MemoryInfo, memory, tidy } from './core/tidy.js';
export { grad } from './core/grad.js';
export { remat } from './ops/control/remat.js';
export { type RematScopeOptions, rematScope } from './layers/rematScope.js';
export type { RematMode } from './core/remat.js';
export { Variable, variable, type VariableOptions } from './core/variable.js';
