import { type OptionNames, finite } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
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

const DEFAULTS = defaultsOf<ReLUOptions>()({ maxValue: null, negativeSlope: 0, threshold: 0 });

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

  constructor(given: ReLUOptions = {}) {
    super(given);
    const { maxValue, negativeSlope, threshold } = withDefaults(given, DEFAULTS);
    this.maxValue = maxValue === null ? null : finite('relu', 'maxValue', maxValue);
    this.negativeSlope = finite('relu', 'negativeSlope', negativeSlope);
    this.threshold = finite('relu', 'threshold', threshold);
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
 * @throws EngineError `ARGUMENT` for what is no finite number.
 * @example layers.relu({ maxValue: 6 });
 */
export const relu = (options?: ReLUOptions) => new ReLU(options);
