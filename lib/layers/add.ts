import { EngineError } from '../errors.js';
import { listOf } from '../list.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** The sum of two or more inputs. https://keras.io/api/layers/merging_layers/add/ */
export class Add extends Layer {
  readonly className = 'Add';

  call(xs: Sym | readonly Sym[]): Sym {
    const list = listOf(xs);
    if (list.length < 2)
      throw new EngineError('ARGUMENT', `expected two or more inputs, received ${list.length}`);
    return list.reduce((sum, x) => ops.add(sum, x));
  }
}

/** See {@link Add}. @example layers.add().apply([a, b]) */
export const add = (options?: LayerOptions) => new Add(options);
