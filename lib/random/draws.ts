import { type OptionNames, expected, finite, knownOptions, oneOf, shapeOf } from '../base/checks.js';
import type { Tensor } from '../core/tensor.js';
import type { Shape } from '../engine/engine.js';
import { add, minimum, multiply } from '../ops/binary.js';
import * as ops from '../ops/random.js';
import { cast, floor } from '../ops/unary.js';
import { type SeedOptions, keyOf } from './seedGenerator.js';

/** What {@link normal} and {@link truncatedNormal} take. */
export interface NormalOptions extends SeedOptions {
  /** The mean. Default 0. */
  mean?: number;
  /** The standard deviation, 0 or more. Default 1. */
  stddev?: number;
  /** Default float32, the one dtype of floats. */
  dtype?: 'float32';
}

/** What {@link uniform} takes. */
export interface UniformOptions extends SeedOptions {
  /** The lower bound. Default 0. */
  minval?: number;
  /** The upper bound, not included. Default 1. */
  maxval?: number;
  /** Default float32, the one dtype of floats. */
  dtype?: 'float32';
}

/** What {@link randint} takes. */
export interface RandintOptions extends SeedOptions {
  /** Default int32. */
  dtype?: 'int32' | 'uint8';
}

const normalNames = {
  mean: 'optional',
  stddev: 'optional',
  dtype: 'optional',
  seed: 'optional',
} satisfies OptionNames<NormalOptions>;
const uniformNames = {
  minval: 'optional',
  maxval: 'optional',
  dtype: 'optional',
  seed: 'optional',
} satisfies OptionNames<UniformOptions>;
const randintNames = { dtype: 'optional', seed: 'optional' } satisfies OptionNames<RandintOptions>;

/** More different numbers than a float32 from 0 to 1 tells apart evenly. */
const MOST = 2 ** 24;
const BOUNDS = { int32: [-(2 ** 31), 2 ** 31], uint8: [0, 256] } as const;

/**
 * Normal numbers of `mean` and `stddev`. https://keras.io/api/random/random_ops/#normal-function
 *
 * @param shape A list of sizes.
 * @returns float32; inside `compile` a symbolic value that each step draws, the same each time with an integer as seed.
 * @throws EngineError `SHAPE`, `ARGUMENT`, `ATTRIBUTE` for a negative `stddev`.
 * @example random.normal([2, 3], { mean: 1, seed: 42 });
 */
export const normal = (shape: Shape, options: NormalOptions = {}): Tensor =>
  bell('random.normal', ops.randomNormal, shape, options);

/**
 * As {@link normal}, drawn again where they are more than two standard deviations from the mean.
 * https://keras.io/api/random/random_ops/#truncatednormal-function
 */
export const truncatedNormal = (shape: Shape, options: NormalOptions = {}): Tensor =>
  bell('random.truncatedNormal', ops.truncatedNormal, shape, options);

function bell(who: string, draw: typeof ops.randomNormal, shape: Shape, options: NormalOptions): Tensor {
  knownOptions(who, options, normalNames);
  const { mean = 0, stddev = 1, dtype = 'float32' } = options;
  oneOf(who, 'dtype', dtype, ['float32']);
  const bounds = { mean: finite(who, 'mean', mean), stddev: finite(who, 'stddev', stddev) };
  return draw(shapeOf(who, shape), { ...bounds, key: keyOf(who, options) });
}

/**
 * Even numbers from `minval` up to, not including, `maxval`; all else as {@link normal}.
 * https://keras.io/api/random/random_ops/#uniform-function
 */
export function uniform(shape: Shape, options: UniformOptions = {}): Tensor {
  const who = 'random.uniform';
  knownOptions(who, options, uniformNames);
  const { minval = 0, maxval = 1, dtype = 'float32' } = options;
  oneOf(who, 'dtype', dtype, ['float32']);
  const bounds = { minval: finite(who, 'minval', minval), maxval: finite(who, 'maxval', maxval) };
  return ops.randomUniform(shapeOf(who, shape), { ...bounds, key: keyOf(who, options) });
}

/**
 * Whole numbers from `minval` up to, not including, `maxval`, each as likely as the others.
 * https://keras.io/api/random/random_ops/#randint-function
 *
 * @param shape A list of sizes.
 * @param maxval More than `minval`, by 2²⁴ at most.
 * @returns int32, or the dtype.
 * @throws EngineError `SHAPE`, or `ARGUMENT` for other bounds, or ones that the dtype does not hold.
 * @example random.randint([2, 3], 0, 10);
 */
export function randint(shape: Shape, minval: number, maxval: number, options: RandintOptions = {}): Tensor {
  const who = 'random.randint';
  knownOptions(who, options, randintNames);
  const dtype = oneOf(who, 'dtype', options.dtype ?? 'int32', ['int32', 'uint8'] as const);
  const [least, end] = BOUNDS[dtype];
  if (!Number.isSafeInteger(minval) || minval < least)
    throw expected(who, `an integer that ${dtype} holds as minval`, minval);
  const most = Math.min(end, minval + MOST);
  if (!Number.isSafeInteger(maxval) || maxval <= minval || maxval > most)
    throw expected(who, `an integer from ${minval + 1} to ${most} as maxval`, maxval);
  const count = maxval - minval;
  const drawn = ops.randomUniform(shapeOf(who, shape), { key: keyOf(who, options) });
  // The product of the largest number below 1 may be rounded up to the count.
  const whole = minimum(floor(multiply(drawn, count)), count - 1);
  return cast(add(cast(whole, 'int32'), minval), dtype);
}
