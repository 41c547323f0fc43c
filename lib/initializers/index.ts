import { notOneOf } from '../checks.js';
import { type NoOptions } from '../checks.js';
import { choose } from '../names.js';
import { Constant, type ConstantOptions } from './constant.js';
import { Initializer } from './initializer.js';
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
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
} from './varianceScaling.js';

/** See {@link Zeros}. */
export const zeros = (options?: NoOptions) => new Zeros(options);
/** See {@link Ones}. */
export const ones = (options?: NoOptions) => new Ones(options);
/** See {@link Constant}. */
export const constant = (options?: ConstantOptions) => new Constant(options);
/** See {@link RandomNormal}. */
export const randomNormal = (options?: RandomNormalOptions) => new RandomNormal(options);
/** See {@link RandomUniform}. */
export const randomUniform = (options?: RandomUniformOptions) => new RandomUniform(options);
/** See {@link TruncatedNormal}. */
export const truncatedNormal = (options?: TruncatedNormalOptions) => new TruncatedNormal(options);
/** See {@link VarianceScaling}. */
export const varianceScaling = (options?: VarianceScalingOptions) => new VarianceScaling(options);
/** See {@link Orthogonal}. */
export const orthogonal = (options?: OrthogonalOptions) => new Orthogonal(options);

const table: Record<string, (config: never) => Initializer> = {
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
};

/** What layers take for an initializer: an object, a name, or the configuration of one. */
export type InitializerLike = Initializer | string | { className: string; config: Record<string, unknown> };

/** The initializer that a name or a configuration stands for. @internal */
export function initializerOf(given: InitializerLike): Initializer {
  if (typeof given === 'string') return choose('initializer', given, table)({} as never);
  if (given instanceof Initializer) return given;
  if (typeof given === 'object' && given !== null && 'config' in given)
    return choose('initializer', given.className, table)(given.config as never);
  throw notOneOf('initializer', 'an initializer or its name', given);
}

/** The configuration from which {@link initializerOf} makes an equal initializer. @internal */
export function initializerConfig(initializer: Initializer) {
  return { className: initializer.className, config: initializer.getConfig() };
}
