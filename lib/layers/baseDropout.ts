import { factoryName } from '../base/names.js';
import { type OptionNames, fraction, mismatch, seedOf } from '../base/checks.js';
import { dropped, maskOf } from '../ops/noiseShape.js';
import type { Sym } from '../core/sym.js';
import { drawing } from './drawing.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';

/** What all kinds of dropout take. */
export interface BaseDropoutOptions extends LayerOptions {
  /** The share of numbers that are dropped, from 0 to 1; with 1 `alphaDropout` does not train. */
  rate: number;
  /** An integer that decides the masks, whatever the seed of the training. Default none. */
  seed?: number | null;
}

/** What the kinds of dropout share: a mask of the input's shape, or of one with 1 along axes whose places are dropped together. */
export abstract class BaseDropout extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    rate: 'required',
    seed: 'optional',
  } satisfies OptionNames<BaseDropoutOptions>;
  override readonly supportsMasking = true;
  /** The share of numbers that are dropped. */
  readonly rate: number;
  /** Decides the masks, where it was given. */
  readonly seed: number | undefined;
  /** The shape of the mask, null for the input's size; undefined: the input's. */
  abstract readonly noiseShape: readonly (number | null)[] | undefined;

  constructor(options: BaseDropoutOptions) {
    super(options);
    const who = factoryName(new.target.name);
    this.rate = fraction(who, 'rate', options.rate);
    this.seed = options.seed == null ? undefined : seedOf(who, options.seed);
  }

  call(x: Sym, { training, key }: CallContext): Sym {
    if (!training || this.rate === 0) return x;
    return this.drop(x, maskOf(this.name, x, this.noiseShape), key);
  }

  /** @param mask A value of the mask's shape. */
  protected drop(x: Sym, mask: Sym, key: Sym | undefined): Sym {
    return dropped(x, mask, { rate: this.rate, ...drawing(x, key, this.seed) });
  }

  /** The rate, for a kind that divides by what is left of it. */
  protected rateBelowOne(): number {
    if (this.rate < 1) return this.rate;
    throw mismatch(this.name, 'a rate below 1 while training', '1');
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), rate: this.rate, seed: this.seed ?? null };
  }
}
