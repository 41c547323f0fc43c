import { KerasTensor } from '../core/kerasTensor.js';

/**
 * Whether x is the output of a layer in a model that is being put together: it has a shape and a dtype, but no numbers.
 * https://keras.io/api/utils/
 *
 * @example utils.isKerasTensor(layers.input({ shape: [2] }).output); // true
 */
export const isKerasTensor = (x: unknown): x is KerasTensor => x instanceof KerasTensor;
