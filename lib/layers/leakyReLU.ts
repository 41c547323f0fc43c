import type { OptionNames } from '../checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Layer, type LayerOptions } from './layer.js';

export interface LeakyReLUOptions extends LayerOptions {
  /** The slope below 0. Default 0.3. */
  negativeSlope?: number;
}

/** x above 0, negativeSlope · x below. https://keras.io/api/layers/activation_layers/leaky_relu/ */
export class LeakyReLU extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    negativeSlope: 'optional',
  } satisfies OptionNames<LeakyReLUOptions>;
  readonly className = 'LeakyReLU';
  readonly negativeSlope: number;

  constructor(options: LeakyReLUOptions = {}) {
    super(options);
    this.negativeSlope = options.negativeSlope ?? 0.3;
  }

  call(x: Sym): Sym {
    return ops.leakyRelu(x, { negativeSlope: this.negativeSlope });
  }

  override getConfig() {
    return { ...super.getConfig(), negativeSlope: this.negativeSlope };
  }
}

/** See {@link LeakyReLU}. @example layers.leakyReLU() */
export const leakyReLU = (options?: LeakyReLUOptions) => new LeakyReLU(options);
