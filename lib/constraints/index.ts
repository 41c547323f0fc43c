import { notOneOf } from '../checks.js';
import { type NoOptions } from '../checks.js';
import { choose } from '../names.js';
import { Constraint, type NormOptions } from './constraint.js';
import { MaxNorm, type MaxNormOptions } from './maxNorm.js';
import { MinMaxNorm, type MinMaxNormOptions } from './minMaxNorm.js';
import { NonNeg } from './nonNeg.js';
import { UnitNorm } from './unitNorm.js';

export { Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm };
export type { MaxNormOptions, MinMaxNormOptions, NormOptions };

/** See {@link MaxNorm}. @example layers.dense({ units: 10, kernelConstraint: constraints.maxNorm({ maxValue: 3 }) }) */
export const maxNorm = (options?: MaxNormOptions) => new MaxNorm(options);
/** See {@link MinMaxNorm}. */
export const minMaxNorm = (options?: MinMaxNormOptions) => new MinMaxNorm(options);
/** See {@link NonNeg}. */
export const nonNeg = (options?: NoOptions) => new NonNeg(options);
/** See {@link UnitNorm}. */
export const unitNorm = (options?: NormOptions) => new UnitNorm(options);

const table: Record<string, (config: never) => Constraint> = { maxNorm, minMaxNorm, nonNeg, unitNorm };

/** What layers take for a constraint: an object, a name, or the configuration of one. */
export type ConstraintLike = Constraint | string | { className: string; config: Record<string, unknown> };

/** The constraint that a name or a configuration stands for. @internal */
export function constraintOf(given: ConstraintLike | null | undefined): Constraint | undefined {
  if (given == null || given instanceof Constraint) return given ?? undefined;
  if (typeof given === 'string') return choose('constraint', given, table)({} as never);
  if (typeof given === 'object' && 'config' in given)
    return choose('constraint', given.className, table)(given.config as never);
  throw notOneOf('constraint', 'a constraint or its name', given);
}

/** The configuration from which {@link constraintOf} makes an equal constraint. @internal */
export function constraintConfig(constraint: Constraint | undefined) {
  return constraint ? { className: constraint.className, config: constraint.getConfig() } : null;
}
