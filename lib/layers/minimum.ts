import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The smallest of two or more inputs, number by number: made by `layers.minimum`, which says more. */
export class Minimum extends Merge {
  readonly className = 'Minimum';

  protected combine(a: Sym, b: Sym): Sym {
    return ops.minimum(a, b);
  }
}

/**
 * The smallest of two or more inputs, number by number: a list of [n, ...] to [n, ...]. Inputs of lower rank get axes of size 1 after
 * the batch; then they broadcast as numpy does. It has no weights. https://keras.io/api/layers/merging_layers/minimum/
 *
 * @throws EngineError, when applied, `ARGUMENT` for one input, `SHAPE` for shapes that do not broadcast.
 * @example
 *     const a = layers.input({ shape: [2] });
 *     const b = layers.input({ shape: [2] });
 *     layers.minimum().apply([a, b]);
 */
export const minimum = (options?: LayerOptions) => new Minimum(options);
