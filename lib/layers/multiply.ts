import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The product of two or more inputs, number by number: made by `layers.multiply`, which says more. */
export class Multiply extends Merge {
  readonly className = 'Multiply';

  protected combine(a: Sym, b: Sym): Sym {
    return ops.multiply(a, b);
  }
}

/**
 * The product of two or more inputs, number by number: a list of [n, ...] to [n, ...]. Inputs of lower rank get axes of size 1 after
 * the batch; then they broadcast as numpy does. It has no weights. https://keras.io/api/layers/merging_layers/multiply/
 *
 * @throws EngineError, when applied, `ARGUMENT` for one input, `SHAPE` for shapes that do not broadcast.
 * @example
 *     const a = layers.input({ shape: [2] });
 *     const b = layers.input({ shape: [2] });
 *     layers.multiply().apply([a, b]);
 */
export const multiply = (options?: LayerOptions) => new Multiply(options);
