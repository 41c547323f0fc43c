import { listOf } from '../list.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The mean of two or more inputs. https://keras.io/api/layers/merging_layers/average/ */
export class Average extends Merge {
  readonly className = 'Average';

  protected combine(a: Sym, b: Sym): Sym {
    return ops.add(a, b);
  }

  override call(xs: Sym | readonly Sym[]): Sym {
    return ops.div(super.call(xs), listOf(xs).length);
  }
}

/** See {@link Average}. @example layers.average().apply([a, b]) */
export const average = (options?: LayerOptions) => new Average(options);
