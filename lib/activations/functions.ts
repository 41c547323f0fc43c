/** The activations that have names. Those that Keras has as ops, with the same defaults, are the ops. */
import { type OptionNames, atLeastZero, finite, knownOptions } from '../base/checks.js';
import type { Operand, Outcome } from '../core/apply.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';

export {
  celu,
  elu,
  glu,
  hardShrink,
  hardSigmoid,
  hardSilu,
  hardSwish,
  hardTanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  relu6,
  selu,
  sigmoid,
  silu,
  softShrink,
  softmax,
  softplus,
  softsign,
  sparsePlus,
  sparseSigmoid,
  sparsemax,
  squareplus,
  swish,
  tanh,
  tanhShrink,
} from '../ops/index.js';

/** x itself. https://keras.io/api/layers/activations/ */
export const linear = <T>(x: T): T => x;

/** eˣ: the same as `ops.exp`. https://keras.io/api/layers/activations/ */
export const exponential = <T extends Operand>(x: T): Outcome<T> => ops.exp(x);

/** x · tanh(softplus(x)) (Misra 2019). https://keras.io/api/layers/activations/ */
export const mish = <T extends Operand>(x: T): Outcome<T> => ops.multiply(x, ops.tanh(ops.softplus(x)));

/** What `activations.gelu` takes. */
export interface GeluOptions {
  /** Whether to take the tanh approximation. Default false, unlike `ops.gelu`, as in Keras. */
  approximate?: boolean;
}

/** x · Φ(x) (Hendrycks and Gimpel 2016), exact unless the tanh approximation is asked for. https://keras.io/api/layers/activations/ */
export const gelu = <T extends Operand>(x: T, options: GeluOptions = {}): Outcome<T> =>
  ops.gelu(x, { approximate: false, ...options });

/** What `activations.relu` takes. */
export interface ReluOptions {
  /** The slope below the threshold. Default 0. */
  negativeSlope?: number;
  /** Where the output ends, 0 or more; null: nowhere. Default null. */
  maxValue?: number | null;
  /** Up to where x counts as negative. Default 0. */
  threshold?: number;
}

const reluNames = {
  negativeSlope: 'optional',
  maxValue: 'optional',
  threshold: 'optional',
} satisfies OptionNames<ReluOptions>;

/**
 * x above the threshold, at most maxValue; negativeSlope · (x − threshold) from there down. By default max(x, 0).
 * https://keras.io/api/layers/activations/#relu-function
 *
 * @throws EngineError `ARGUMENT` for what is no finite number, or a maxValue below 0.
 * @example layers.dense({ units: 8, activation: (x) => activations.relu(x, { maxValue: 6 }) });
 */
export const relu = <T extends Operand>(x: T, options: ReluOptions = {}): Outcome<T> => {
  knownOptions('relu', options, reluNames);
  const maxValue = options.maxValue ?? null;
  const negativeSlope = finite('relu', 'negativeSlope', options.negativeSlope ?? 0);
  const threshold = finite('relu', 'threshold', options.threshold ?? 0);
  if (maxValue !== null) atLeastZero('relu', 'maxValue', maxValue);
  return rectified(x as Sym, negativeSlope, maxValue, threshold) as Outcome<T>;
};

function rectified(x: Sym, negativeSlope: number, maxValue: number | null, threshold: number): Sym {
  const plain = maxValue === null && threshold === 0;
  if (plain) return negativeSlope === 0 ? ops.relu(x) : ops.leakyRelu(x, { negativeSlope });
  const above = threshold === 0 ? ops.relu(x) : ops.where(ops.lessEqual(x, threshold), 0, x);
  const positive =
    maxValue === null
      ? above
      : maxValue === 6 && threshold === 0
        ? ops.relu6(x)
        : ops.minimum(above, maxValue);
  if (negativeSlope === 0) return positive;
  const below = ops.relu(threshold === 0 ? ops.negative(x) : ops.subtract(threshold, x));
  return ops.subtract(positive, ops.multiply(below, negativeSlope));
}
