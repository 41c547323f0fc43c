import { type NoOptions, isOwnFunction, notOneOf } from '../base/checks.js';
import { type ObjectConfig, type Spelled, choose } from '../base/names.js';
import { BinaryCrossentropy, type CrossentropyOptions, type FromLogits } from './binaryCrossentropy.js';
import { CategoricalCrossentropy } from './categoricalCrossentropy.js';
import { Crossentropy } from './crossentropy.js';
import { FunctionLoss, Loss, type LossFunction } from './loss.js';
import { MeanAbsoluteError } from './meanAbsoluteError.js';
import { MeanSquaredError } from './meanSquaredError.js';
import { SparseCategoricalCrossentropy } from './sparseCategoricalCrossentropy.js';

export {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  Loss,
  MeanAbsoluteError,
  MeanSquaredError,
  SparseCategoricalCrossentropy,
};
export type { CrossentropyOptions, FromLogits, LossFunction };

/**
 * The mean of (yTrue − yPred)² over the last axis. https://keras.io/api/losses/regression_losses/#meansquarederror-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.meanSquaredError() }); // or loss: 'mse'
 */
export const meanSquaredError = (options?: NoOptions) => new MeanSquaredError(options);

/**
 * The mean of |yTrue − yPred| over the last axis. https://keras.io/api/losses/regression_losses/#meanabsoluteerror-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.meanAbsoluteError() }); // or loss: 'mae'
 */
export const meanAbsoluteError = (options?: NoOptions) => new MeanAbsoluteError(options);

/**
 * The cross-entropy of yes-or-no targets y with probabilities p, −y·log(p) − (1 − y)·log(1 − p), as a mean over the last axis.
 * https://keras.io/api/losses/probabilistic_losses/#binarycrossentropy-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing: 0 or 1 in any dtype, or
 * a probability. The output of a `sigmoid` is computed from its logits, which loses no digits; other probabilities are cut to
 * [1e-7, 1 − 1e-7].
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example
 *     layers.dense({ units: 1 }), // logits
 *     model.compile({ optimizer: 'adam', loss: losses.binaryCrossentropy({ fromLogits: true }) });
 */
export const binaryCrossentropy = (options?: CrossentropyOptions) => new BinaryCrossentropy(options);

/**
 * The cross-entropy of one-hot targets y, or of any probabilities, with the probabilities p along the last axis: −Σ y·log(p).
 * https://keras.io/api/losses/probabilistic_losses/#categoricalcrossentropy-class
 *
 * Targets have the shape of the predictions, [n, ..., classes], in any dtype. The output of a `softmax` is computed from its logits,
 * which loses no digits; other probabilities are cut to [1e-7, 1 − 1e-7]. For class numbers take
 * {@link sparseCategoricalCrossentropy}.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.categoricalCrossentropy({ labelSmoothing: 0.1 }) });
 */
export const categoricalCrossentropy = (options?: CrossentropyOptions) =>
  new CategoricalCrossentropy(options);

/**
 * The cross-entropy of class numbers with the probabilities p along the last axis: −log(p[class]).
 * https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class
 *
 * Predictions are [n, ..., classes]; targets [n, ...] or [n, ..., 1], whole numbers from 0 in any dtype. The output of a `softmax` is
 * computed from its logits, which loses no digits; other probabilities are cut to [1e-7, 1 − 1e-7]. For one-hot targets take
 * {@link categoricalCrossentropy}.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape; `ARGUMENT`, from a step, for a class number out of
 *   range.
 * @example model.compile({ optimizer: 'adam', loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
 */
export const sparseCategoricalCrossentropy = (options?: FromLogits) =>
  new SparseCategoricalCrossentropy(options);

type LossMaker = (config: never) => Loss;

const table = {
  meanSquaredError,
  meanAbsoluteError,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  // Keras's short names
  mse: meanSquaredError,
  mae: meanAbsoluteError,
  bce: binaryCrossentropy,
  crossentropy: () => new Crossentropy(),
  ce: () => new Crossentropy(),
} satisfies Record<string, LossMaker>;

/**
 * The names that `compile` takes for a loss, also as Keras writes them: `mean_squared_error`. `crossentropy` and `ce` choose the form
 * that fits the shapes: binary where the output has one column, sparse where the targets are class numbers, else categorical.
 */
export type LossName = Spelled<keyof typeof table> | 'MSE' | 'MAE' | 'BCE';

/** What makes an equal loss: its className, and what its `getConfig` gave. */
export interface LossConfig {
  /** The loss's name. */
  className: string;
  /** Its options. */
  config: Record<string, unknown>;
}

/** What `compile` takes for a loss: an object, a name, a function, or the configuration of an object. */
export type LossLike = Loss | LossFunction | LossName | ObjectConfig;

/** The loss that a name, a function or a configuration stands for. @internal */
export function lossOf(given: LossLike): Loss {
  if (given instanceof Loss) return given;
  if (typeof given === 'function' && isOwnFunction(given, table)) return new FunctionLoss(given);
  if (typeof given === 'string') return choose<LossMaker>('loss', given, table)({} as never);
  if (typeof given === 'object' && given !== null && 'config' in given)
    return choose<LossMaker>('loss', given.className, table)(given.config as never);
  throw notOneOf('loss', 'a loss, its name or a function', given);
}
