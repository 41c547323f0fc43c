export { CosineDecay, type CosineDecayOptions, cosineDecay } from './cosineDecay.js';
export {
  CosineDecayRestarts,
  type CosineDecayRestartsOptions,
  cosineDecayRestarts,
} from './cosineDecayRestarts.js';
export type { DecayOptions } from './decay.js';
export { ExponentialDecay, exponentialDecay } from './exponentialDecay.js';
export { InverseTimeDecay, inverseTimeDecay } from './inverseTimeDecay.js';
export { LearningRateSchedule } from './learningRateSchedule.js';
export {
  PiecewiseConstantDecay,
  type PiecewiseConstantDecayOptions,
  piecewiseConstantDecay,
} from './piecewiseConstantDecay.js';
export { PolynomialDecay, type PolynomialDecayOptions, polynomialDecay } from './polynomialDecay.js';
