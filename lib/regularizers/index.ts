import { notOneOf } from '../base/checks.js';
import { type ObjectConfig, type Spelled, choose } from '../base/names.js';
import { L1, type L1Options } from './l1.js';
import { L1L2, type L1L2Options } from './l1l2.js';
import { L2, type L2Options } from './l2.js';
import { Regularizer } from './regularizer.js';

export { L1, L1L2, L2, Regularizer };
export type { L1L2Options, L1Options, L2Options };

/**
 * Adds l1 · sum(|x|) to the loss, which drives numbers to 0. https://keras.io/api/layers/regularizers/#l1-class
 *
 * @throws EngineError `ARGUMENT` for a factor below 0.
 * @example layers.dense({ units: 10, kernelRegularizer: regularizers.l1({ l1: 1e-4 }) });
 */
export const l1 = (options?: L1Options) => new L1(options);

/**
 * Adds l2 · sum(x²) to the loss, which keeps numbers small. https://keras.io/api/layers/regularizers/#l2-class
 *
 * @throws EngineError `ARGUMENT` for a factor below 0.
 * @example layers.dense({ units: 10, kernelRegularizer: regularizers.l2({ l2: 1e-4 }) });
 */
export const l2 = (options?: L2Options) => new L2(options);

/**
 * Adds l1 · sum(|x|) + l2 · sum(x²) to the loss. https://keras.io/api/layers/regularizers/#l1l2-class
 *
 * @throws EngineError `ARGUMENT` for a factor below 0.
 * @example layers.dense({ units: 10, kernelRegularizer: regularizers.l1l2({ l1: 1e-5, l2: 1e-4 }) });
 */
export const l1l2 = (options?: L1L2Options) => new L1L2(options);

type RegularizerMaker = (config: never) => Regularizer;

const table = { l1, l2, l1l2 } satisfies Record<string, RegularizerMaker>;

/** The names that layers take for a regularizer, also as Keras writes them: `L2`, `l1_l2`. */
export type RegularizerName = Spelled<keyof typeof table> | 'l1_l2' | 'L1L2';

/** What layers take for a regularizer: an object, a name, or the configuration of one. */
export type RegularizerLike = Regularizer | RegularizerName | ObjectConfig;

/** The regularizer that a name or a configuration stands for. @internal */
export function regularizerOf(given: RegularizerLike | null | undefined): Regularizer | undefined {
  if (given == null || given instanceof Regularizer) return given ?? undefined;
  if (typeof given === 'string') return choose<RegularizerMaker>('regularizer', given, table)({} as never);
  if (typeof given === 'object' && 'config' in given)
    return choose<RegularizerMaker>('regularizer', given.className, table)(given.config as never);
  throw notOneOf('regularizer', 'a regularizer or its name', given);
}

/** The configuration from which {@link regularizerOf} makes an equal regularizer. @internal */
export function regularizerConfig(regularizer: Regularizer | undefined): ObjectConfig | null {
  return regularizer ? { className: regularizer.className, config: regularizer.getConfig() } : null;
}
