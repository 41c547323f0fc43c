import { notOneOf } from '../base/checks.js';
import { type ObjectConfig, type Spelled, choose } from '../base/names.js';
import { Adadelta, type AdadeltaOptions } from './adadelta.js';
import { Adam, type AdamOptions } from './adam.js';
import { AdamW } from './adamW.js';
import { Optimizer } from './optimizer.js';
import { RMSprop, type RMSpropOptions } from './rmsprop.js';
import { SGD, type SGDOptions } from './sgd.js';

export { Adadelta, Adam, AdamW, RMSprop, SGD };
export { Optimizer };
export type { AdadeltaOptions, AdamOptions, RMSpropOptions, SGDOptions };
export type {
  EpsilonOptions,
  FusedUpdate,
  OptimizerOptions,
  SlotOptions,
  UpdateContext,
} from './optimizer.js';

/**
 * Gradient descent, with momentum where it is given (Sutskever et al., 2013): w ← w − learningRate · g, or with momentum m
 * v ← m · v − learningRate · g and w ← w + v. The default learning rate is 0.01. https://keras.io/api/optimizers/sgd/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }), loss: 'mse' });
 */
export const sgd = (options?: SGDOptions) => new SGD(options);

/**
 * Divides gradients by the root of a running mean v of their squares (Hinton, 2012): v ← rho · v + (1 − rho) · g² and
 * w ← w − learningRate · g / √(v + epsilon). The default learning rate is 0.001. https://keras.io/api/optimizers/rmsprop/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.rmsprop({ learningRate: 0.01, centered: true }), loss: 'mse' });
 */
export const rmsprop = (options?: RMSpropOptions) => new RMSprop(options);

/**
 * Adaptive moments (Kingma and Ba, 2015): running means m of the gradients (beta1) and v of their squares (beta2), corrected for
 * their start at 0; w ← w − learningRate · m / (√v + epsilon). The default learning rate is 0.001.
 * https://keras.io/api/optimizers/adam/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss: 'mse' });
 */
export const adam = (options?: AdamOptions) => new Adam(options);

/**
 * {@link adam} with decoupled weight decay, 0.004 by default (Loshchilov and Hutter, 2019). The default learning rate is 0.001.
 * https://keras.io/api/optimizers/adamw/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adamW({ weightDecay: 0.01 }), loss: 'mse' });
 */
export const adamW = (options?: AdamOptions) => new AdamW(options);

/**
 * Steps as long as the last ones were, in the units of the weights (Zeiler, 2012): running means of squares, v of the gradients and u
 * of the steps; the step is learningRate · g · √(u + epsilon) / √(v + epsilon). The default learning rate is the paper's 1.0, as in
 * Keras 2; Keras 3's is 0.001. https://keras.io/api/optimizers/adadelta/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adadelta({ rho: 0.9 }), loss: 'mse' });
 */
export const adadelta = (options?: AdadeltaOptions) => new Adadelta(options);

type OptimizerMaker = (config: never) => Optimizer;

const table = { sgd, rmsprop, adam, adamW, adadelta } satisfies Record<string, OptimizerMaker>;

/** The names that `compile` takes for an optimizer, also as Keras writes them: `SGD`, `RMSprop`, `AdamW`. */
export type OptimizerName = Spelled<keyof typeof table> | 'SGD' | 'RMSprop';

/** What `compile` takes for an optimizer: an object or a name. */
export type OptimizerLike = Optimizer | OptimizerName;

/** The optimizer of a name or a configuration. @internal */
export function optimizerOf(given: OptimizerLike | ObjectConfig): Optimizer {
  if (typeof given === 'string') return choose<OptimizerMaker>('optimizer', given, table)({} as never);
  if (given instanceof Optimizer) return given;
  if (typeof given === 'object' && given !== null && 'config' in given)
    return choose<OptimizerMaker>('optimizer', given.className, table)(given.config as never);
  throw notOneOf('optimizer', 'an optimizer or its name', given);
}
