import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** Passes its input on: made by `layers.identity`, which says more. */
export class Identity extends Layer {
  readonly className = 'Identity';
  override readonly supportsMasking = true;

  call<X extends Sym | readonly Sym[]>(x: X): X {
    return x;
  }
}

/**
 * Passes its input on: any dtype and shape, to the same; a list of inputs to a list of outputs. It has no weights.
 * https://keras.io/api/layers/core_layers/identity/
 *
 * @example layers.identity();
 */
export const identity = (options?: LayerOptions) => new Identity(options);
