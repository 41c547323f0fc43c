import { type OptionNames, axisNumber, integers } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.softmax` takes. */
export interface SoftmaxOptions extends LayerOptions {
  /** Along which axis, or over which axes together, the batch being 0; negative ones count from the end. Default -1. */
  axis?: number | readonly number[];
}

const DEFAULTS = defaultsOf<SoftmaxOptions>()({ axis: -1 });

/** Probabilities along an axis: made by `layers.softmax`, which says more. */
export class Softmax extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
  } satisfies OptionNames<SoftmaxOptions>;
  readonly className = 'Softmax';
  override readonly supportsMasking = true;
  /** Along which axis, or over which. */
  readonly axis: number | readonly number[];

  constructor(given: SoftmaxOptions = {}) {
    super(given);
    const { axis } = withDefaults(given, DEFAULTS);
    this.axis = Array.isArray(axis) ? integers('softmax', 'axis', axis) : axisNumber('softmax', axis);
  }

  call(x: Sym): Sym {
    return ops.softmax(x, { axis: this.axis });
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}

/**
 * eˣ divided by its sum along an axis, positive numbers that add up to 1: float32 of any shape, to the same. It has no weights.
 * https://keras.io/api/layers/activation_layers/softmax/
 *
 * @throws EngineError `ARGUMENT` for an axis that is no integer; `ATTRIBUTE`, when applied, for one that is not there.
 * @example layers.softmax();
 */
export const softmax = (options?: SoftmaxOptions) => new Softmax(options);
