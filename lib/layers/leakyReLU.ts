import { type OptionNames, finite } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.leakyReLU` takes. */
export interface LeakyReLUOptions extends LayerOptions {
  /** The slope below 0. Default 0.3; of the activation 'leakyRelu' it is 0.2, as in Keras. */
  negativeSlope?: number;
}

const DEFAULTS = defaultsOf<LeakyReLUOptions>()({ negativeSlope: 0.3 });

/** A rectified linear unit with a slope below 0: made by `layers.leakyReLU`, which says more. */
export class LeakyReLU extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    negativeSlope: 'optional',
  } satisfies OptionNames<LeakyReLUOptions>;
  readonly className = 'LeakyReLU';
  override readonly supportsMasking = true;
  /** The slope below 0. */
  readonly negativeSlope: number;

  constructor(given: LeakyReLUOptions = {}) {
    super(given);
    const { negativeSlope } = withDefaults(given, DEFAULTS);
    this.negativeSlope = finite('leakyReLU', 'negativeSlope', negativeSlope);
  }

  call(x: Sym): Sym {
    return ops.leakyRelu(x, { negativeSlope: this.negativeSlope });
  }

  override getConfig() {
    return { ...super.getConfig(), negativeSlope: this.negativeSlope };
  }
}

/**
 * x above 0, negativeSlope · x below: float32 of any shape, to the same. It has no weights.
 * https://keras.io/api/layers/activation_layers/leaky_relu/
 *
 * @throws EngineError `ARGUMENT` for a slope that is no finite number.
 * @example layers.leakyReLU({ negativeSlope: 0.1 });
 */
export const leakyReLU = (options?: LeakyReLUOptions) => new LeakyReLU(options);
