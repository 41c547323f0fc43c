import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The sum of two or more inputs. https://keras.io/api/layers/merging_layers/add/ */
export class Add extends Merge {
  readonly className = 'Add';

  protected combine(a: Sym, b: Sym): Sym {
    return ops.add(a, b);
  }
}

/** See {@link Add}. @example layers.add().apply([a, b]) */
export const add = (options?: LayerOptions) => new Add(options);
