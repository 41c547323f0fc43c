import type { OptionNames } from '../checks.js';
import { type ConstraintLike, constraintConfig, constraintOf } from '../constraints/index.js';
import { type InitializerLike, initializerConfig, initializerOf } from '../initializers/index.js';
import { type RegularizerLike, regularizerConfig, regularizerOf } from '../regularizers/index.js';
import type { WeightOptions } from './layer.js';

/**
 * What a layer takes for one of its weights: of `kernel`, kernelInitializer, kernelRegularizer (default none) and
 * kernelConstraint (default none).
 */
export type OptionsOf<W extends string> = { readonly [K in `${W}Initializer`]?: InitializerLike } & {
  readonly [K in `${W}Regularizer`]?: RegularizerLike | null;
} & { readonly [K in `${W}Constraint`]?: ConstraintLike | null };

/** The names of those options. @internal */
export const weightNames = <W extends string>(weight: W) =>
  ({
    [`${weight}Initializer`]: 'optional',
    [`${weight}Regularizer`]: 'optional',
    [`${weight}Constraint`]: 'optional',
  }) as OptionNames<OptionsOf<W>>;

type Given = Pick<WeightOptions, 'regularizer' | 'constraint'> & { initializer: InitializerLike };

/**
 * A layer's options of one weight, as `addWeight` takes them.
 *
 * @internal
 * @example this.addWeight({ name: 'kernel', shape, ...weightOptions(this.options, 'kernel') });
 */
export function weightOptions<W extends string>(
  options: OptionsOf<W>,
  weight: W,
  initializer: InitializerLike = 'glorotUniform',
): Given {
  const given = options as Readonly<Record<string, never>>;
  return {
    initializer: given[`${weight}Initializer`] ?? initializer,
    regularizer: given[`${weight}Regularizer`],
    constraint: given[`${weight}Constraint`],
  };
}

/** The same for `getConfig`. @internal */
export function weightConfig<W extends string>(
  options: OptionsOf<W>,
  weight: W,
  defaultInitializer?: InitializerLike,
): Record<string, unknown> {
  const { initializer, regularizer, constraint } = weightOptions(options, weight, defaultInitializer);
  return {
    [`${weight}Initializer`]: initializerConfig(initializerOf(initializer)),
    [`${weight}Regularizer`]: regularizerConfig(regularizerOf(regularizer)),
    [`${weight}Constraint`]: constraintConfig(constraintOf(constraint)),
  };
}
