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
  override readonly className = 'l1';

  constructor(options: L1Options = {}) {
    knownOptionsOf(new.target, options);
    super({ l1: options.l1 ?? 0.01 });
  }

  override getConfig() {
    return { l1: this.l1 };
  }
}
