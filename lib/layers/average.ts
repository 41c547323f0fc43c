import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The mean of two or more inputs, number by number: made by `layers.average`, which says more. */
export class Average extends Merge {
  readonly className = 'Average';

  protected combine(a: Sym, b: Sym): Sym {
    return ops.add(a, b);
  }

  override call(xs: readonly Sym[]): Sym {
    return ops.divide(super.call(xs), xs.length);
  }
}

/**
 * The mean of two or more inputs, number by number: a list of [n, ...] to [n, ...]. Inputs of lower rank get axes of size 1 after the
 * batch; then they broadcast as numpy does. It has no weights. https://keras.io/api/layers/merging_layers/average/
 *
 * @throws EngineError, when applied, `ARGUMENT` for one input, `SHAPE` for shapes that do not broadcast.
 * @example
 *     const a = layers.input({ shape: [2] });
 *     const b = layers.input({ shape: [2] });
 *     layers.average().apply([a, b]);
 */
export const average = (options?: LayerOptions) => new Average(options);
