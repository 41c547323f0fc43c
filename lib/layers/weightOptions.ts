import type { OptionNames } from '../base/checks.js';
import { type ConstraintLike, constraintConfig, constraintOf } from '../constraints/registry.js';
import { type InitializerLike, initializerConfig, initializerOf } from '../initializers/registry.js';
import { type RegularizerLike, regularizerConfig, regularizerOf } from '../regularizers/registry.js';
import type { WeightOptions } from './layer.js';

/**
 * The names of a layer's options for one of its weights: of `kernel`, kernelInitializer, kernelRegularizer and kernelConstraint. The
 * interfaces below say the same with a comment for each.
 */
type OptionsOf<W extends Weight> = { readonly [K in `${W}Initializer`]?: InitializerLike } & {
  readonly [K in `${W}Regularizer`]?: RegularizerLike | null;
} & { readonly [K in `${W}Constraint`]?: ConstraintLike | null };

/** What a layer takes for its kernel. */
export interface KernelOptions {
  /** What the kernel begins as: an object or a name, such as 'heNormal'. Default `glorotUniform`. */
  readonly kernelInitializer?: InitializerLike;
  /** What is added to the loss for the kernel: an object or a name, such as 'l2'. Default none. */
  readonly kernelRegularizer?: RegularizerLike | null;
  /** What the kernel is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly kernelConstraint?: ConstraintLike | null;
}

/** What a layer takes for its bias. */
export interface BiasOptions {
  /** What the bias begins as: an object or a name, such as 'heNormal'. Default `zeros`. */
  readonly biasInitializer?: InitializerLike;
  /** What is added to the loss for the bias: an object or a name, such as 'l2'. Default none. */
  readonly biasRegularizer?: RegularizerLike | null;
  /** What the bias is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly biasConstraint?: ConstraintLike | null;
}

/** What a layer takes for its recurrent kernel. */
export interface RecurrentOptions {
  /** What the recurrent kernel, the one that the state is multiplied by, begins as: an object or a name, such as 'heNormal'. Default `orthogonal`. */
  readonly recurrentInitializer?: InitializerLike;
  /** What is added to the loss for the recurrent kernel, the one that the state is multiplied by: an object or a name, such as 'l2'. Default none. */
  readonly recurrentRegularizer?: RegularizerLike | null;
  /** What the recurrent kernel, the one that the state is multiplied by, is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly recurrentConstraint?: ConstraintLike | null;
}

/** What a layer takes for its depthwise kernel. */
export interface DepthwiseOptions {
  /** What the depthwise kernel begins as: an object or a name, such as 'heNormal'. Default `glorotUniform`. */
  readonly depthwiseInitializer?: InitializerLike;
  /** What is added to the loss for the depthwise kernel: an object or a name, such as 'l2'. Default none. */
  readonly depthwiseRegularizer?: RegularizerLike | null;
  /** What the depthwise kernel is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly depthwiseConstraint?: ConstraintLike | null;
}

/** What a layer takes for its pointwise kernel. */
export interface PointwiseOptions {
  /** What the pointwise kernel begins as: an object or a name, such as 'heNormal'. Default `glorotUniform`. */
  readonly pointwiseInitializer?: InitializerLike;
  /** What is added to the loss for the pointwise kernel: an object or a name, such as 'l2'. Default none. */
  readonly pointwiseRegularizer?: RegularizerLike | null;
  /** What the pointwise kernel is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly pointwiseConstraint?: ConstraintLike | null;
}

/** What a layer takes for its gamma. */
export interface GammaOptions {
  /** What the gamma begins as: an object or a name, such as 'heNormal'. Default `ones`. */
  readonly gammaInitializer?: InitializerLike;
  /** What is added to the loss for the gamma: an object or a name, such as 'l2'. Default none. */
  readonly gammaRegularizer?: RegularizerLike | null;
  /** What the gamma is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly gammaConstraint?: ConstraintLike | null;
}

/** What a layer takes for its beta. */
export interface BetaOptions {
  /** What the beta begins as: an object or a name, such as 'heNormal'. Default `zeros`. */
  readonly betaInitializer?: InitializerLike;
  /** What is added to the loss for the beta: an object or a name, such as 'l2'. Default none. */
  readonly betaRegularizer?: RegularizerLike | null;
  /** What the beta is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly betaConstraint?: ConstraintLike | null;
}

/** What a layer takes for its alpha. */
export interface AlphaOptions {
  /** What the alpha begins as: an object or a name, such as 'heNormal'. Default `zeros`. */
  readonly alphaInitializer?: InitializerLike;
  /** What is added to the loss for the alpha: an object or a name, such as 'l2'. Default none. */
  readonly alphaRegularizer?: RegularizerLike | null;
  /** What the alpha is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly alphaConstraint?: ConstraintLike | null;
}

/** What a layer takes for its table of embeddings. */
export interface EmbeddingsOptions {
  /** What the table of embeddings begins as: an object or a name, such as 'heNormal'. Default `uniform`, from -0.05 to 0.05. */
  readonly embeddingsInitializer?: InitializerLike;
  /** What is added to the loss for the table of embeddings: an object or a name, such as 'l2'. Default none. */
  readonly embeddingsRegularizer?: RegularizerLike | null;
  /** What the table of embeddings is made to obey after each update: an object or a name, such as 'maxNorm'. Default none. */
  readonly embeddingsConstraint?: ConstraintLike | null;
}

/** What the weights begin as where the options do not say. */
const INITIALIZERS = {
  kernel: 'glorotUniform',
  bias: 'zeros',
  recurrent: 'orthogonal',
  depthwise: 'glorotUniform',
  pointwise: 'glorotUniform',
  gamma: 'ones',
  beta: 'zeros',
  alpha: 'zeros',
  embeddings: 'uniform',
} as const;

type Weight = keyof typeof INITIALIZERS;

/** The names of a weight's options. @internal */
export const weightNames = <W extends Weight>(weight: W) =>
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
export function weightOptions<W extends Weight>(options: OptionsOf<W>, weight: W): Given {
  const given = options as Readonly<Record<string, never>>;
  return {
    initializer: given[`${weight}Initializer`] ?? INITIALIZERS[weight],
    regularizer: given[`${weight}Regularizer`],
    constraint: given[`${weight}Constraint`],
  };
}

/** The same for `getConfig`. @internal */
export function weightConfig<W extends Weight>(options: OptionsOf<W>, weight: W): Record<string, unknown> {
  const { initializer, regularizer, constraint } = weightOptions(options, weight);
  return {
    [`${weight}Initializer`]: initializerConfig(initializerOf(initializer)),
    [`${weight}Regularizer`]: regularizerConfig(regularizerOf(regularizer)),
    [`${weight}Constraint`]: constraintConfig(constraintOf(constraint)),
  };
}
