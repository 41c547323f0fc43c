import { type OptionNames, knownOptionsOf } from '../base/checks.js';
import { L1L2 } from './l1l2.js';

/** What `regularizers.l1` takes. */
export interface L1Options {
  /** The factor of sum(|x|), 0 or more. Default 0.01. */
  l1?: number;
}

/** A penalty on absolute values: made by `regularizers.l1`, which says more. */
export class L1 extends L1L2 {
  static override readonly optionNames: object = { l1: 'optional' } satisfies OptionNames<L1Options>;
  override readonly className = 'L1';

  constructor(options: L1Options = {}) {
    knownOptionsOf(new.target, options);
    super({ l1: options.l1 ?? 0.01 });
  }

  override getConfig() {
    return { l1: this.l1 };
  }
}

/**
 * Adds l1 · sum(|x|) to the loss, which drives numbers to 0. https://keras.io/api/layers/regularizers/#l1-class
 *
 * @throws EngineError `ARGUMENT` for a factor below 0.
 * @example layers.dense({ units: 10, kernelRegularizer: regularizers.l1({ l1: 1e-4 }) });
 */
export const l1 = (options?: L1Options) => new L1(options);
