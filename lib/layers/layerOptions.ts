import type { OptionNames } from '../base/checks.js';
import type { ConstraintLike } from '../constraints/registry.js';
import type { DtypePolicy } from '../core/dtypePolicy.js';
import type { DType, Shape } from '../engine/engine.js';
import type { InitializerLike } from '../initializers/registry.js';
import type { RegularizerLike } from '../regularizers/registry.js';
import type { CallContext } from '../core/operation.js';

/** What every layer takes. */
export interface LayerOptions {
  /** The layer's name in messages, summaries and configurations. Default: its kind and a number, such as `dense_1`. */
  name?: string;
  /** Whether training changes its weights. Default true. */
  trainable?: boolean;
  /**
   * What the layer and those within compute in: `float32`; `tensorFloat32`, float32 with products in TF32 on a GPU; or `mixedBfloat16`,
   * bfloat16 with weights in float32. Default: as the model, and within another layer as that one. There are no other dtypes of numbers that
   * layers compute with.
   */
  dtype?: DtypePolicy | (string & {}) | null;
  /** Whether a layer that computes in bfloat16 rounds what it takes; false: it computes in float32, the dtype of its weights. Default true. */
  autocast?: boolean;
  /** Adds to the loss for what the layer puts out, divided by the number of samples: an object, or `'l1'`, `'l2'`, `'l1l2'`. Default none. */
  activityRegularizer?: RegularizerLike | null;
}

/** What a call of a layer says about itself. T is the kind of its inputs. */
export interface ApplyOptions<T> extends Partial<CallContext> {
  /**
   * Which steps of the input count, bool [n, steps], instead of the mask that it has; for several inputs a list, with null for the one that
   * the input has (in `attention` and `additiveAttention`: for none, as in Keras). One mask alone is that of the first input. Numbers
   * that are not bool count where they are not 0.
   */
  readonly mask?: T | null | readonly (T | null)[];
}

export const contextNames = {
  training: 'boolean',
  key: 'optional',
  mask: 'optional',
} satisfies OptionNames<ApplyOptions<unknown>>;

/** What {@link Layer.addWeight} takes. */
export interface WeightOptions {
  /** The weight's name within the layer. */
  name: string;
  /** Its size along each axis; [] for a single number. */
  shape: Shape;
  /** What it begins as. Default `glorotUniform`. */
  initializer?: InitializerLike;
  /** Whether training changes it. Default true. */
  trainable?: boolean;
  /** Adds to the loss as long as the weight is trained. Default none. */
  regularizer?: RegularizerLike | null;
  /** Applied after each of the optimizer's updates. Default none. */
  constraint?: ConstraintLike | null;
  /** The type of its numbers; weights that training changes are float32. Default float32. */
  dtype?: DType;
  /** Whether optimizers put its gradient in its place, instead of an update. Default false. */
  overwriteWithGradient?: boolean;
}

export const addWeightNames = {
  name: 'required',
  shape: 'required',
  initializer: 'optional',
  trainable: 'boolean',
  regularizer: 'optional',
  constraint: 'optional',
  dtype: 'optional',
  overwriteWithGradient: 'boolean',
} satisfies OptionNames<WeightOptions>;
