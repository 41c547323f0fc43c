import { notOneOf } from '../base/checks.js';
import { type NoOptions } from '../base/checks.js';
import { type ObjectConfig, type Spelled, choose } from '../base/names.js';
import { Constraint, type NormOptions } from './constraint.js';
import { MaxNorm, type MaxNormOptions } from './maxNorm.js';
import { MinMaxNorm, type MinMaxNormOptions } from './minMaxNorm.js';
import { NonNeg } from './nonNeg.js';
import { UnitNorm } from './unitNorm.js';

export { Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm };
export type { MaxNormOptions, MinMaxNormOptions, NormOptions };

/**
 * Scales down what has a norm above `maxValue`, after each update. Srivastava et al., 2014.
 * https://keras.io/api/layers/constraints/#maxnorm-class
 *
 * @throws EngineError `ARGUMENT` for a `maxValue` below 0.
 * @example layers.dense({ units: 10, kernelConstraint: constraints.maxNorm({ maxValue: 3 }) });
 */
export const maxNorm = (options?: MaxNormOptions) => new MaxNorm(options);

/**
 * Scales what has a norm outside of two bounds towards the nearer one, after each update.
 * https://keras.io/api/layers/constraints/#minmaxnorm-class
 *
 * @throws EngineError `ARGUMENT` for bounds below 0 or in the wrong order, and a rate above 1.
 * @example layers.dense({ units: 10, kernelConstraint: constraints.minMaxNorm({ minValue: 0.5, maxValue: 2 }) });
 */
export const minMaxNorm = (options?: MinMaxNormOptions) => new MinMaxNorm(options);

/**
 * Makes negative numbers 0, after each update. https://keras.io/api/layers/constraints/#nonneg-class
 *
 * @example layers.dense({ units: 10, kernelConstraint: constraints.nonNeg() });
 */
export const nonNeg = (options?: NoOptions) => new NonNeg(options);

/**
 * Scales to norm 1, after each update; zeros stay. https://keras.io/api/layers/constraints/#unitnorm-class
 *
 * @example layers.conv2d({ filters: 8, kernelSize: 3, kernelConstraint: constraints.unitNorm({ axis: [0, 1, 2] }) });
 */
export const unitNorm = (options?: NormOptions) => new UnitNorm(options);

type ConstraintMaker = (config: never) => Constraint;

const table = { maxNorm, minMaxNorm, nonNeg, unitNorm } satisfies Record<string, ConstraintMaker>;

/** The names that layers take for a constraint, also as Keras writes them: `max_norm`, `MaxNorm`. */
export type ConstraintName = Spelled<keyof typeof table>;

/** What layers take for a constraint: an object, a name, or the configuration of one. */
export type ConstraintLike = Constraint | ConstraintName | ObjectConfig;

/** The constraint that a name or a configuration stands for. @internal */
export function constraintOf(given: ConstraintLike | null | undefined): Constraint | undefined {
  if (given == null || given instanceof Constraint) return given ?? undefined;
  if (typeof given === 'string') return choose<ConstraintMaker>('constraint', given, table)({} as never);
  if (typeof given === 'object' && 'config' in given)
    return choose<ConstraintMaker>('constraint', given.className, table)(given.config as never);
  throw notOneOf('constraint', 'a constraint or its name', given);
}

/** The configuration from which {@link constraintOf} makes an equal constraint. @internal */
export function constraintConfig(constraint: Constraint | undefined): ObjectConfig | null {
  return constraint ? { className: constraint.className, config: constraint.getConfig() } : null;
}
