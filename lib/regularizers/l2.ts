import { L1L2 } from './l1l2.js';

/** l2 · sum(x²). https://keras.io/api/layers/regularizers/#l2-class */
export class L2 extends L1L2 {
  override readonly className = 'l2';

  /** @param options `l2`: default 0.01. */
  constructor(options: { l2?: number } = {}) {
    super({ l2: options.l2 ?? 0.01 });
  }

  override getConfig() {
    return { l2: this.l2 };
  }
}
