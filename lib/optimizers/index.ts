export { Adadelta, type AdadeltaOptions, adadelta } from './adadelta.js';
export { Adam, type AdamOptions, adam } from './adam.js';
export { AdamW, adamW } from './adamW.js';
export {
  type EpsilonOptions,
  type FusedUpdate,
  Optimizer,
  type OptimizerOptions,
  type SlotOptions,
  type UpdateContext,
} from './optimizer.js';
export * as schedules from './schedules/index.js';
export type { OptimizerLike, OptimizerName } from './registry.js';
export { RMSprop, type RMSpropOptions, rmsprop } from './rmsprop.js';
export { SGD, type SGDOptions, sgd } from './sgd.js';
