import type { OptionNames } from '../checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Layer, type LayerOptions } from './layer.js';

export interface SoftmaxOptions extends LayerOptions {
  /** Default -1. */
  axis?: number;
}

/** Positive numbers that add up to 1 along an axis. https://keras.io/api/layers/activation_layers/softmax/ */
export class Softmax extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
  } satisfies OptionNames<SoftmaxOptions>;
  readonly className = 'Softmax';
  readonly axis: number;

  constructor(options: SoftmaxOptions = {}) {
    super(options);
    this.axis = options.axis ?? -1;
  }

  call(x: Sym): Sym {
    return ops.softmax(x, { axis: this.axis });
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}

/** See {@link Softmax}. @example layers.softmax() */
export const softmax = (options?: SoftmaxOptions) => new Softmax(options);
