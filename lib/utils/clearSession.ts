import { setDtypePolicy } from '../core/dtypePolicy.js';
import { Operation } from '../core/operation.js';

/**
 * Sets back what the library keeps between models: the next dense layer is called `dense` again, and the dtype policy is `float32`.
 * Layers that were made before keep their names and policies; seeds and registered objects stay, as in Keras.
 * https://keras.io/api/utils/config_utils/#clear_session-function
 *
 * Memory needs no such call: what is not reachable any more is freed by the garbage collector, or at once by `dispose`.
 *
 * @example
 *     utils.clearSession();
 *     console.log(layers.dense({ units: 1 }).name); // dense
 */
export function clearSession(): void {
  Operation.restartNames();
  setDtypePolicy('float32');
}
