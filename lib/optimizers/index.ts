import { notOneOf } from '../checks.js';
import { choose } from '../names.js';
import { Adadelta, type AdadeltaOptions } from './adadelta.js';
import { Adam, type AdamOptions } from './adam.js';
import { AdamW } from './adamW.js';
import { Optimizer } from './optimizer.js';
import { RMSprop, type RMSpropOptions } from './rmsprop.js';
import { SGD, type SGDOptions } from './sgd.js';

export { Adadelta, Adam, AdamW, RMSprop, SGD };
export { Optimizer };
export type { OptimizerOptions, UpdateContext } from './optimizer.js';

/** See {@link SGD}. */
export const sgd = (options?: SGDOptions) => new SGD(options);
/** See {@link RMSprop}. */
export const rmsprop = (options?: RMSpropOptions) => new RMSprop(options);
/** See {@link Adam}. */
export const adam = (options?: AdamOptions) => new Adam(options);
/** See {@link AdamW}. */
export const adamW = (options?: AdamOptions) => new AdamW(options);
/** See {@link Adadelta}. */
export const adadelta = (options?: AdadeltaOptions) => new Adadelta(options);

const table: Record<string, (options: never) => Optimizer> = { sgd, rmsprop, adam, adamW, adadelta };

/** The optimizer of a name or a configuration. @internal */
export function optimizerOf(
  given: Optimizer | string | { className: string; config: Record<string, unknown> },
): Optimizer {
  if (typeof given === 'string') return choose('optimizer', given, table)({} as never);
  if (given instanceof Optimizer) return given;
  if (typeof given === 'object' && given !== null && 'config' in given)
    return choose('optimizer', given.className, table)(given.config as never);
  throw notOneOf('optimizer', 'an optimizer or its name', given);
}
