import { notOneOf } from '../checks.js';
import { type NoOptions, isOwnFunction } from '../checks.js';
import { choose } from '../names.js';
import { BinaryCrossentropy, type CrossentropyOptions } from './binaryCrossentropy.js';
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
export type { CrossentropyOptions, LossFunction };

/** See {@link MeanSquaredError}. */
export const meanSquaredError = (options?: NoOptions) => new MeanSquaredError(options);
/** See {@link MeanAbsoluteError}. */
export const meanAbsoluteError = (options?: NoOptions) => new MeanAbsoluteError(options);
/** See {@link BinaryCrossentropy}. */
export const binaryCrossentropy = (options?: CrossentropyOptions) => new BinaryCrossentropy(options);
/** See {@link CategoricalCrossentropy}. */
export const categoricalCrossentropy = (options?: CrossentropyOptions) =>
  new CategoricalCrossentropy(options);
/** See {@link SparseCategoricalCrossentropy}. */
export const sparseCategoricalCrossentropy = (options?: Pick<CrossentropyOptions, 'fromLogits'>) =>
  new SparseCategoricalCrossentropy(options);

const table: Record<string, (config: never) => Loss> = {
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
};

/** What `compile` takes for a loss: an object, a name, a function, or the configuration of an object. */
export type LossLike = Loss | LossFunction | string | { className: string; config: Record<string, unknown> };

/** The loss that a name, a function or a configuration stands for. @internal */
export function lossOf(given: LossLike): Loss {
  if (given instanceof Loss) return given;
  if (typeof given === 'function' && isOwnFunction(given, table)) return new FunctionLoss(given);
  if (typeof given === 'string') return choose('loss', given, table)({} as never);
  if (typeof given === 'object' && given !== null && 'config' in given)
    return choose('loss', given.className, table)(given.config as never);
  throw notOneOf('loss', 'a loss, its name or a function', given);
}
