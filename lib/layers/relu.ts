import type { OptionNames } from '../base/checks.js';
import * as activations from '../activations/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.relu` takes. */
export interface ReLUOptions extends LayerOptions {
  /** Where the output ends. Default nowhere. */
  maxValue?: number | null;
  /** The slope below the threshold. Default 0. */
  negativeSlope?: number;
  /** Where the output begins. Default 0. */
  threshold?: number;
}

/** A rectified linear unit: made by `layers.relu`, which says more. */
export class ReLU extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    maxValue: 'optional',
    negativeSlope: 'optional',
    threshold: 'optional',
  } satisfies OptionNames<ReLUOptions>;
  readonly className = 'ReLU';
  override readonly supportsMasking = true;
  /** Where the output ends; null: nowhere. */
  readonly maxValue: number | null;
  /** The slope below the threshold. */
  readonly negativeSlope: number;
  /** Where the output begins. */
  readonly threshold: number;

  constructor(options: ReLUOptions = {}) {
    super(options);
    this.maxValue = options.maxValue ?? null;
    this.negativeSlope = options.negativeSlope ?? 0;
    this.threshold = options.threshold ?? 0;
  }

  call(x: Sym): Sym {
    const { maxValue, negativeSlope, threshold } = this;
    return activations.relu(x, { maxValue, negativeSlope, threshold });
  }

  override getConfig() {
    const { maxValue, negativeSlope, threshold } = this;
    return { ...super.getConfig(), maxValue, negativeSlope, threshold };
  }
}

/**
 * x above the threshold, negativeSlope · (x − threshold) below it, at most maxValue: float32 of any shape, to the same. By default
 * max(x, 0). It has no weights. https://keras.io/api/layers/activation_layers/relu/
 *
 * @example layers.relu({ maxValue: 6 });
 */
export const relu = (options?: ReLUOptions) => new ReLU(options);
