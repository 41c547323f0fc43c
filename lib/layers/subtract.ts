import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The first of two inputs minus the second. https://keras.io/api/layers/merging_layers/subtract/ */
export class Subtract extends Merge {
  readonly className = 'Subtract';
  protected override readonly isBinary = true;

  protected combine(a: Sym, b: Sym): Sym {
    return ops.sub(a, b);
  }
}

/** See {@link Subtract}. @example layers.subtract().apply([a, b]) */
export const subtract = (options?: LayerOptions) => new Subtract(options);
