import { type OptionNames, knownOptionsOf } from '../base/checks.js';
import { L1L2 } from './l1l2.js';

/** What `regularizers.l2` takes. */
export interface L2Options {
  /** The factor of sum(x²), 0 or more. Default 0.01. */
  l2?: number;
}

/** A penalty on squares: made by `regularizers.l2`, which says more. */
export class L2 extends L1L2 {
  static override readonly optionNames: object = { l2: 'optional' } satisfies OptionNames<L2Options>;
  override readonly className = 'L2';

  constructor(options: L2Options = {}) {
    knownOptionsOf(new.target, options);
    super({ l2: options.l2 ?? 0.01 });
  }

  override getConfig() {
    return { l2: this.l2 };
  }
}

/**
 * Adds l2 · sum(x²) to the loss, which keeps numbers small. https://keras.io/api/layers/regularizers/#l2-class
 *
 * @throws EngineError `ARGUMENT` for a factor below 0.
 * @example layers.dense({ units: 10, kernelRegularizer: regularizers.l2({ l2: 1e-4 }) });
 */
export const l2 = (options?: L2Options) => new L2(options);
