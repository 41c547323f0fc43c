export { Constraint, type NormOptions } from './constraint.js';
export { MaxNorm, type MaxNormOptions, maxNorm } from './maxNorm.js';
export { MinMaxNorm, type MinMaxNormOptions, minMaxNorm } from './minMaxNorm.js';
export { NonNeg, nonNeg } from './nonNeg.js';
export { UnitNorm, unitNorm } from './unitNorm.js';
export type { ConstraintLike, ConstraintName } from './registry.js';
