import { EngineError } from '../errors.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

export interface DropoutOptions extends LayerOptions {
  /** The share of numbers that become 0, from 0 up to, not including, 1. */
  rate: number;
}

/**
 * While training, sets a share of the numbers to 0 and scales the others by 1 / (1 - rate); else passes them on. Srivastava et
 * al., 2014. https://keras.io/api/layers/regularization_layers/dropout/
 */
export class Dropout extends Layer {
  readonly className = 'Dropout';
  readonly rate: number;

  constructor(options: DropoutOptions) {
    super(options);
    if (!(options.rate >= 0 && options.rate < 1)) {
      throw new EngineError(
        'ARGUMENT',
        `[dropout] expected a rate from 0 up to, not including, 1, received ${String(options.rate)}`,
      );
    }
    this.rate = options.rate;
  }

  call(x: Sym, { training, key }: CallContext): Sym {
    if (!training || this.rate === 0) return x;
    return ops.dropout(x, { rate: this.rate, key, salt: x.trace.nextSalt() });
  }

  override getConfig() {
    return { ...super.getConfig(), rate: this.rate };
  }
}

/** See {@link Dropout}. @example layers.dropout({ rate: 0.5 }) */
export const dropout = (options: DropoutOptions) => new Dropout(options);
