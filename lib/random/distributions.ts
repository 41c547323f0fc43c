import { type OptionNames, expected, knownOptions, oneOf, shapeOf } from '../base/checks.js';
import { type Operand, apply } from '../core/apply.js';
import type { Tensor } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import type { Shape } from '../engine/engine.js';
import { randomKey } from '../ops/random.js';
import { broadcastTo } from '../ops/shape.js';
import { toFloat32 } from '../ops/toFloat32.js';
import { type SeedOptions, keyOf } from './seedGenerator.js';

/** What {@link gamma}, {@link beta} and {@link binomial} take. */
export interface DistributionOptions extends SeedOptions {
  /** Default float32, the one dtype of floats. */
  dtype?: 'float32';
}

const distributionNames = { dtype: 'optional', seed: 'optional' } satisfies OptionNames<DistributionOptions>;

/** Their ops, and salts: numbers do not follow those of other draws with the same seed. */
const DISTRIBUTIONS = {
  gamma: { op: 'randomGamma', salt: 101 },
  beta: { op: 'randomBeta', salt: 102 },
  binomial: { op: 'randomBinomial', salt: 103 },
} as const;

function drawn(
  who: keyof typeof DISTRIBUTIONS,
  shape: Shape,
  parameters: readonly (readonly [
    name: string,
    value: Operand,
    fits: (n: number) => boolean,
    what: string,
  ])[],
  options: DistributionOptions,
): Tensor {
  const name = `random.${who}`;
  knownOptions(name, options, distributionNames);
  oneOf(name, 'dtype', options.dtype ?? 'float32', ['float32']);
  const sizes = shapeOf(name, shape);
  const values = parameters.map(([parameter, value, fits, what]) => {
    // Of values that a model computes, wrong ones give NaN.
    if (typeof value === 'number' && !fits(value)) throw expected(name, `${what} for ${parameter}`, value);
    return broadcastTo(toFloat32(value), sizes);
  });
  const { op, salt: own } = DISTRIBUTIONS[who];
  const given = keyOf(name, options);
  // Two draws of one trace without a seed have one key, and must not be the same.
  const salt = given === undefined ? (Trace.current?.nextSalt() ?? 0) : own;
  return apply(op, [given ?? randomKey(), ...values], { salt }) as unknown as Tensor;
}

const isPositive = (n: number): boolean => n > 0 && n < Infinity;

/**
 * Numbers of the gamma distribution with the shape parameter `alpha` and scale 1. Marsaglia and Tsang, 2000.
 * https://keras.io/api/random/random_ops/#gamma-function
 *
 * @param shape A list of sizes.
 * @param alpha Above 0: a number, or values that broadcast to the shape; of these, wrong ones give NaN.
 * @param options `dtype`: float32. `seed`: an integer or a `SeedGenerator`.
 * @returns float32; inside `compile` a symbolic value that each step draws, the same each time with an integer as seed. No gradient.
 * @throws EngineError `SHAPE`; `ARGUMENT` for an alpha out of range.
 * @example random.gamma([2, 3], 0.5, { seed: 42 });
 */
export const gamma = (shape: Shape, alpha: Operand, options: DistributionOptions = {}): Tensor =>
  drawn('gamma', shape, [['alpha', alpha, isPositive, 'a positive number']], options);

/**
 * Numbers of the beta distribution, from 0 to 1; all else as {@link gamma}. https://keras.io/api/random/random_ops/#beta-function
 *
 * @param alpha Above 0: a number, or values that broadcast to the shape.
 * @param beta As alpha.
 */
export const beta = (
  shape: Shape,
  alpha: Operand,
  beta: Operand,
  options: DistributionOptions = {},
): Tensor =>
  drawn(
    'beta',
    shape,
    [
      ['alpha', alpha, isPositive, 'a positive number'],
      ['beta', beta, isPositive, 'a positive number'],
    ],
    options,
  );

/**
 * How many of some trials succeed; all else as {@link gamma}. https://keras.io/api/random/random_ops/#binomial-function
 *
 * @param counts How many trials, 0 or more: a number, or values that broadcast to the shape.
 * @param probabilities Of success, from 0 to 1, as counts.
 * @returns float32 of whole numbers, exact up to 2²⁴.
 * @example random.binomial([3], 10, 0.5, { seed: 42 });
 */
export const binomial = (
  shape: Shape,
  counts: Operand,
  probabilities: Operand,
  options: DistributionOptions = {},
): Tensor =>
  drawn(
    'binomial',
    shape,
    [
      ['counts', counts, (n) => n >= 0 && n < Infinity, 'a number of 0 or more'],
      ['probabilities', probabilities, (n) => n >= 0 && n <= 1, 'a number from 0 to 1'],
    ],
    options,
  );
