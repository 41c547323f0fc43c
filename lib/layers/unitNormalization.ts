import { type OptionNames, integers } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.unitNormalization` takes. */
export interface UnitNormalizationOptions extends LayerOptions {
  /** The axis or axes over which the sum of squares becomes 1. Default -1. */
  axis?: number | readonly number[];
}

const DEFAULTS = defaultsOf<UnitNormalizationOptions>()({ axis: -1 });

/** Vectors of length 1: made by `layers.unitNormalization`, which says more. */
export class UnitNormalization extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
  } satisfies OptionNames<UnitNormalizationOptions>;
  readonly className = 'UnitNormalization';
  override readonly supportsMasking = true;
  /** The axis or axes over which the sum of squares becomes 1. */
  readonly axis: number | Shape;

  constructor(given: UnitNormalizationOptions = {}) {
    super(given);
    const { axis } = withDefaults(given, DEFAULTS);
    integers('unitNormalization', 'axis', axis);
    this.axis = axis;
  }

  call(x: Sym): Sym {
    const squares = ops.sum(ops.square(x), { axis: this.axis, keepDims: true });
    // Keras's smallest length, 1e-12: zeros stay zeros.
    return ops.multiply(x, ops.rsqrt(ops.maximum(squares, 1e-24)));
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}

/**
 * x / √(sum of x² over an axis or axes), zeros where all are 0: float32 of any shape, to the same. It has no weights.
 * https://keras.io/api/layers/normalization_layers/unit_normalization/
 *
 * @throws EngineError `ATTRIBUTE` for an axis that is no integer, or, when applied, that is not there.
 * @example layers.unitNormalization();
 */
export const unitNormalization = (options?: UnitNormalizationOptions) => new UnitNormalization(options);
