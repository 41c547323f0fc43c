import type { Sym } from '../core/sym.js';
import { type CallContext, Layer } from './layer.js';

/**
 * A layer of several inputs: its `build`, `call` and `computeMask` always get lists, for one input a list of one. Those of other layers get
 * a list only where there are several. https://keras.io/api/layers/base_layer/
 *
 * @example
 *     class Blend extends layers.MultiInputLayer {
 *       readonly className = 'Blend';
 *       call([a, b]: readonly [Sym, Sym]) {
 *         return ops.add(ops.multiply(a, 0.9), ops.multiply(b, 0.1));
 *       }
 *     }
 *     const [a, b] = [layers.input({ shape: [3] }), layers.input({ shape: [3] })];
 *     new Blend().apply([a, b]); // [n, 3]
 */
export abstract class MultiInputLayer extends Layer {
  /** @internal */
  override get takesLists(): boolean {
    return true;
  }

  /**
   * What the layer does, as `call` of {@link Layer}.
   *
   * @param inputs One at least.
   */
  abstract override call(inputs: readonly [Sym, ...Sym[]], context: CallContext): Sym | readonly Sym[];
}
