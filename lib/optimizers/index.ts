export { Adadelta, type AdadeltaOptions, adadelta } from './adadelta.js';
export { Adafactor, type AdafactorOptions, adafactor } from './adafactor.js';
export { Adagrad, type AdagradOptions, adagrad } from './adagrad.js';
export { Adam, type AdamOptions, adam } from './adam.js';
export { Adamax, adamax } from './adamax.js';
export { AdamW, adamW } from './adamW.js';
export { BaseOptimizer, type BaseOptimizerOptions, type GradientPair } from './baseOptimizer.js';
export { Ftrl, type FtrlOptions, ftrl } from './ftrl.js';
export { Lamb, lamb } from './lamb.js';
export { Lion, type LionOptions, lion } from './lion.js';
export {
  LossScaleOptimizer,
  type LossScaleOptimizerOptions,
  lossScaleOptimizer,
} from './lossScaleOptimizer.js';
export type { MomentOptions } from './momentOptimizer.js';
export { MultiOptimizer, type MultiOptimizerOptions, multiOptimizer } from './multiOptimizer.js';
export { Muon, type MuonOptions, muon } from './muon.js';
export { Nadam, nadam } from './nadam.js';
export { type DecayExclusions, Optimizer } from './optimizer.js';
export { OptimizerMap, type OptimizerMapOptions, optimizerMap } from './optimizerMap.js';
export type { EpsilonOptions, OptimizerOptions } from './optimizerOptions.js';
export * as schedules from './schedules/index.js';
export type { OptimizerLike, OptimizerName } from './registry.js';
export { RMSprop, type RMSpropOptions, rmsprop } from './rmsprop.js';
export { ScheduleFreeAdamW, type ScheduleFreeAdamWOptions, scheduleFreeAdamW } from './scheduleFreeAdamW.js';
export { SGD, type SGDOptions, sgd } from './sgd.js';
export type { FusedUpdate, SlotOptions, StepContext, UpdateContext } from './update.js';
