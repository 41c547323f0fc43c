import type { Sym } from '../core/sym.js';

/**
 * A number that training adds to the loss for a weight, or for what a layer puts out. A subclass writes `call` with the ops.
 * https://keras.io/api/layers/regularizers/
 *
 * @example
 *     class Cubes extends regularizers.Regularizer {
 *       readonly className = 'Cubes';
 *       call(x: Sym) {
 *         return ops.multiply(ops.sum(ops.power(ops.abs(x), 3)), 0.01);
 *       }
 *     }
 *     layers.dense({ units: 2, kernelRegularizer: new Cubes() });
 */
export abstract class Regularizer {
  /** The names of the options that the class takes, each `required`, `optional` or `boolean`: others are errors. */
  static readonly optionNames: object = {};
  /** The name in configurations: that of the class. */
  abstract readonly className: string;

  /**
   * What is added to the loss.
   *
   * @param x float32 of any shape.
   * @returns float32 [].
   */
  abstract call(x: Sym): Sym;

  /** The arguments that make an equal regularizer. */
  getConfig(): Record<string, unknown> {
    return {};
  }
}
