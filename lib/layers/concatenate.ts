import { type OptionNames, axisNumber } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import { withRank } from '../ops/withRank.js';
import { apply } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';
import { MultiInputLayer } from './multiInputLayer.js';

/** What `layers.concatenate` takes. */
export interface ConcatenateOptions extends LayerOptions {
  /** Along which axis, the batch being 0; negative ones count from the end. Default -1. */
  axis?: number;
}

const DEFAULTS = defaultsOf<ConcatenateOptions>()({ axis: -1 });

/** Several inputs one after another: made by `layers.concatenate`, which says more. */
export class Concatenate extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
  } satisfies OptionNames<ConcatenateOptions>;
  readonly className = 'Concatenate';
  /** Along which axis. */
  readonly axis: number;

  constructor(given: ConcatenateOptions = {}) {
    super(given);
    this.axis = axisNumber('concatenate', withDefaults(given, DEFAULTS).axis);
  }

  call(xs: readonly Sym[]): Sym {
    return ops.concatenate(xs, { axis: this.axis });
  }

  /** A step counts where it does in one of the inputs; joined along the steps where the inputs are, as in Keras. */
  override computeMask(inputs: readonly Sym[], masks: readonly (Sym | undefined)[]): Sym | undefined {
    if (masks.every((mask) => !mask)) return undefined;
    const full = inputs.map((x, i) => {
      const mask = masks[i];
      const everywhere = ops.cast(apply<number | Sym>('broadcastLike', [1, x]), 'bool');
      return mask ? ops.logicalAnd(withRank(mask, x.rank), everywhere) : everywhere;
    });
    const joined = ops.cast(ops.concatenate(full, { axis: this.axis }), 'float32');
    return ops.greater(ops.max(joined, { axis: -1 }), 0);
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}

/**
 * Several inputs one after another along an axis: [n, 2] and [n, 3] to [n, 5]. All other sizes must be the same. It has no weights.
 * https://keras.io/api/layers/merging_layers/concatenate/
 *
 * @throws EngineError `ARGUMENT` for an axis that is no integer; when applied, `SHAPE` for sizes that differ, `ATTRIBUTE` for an axis that
 *   is not there.
 * @example
 *     const a = layers.input({ shape: [2] });
 *     const b = layers.input({ shape: [3] });
 *     layers.concatenate().apply([a, b]);
 */
export const concatenate = (options?: ConcatenateOptions) => new Concatenate(options);
