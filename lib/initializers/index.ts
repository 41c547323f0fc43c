import { notOneOf } from '../base/checks.js';
import { type NoOptions } from '../base/checks.js';
import { type ObjectConfig, type Spelled, choose } from '../base/names.js';
import { Constant, type ConstantOptions } from './constant.js';
import { Initializer, type SeedOptions } from './initializer.js';
import { Ones } from './ones.js';
import { Orthogonal, type OrthogonalOptions } from './orthogonal.js';
import { RandomNormal, type RandomNormalOptions } from './randomNormal.js';
import { RandomUniform, type RandomUniformOptions } from './randomUniform.js';
import { TruncatedNormal, type TruncatedNormalOptions } from './truncatedNormal.js';
import {
  VarianceScaling,
  type VarianceScalingOptions,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
} from './varianceScaling.js';
import { Zeros } from './zeros.js';

export { Initializer };
export type {
  ConstantOptions,
  OrthogonalOptions,
  RandomNormalOptions,
  RandomUniformOptions,
  SeedOptions,
  TruncatedNormalOptions,
  VarianceScalingOptions,
};
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
} from './varianceScaling.js';

/**
 * All numbers 0, float32: what biases begin as by default. https://keras.io/api/layers/initializers/#zeros-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: initializers.zeros() });
 */
export const zeros = (options?: NoOptions) => new Zeros(options);

/**
 * All numbers 1, float32. https://keras.io/api/layers/initializers/#ones-class
 *
 * @example layers.dense({ units: 8, biasInitializer: initializers.ones() });
 */
export const ones = (options?: NoOptions) => new Ones(options);

/**
 * All numbers alike, float32. https://keras.io/api/layers/initializers/#constant-class
 *
 * @throws EngineError `ARGUMENT` for a value that is no finite number.
 * @example layers.dense({ units: 1, biasInitializer: initializers.constant({ value: 0.1 }) });
 */
export const constant = (options?: ConstantOptions) => new Constant(options);

/**
 * Numbers of a normal distribution, float32. https://keras.io/api/layers/initializers/#randomnormal-class
 *
 * @throws EngineError `ARGUMENT` for a mean or a standard deviation that is no finite number, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.randomNormal({ stddev: 0.01, seed: 1 }) });
 */
export const randomNormal = (options?: RandomNormalOptions) => new RandomNormal(options);

/**
 * Numbers of a range, each as likely as any other, float32. https://keras.io/api/layers/initializers/#randomuniform-class
 *
 * @throws EngineError `ARGUMENT` for bounds that are no finite numbers, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.randomUniform({ minval: -0.1, maxval: 0.1 }) });
 */
export const randomUniform = (options?: RandomUniformOptions) => new RandomUniform(options);

/**
 * Numbers of a normal distribution, float32, drawn again where they lie more than two standard deviations from the mean.
 * https://keras.io/api/layers/initializers/#truncatednormal-class
 *
 * @throws EngineError `ARGUMENT` for a mean or a standard deviation that is no finite number, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.truncatedNormal({ stddev: 0.02 }) });
 */
export const truncatedNormal = (options?: TruncatedNormalOptions) => new TruncatedNormal(options);

/**
 * Random numbers of variance scale / fan, float32, so that signals keep their size through a layer: the fan is the number of inputs
 * or outputs of one unit. The initializers of Glorot, He and LeCun are cases of it.
 * https://keras.io/api/layers/initializers/#variancescaling-class
 *
 * @throws EngineError `ARGUMENT` for a scale that is not positive, an unknown mode or distribution, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.varianceScaling({ scale: 2, mode: 'fanOut' }) });
 */
export const varianceScaling = (options?: VarianceScalingOptions) => new VarianceScaling(options);

/**
 * A matrix [all but the last axis, last axis] whose rows or columns are orthonormal, times a gain, float32: what recurrent kernels
 * begin as by default. Saxe et al., 2014. https://keras.io/api/layers/initializers/#orthogonalinitializer-class
 *
 * @throws EngineError `ARGUMENT` for a gain that is no finite number, or a seed that is no integer; `SHAPE`, when the weight is made,
 *   for fewer than two axes.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.orthogonal({ gain: 1.4 }) });
 */
export const orthogonal = (options?: OrthogonalOptions) => new Orthogonal(options);

type InitializerMaker = (config: never) => Initializer;

const table = {
  zeros,
  ones,
  constant,
  randomNormal,
  randomUniform,
  truncatedNormal,
  varianceScaling,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  orthogonal,
  // Keras's other names
  zero: zeros,
  one: ones,
  normal: randomNormal,
  uniform: randomUniform,
  orthogonalInitializer: orthogonal,
} satisfies Record<string, InitializerMaker>;

/** The names that layers take for an initializer, also as Keras writes them: `glorot_uniform`, `GlorotUniform`. */
export type InitializerName = Spelled<keyof typeof table>;

/** What layers take for an initializer: an object, a name, or the configuration of one. */
export type InitializerLike = Initializer | InitializerName | ObjectConfig;

/** The initializer that a name or a configuration stands for. @internal */
export function initializerOf(given: InitializerLike): Initializer {
  if (typeof given === 'string') return choose<InitializerMaker>('initializer', given, table)({} as never);
  if (given instanceof Initializer) return given;
  if (typeof given === 'object' && given !== null && 'config' in given)
    return choose<InitializerMaker>('initializer', given.className, table)(given.config as never);
  throw notOneOf('initializer', 'an initializer or its name', given);
}

/** The configuration from which {@link initializerOf} makes an equal initializer. @internal */
export function initializerConfig(initializer: Initializer): ObjectConfig {
  return { className: initializer.className, config: initializer.getConfig() };
}
