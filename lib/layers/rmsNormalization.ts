import { type OptionNames, atLeastZero, integers } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { listOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { sizeOfAxis } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.rmsNormalization` takes. */
export interface RMSNormalizationOptions extends LayerOptions {
  /** The axis or axes over which each sample is normalized. Default -1. */
  axis?: number | readonly number[];
  /** Added to the mean of the squares, 0 or more. Default 1e-6. */
  epsilon?: number;
}

const DEFAULTS = defaultsOf<RMSNormalizationOptions>()({ axis: -1, epsilon: 1e-6 });

/** Divides each sample by the root of the mean of its squares: made by `layers.rmsNormalization`, which says more. */
export class RMSNormalization extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
    epsilon: 'optional',
  } satisfies OptionNames<RMSNormalizationOptions>;
  readonly className = 'RMSNormalization';
  /** The axis or axes over which each sample is normalized. */
  readonly axis: number | readonly number[];
  /** Added to the mean of the squares. */
  readonly epsilon: number;
  #scale!: Variable;

  constructor(given: RMSNormalizationOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.axis = options.axis;
    integers('rmsNormalization', 'axis', this.axis);
    this.epsilon = atLeastZero('rmsNormalization', 'epsilon', options.epsilon);
  }

  override build(inputShape: Shape): void {
    const { length } = inputShape;
    const axes = listOf(this.axis).map((axis) => (axis < 0 ? axis + length : axis));
    const shape = axes.sort((a, b) => a - b).map((axis) => sizeOfAxis('rmsNormalization', inputShape, axis));
    this.#scale = this.addWeight({ name: 'scale', shape, initializer: 'ones' });
  }

  call(x: Sym): Sym {
    return ops.rmsNormalization(x, {
      scale: x.trace.lift(this.#scale),
      axis: this.axis,
      epsilon: this.epsilon,
    });
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis, epsilon: this.epsilon };
  }
}

/**
 * scale · x / √(mean of x² + epsilon), the mean over the last axis of each sample, or the axes that are named: float32 [n, ...], to the
 * same. Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467, https://keras.io/api/layers/normalization_layers/rms_normalization/
 *
 * Weights: scale, float32 of the sizes of these axes.
 *
 * @throws EngineError `ARGUMENT` for an epsilon below 0; `SHAPE`, when applied, for an axis that is not there.
 * @example layers.rmsNormalization();
 */
export const rmsNormalization = (options?: RMSNormalizationOptions) => new RMSNormalization(options);
