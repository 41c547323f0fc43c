import { factoryName } from '../base/names.js';
import { type OptionNames, seedOf, share } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

/** What `layers.dropout` takes. */
export interface DropoutOptions extends LayerOptions {
  /** The share of numbers that become 0, from 0 up to, not including, 1. */
  rate: number;
  /** An integer that decides the masks, whatever the seed of the training. Default none. */
  seed?: number;
}

/** Drops numbers while training: made by `layers.dropout`, which says more. */
export class Dropout extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    rate: 'required',
    seed: 'optional',
  } satisfies OptionNames<DropoutOptions>;
  readonly className: string = 'Dropout';
  override readonly supportsMasking = true;
  /** The share of numbers that become 0. */
  readonly rate: number;
  /** Decides the masks, where it was given. */
  readonly seed: number | undefined;

  constructor(options: DropoutOptions) {
    super(options);
    const who = factoryName(new.target.name);
    this.rate = share(who, 'rate', options.rate);
    this.seed = options.seed === undefined ? undefined : seedOf(who, options.seed);
  }

  call(x: Sym, { training, key }: CallContext): Sym {
    if (!training || this.rate === 0) return x;
    return this.drop(x, key);
  }

  protected drop(x: Sym, key: Sym | undefined): Sym {
    const { rate, seed } = this;
    return ops.dropout(x, {
      ...(seed === undefined ? { key } : { seed }),
      ...{ rate, salt: x.trace.nextSalt() },
    });
  }

  override getConfig() {
    const { rate, seed } = this;
    return { ...super.getConfig(), rate, ...(seed !== undefined && { seed }) };
  }
}

/**
 * While training, sets a share of the numbers to 0, others each step, and scales the rest by 1 / (1 − rate); else passes its input on.
 * float32 of any shape, to the same. It has no weights. Srivastava et al., 2014.
 * https://keras.io/api/layers/regularization_layers/dropout/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1) or a seed that is no integer.
 * @example layers.dropout({ rate: 0.5 });
 */
export const dropout = (options: DropoutOptions) => new Dropout(options);
