import { wrongShape } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** All axes but the batch in one: made by `layers.flatten`, which says more. */
export class Flatten extends Layer {
  readonly className = 'Flatten';

  call(x: Sym): Sym {
    const size = x.shape.slice(1).reduce((product, n) => (n < 0 || product < 0 ? -1 : product * n), 1);
    if (size < 0) {
      throw wrongShape(this.name, 'an input whose axes but the first are known', x.shape);
    }
    return ops.reshape(x, [-1, size]);
  }
}

/**
 * All axes but the batch in one: [n, a, b, …] to [n, a · b · …], of any dtype. It has no weights.
 * https://keras.io/api/layers/reshaping_layers/flatten/
 *
 * @throws EngineError `SHAPE`, when applied, where an axis but the first is not known.
 * @example layers.flatten();
 */
export const flatten = (options?: LayerOptions) => new Flatten(options);
