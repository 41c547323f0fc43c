import { L1L2 } from './l1l2.js';

/** l1 · sum(|x|). https://keras.io/api/layers/regularizers/#l1-class */
export class L1 extends L1L2 {
  override readonly className = 'l1';

  /** @param options `l1`: default 0.01. */
  constructor(options: { l1?: number } = {}) {
    super({ l1: options.l1 ?? 0.01 });
  }

  override getConfig() {
    return { l1: this.l1 };
  }
}
