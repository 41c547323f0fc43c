import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The first of two inputs minus the second: made by `layers.subtract`, which says more. */
export class Subtract extends Merge {
  readonly className = 'Subtract';
  protected override readonly isBinary = true;

  protected combine(a: Sym, b: Sym): Sym {
    return ops.subtract(a, b);
  }
}

/**
 * The first of two inputs minus the second, number by number: two of [n, ...] to [n, ...]. The one of lower rank gets axes of size 1
 * after the batch; then they broadcast as numpy does. It has no weights. https://keras.io/api/layers/merging_layers/subtract/
 *
 * @throws EngineError, when applied, `ARGUMENT` for another number of inputs, `SHAPE` for shapes that do not broadcast.
 * @example
 *     const a = layers.input({ shape: [2] });
 *     const b = layers.input({ shape: [2] });
 *     layers.subtract().apply([a, b]);
 */
export const subtract = (options?: LayerOptions) => new Subtract(options);
