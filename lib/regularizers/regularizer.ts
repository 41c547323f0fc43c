import type { Sym } from '../sym.js';

/**
 * A number that training adds to the loss for a weight, or for what a layer puts out. A subclass writes `call` with the ops.
 * https://keras.io/api/layers/regularizers/
 */
export abstract class Regularizer {
  /** The name in configurations. */
  abstract readonly className: string;

  /**
   * @param x float32 of any shape.
   * @returns float32 [].
   */
  abstract call(x: Sym): Sym;

  /** The arguments that make an equal regularizer. */
  getConfig(): Record<string, unknown> {
    return {};
  }
}
