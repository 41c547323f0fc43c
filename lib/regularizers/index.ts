import { notOneOf } from '../checks.js';
import { choose } from '../names.js';
import { L1, type L1Options } from './l1.js';
import { L1L2, type L1L2Options } from './l1l2.js';
import { L2, type L2Options } from './l2.js';
import { Regularizer } from './regularizer.js';

export { L1, L1L2, L2, Regularizer };

/** See {@link L1}. @example layers.dense({ units: 10, kernelRegularizer: regularizers.l1({ l1: 1e-4 }) }) */
export const l1 = (options?: L1Options) => new L1(options);
/** See {@link L2}. */
export const l2 = (options?: L2Options) => new L2(options);
/** See {@link L1L2}. */
export const l1l2 = (options?: L1L2Options) => new L1L2(options);

const table: Record<string, (config: never) => Regularizer> = { l1, l2, l1l2 };

/** What layers take for a regularizer: an object, a name, or the configuration of one. */
export type RegularizerLike = Regularizer | string | { className: string; config: Record<string, unknown> };

/** The regularizer that a name or a configuration stands for. @internal */
export function regularizerOf(given: RegularizerLike | null | undefined): Regularizer | undefined {
  if (given == null || given instanceof Regularizer) return given ?? undefined;
  if (typeof given === 'string') return choose('regularizer', given, table)({} as never);
  if (typeof given === 'object' && 'config' in given)
    return choose('regularizer', given.className, table)(given.config as never);
  throw notOneOf('regularizer', 'a regularizer or its name', given);
}

/** The configuration from which {@link regularizerOf} makes an equal regularizer. @internal */
export function regularizerConfig(regularizer: Regularizer | undefined) {
  return regularizer ? { className: regularizer.className, config: regularizer.getConfig() } : null;
}
