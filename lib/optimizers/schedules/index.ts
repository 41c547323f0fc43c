export { CosineDecay, type CosineDecayOptions, cosineDecay } from './cosineDecay.js';
export {
  CosineDecayRestarts,
  type CosineDecayRestartsOptions,
  cosineDecayRestarts,
} from './cosineDecayRestarts.js';
export type { DecayOptions } from './decay.js';
export { ExponentialDecay, exponentialDecay } from './exponentialDecay.js';
export { InverseTimeDecay, inverseTimeDecay } from './inverseTimeDecay.js';
export { LearningRateSchedule, type ScheduleOptions } from './learningRateSchedule.js';
export { OneCycle, type OneCycleOptions, oneCycle } from './oneCycle.js';
export {
  PiecewiseConstantDecay,
  type PiecewiseConstantDecayOptions,
  piecewiseConstantDecay,
} from './piecewiseConstantDecay.js';
export { PolynomialDecay, type PolynomialDecayOptions, polynomialDecay } from './polynomialDecay.js';
export { WarmUp, type WarmUpOptions, warmUp } from './warmUp.js';
