import { expected } from '../base/checks.js';
import { engine } from '../engine/engine.js';

/**
 * Calls a function and gives what it returns, for programs written for TensorFlow.js. It frees nothing: tensors that are not reachable
 * any more are freed by the garbage collector, and at once by `dispose` and `using`. The function may also be asynchronous.
 * https://js.tensorflow.org/api/latest/#tidy
 *
 * @param run The function.
 * @throws EngineError `ARGUMENT` for what is no function.
 * @example const y = tidy(() => ops.square(x));
 */
export function tidy<T>(run: () => T): T;
/** The same with a name first, which says what the function does; nothing depends on it. */
export function tidy<T>(name: string, run: () => T): T;
export function tidy<T>(nameOrRun: string | (() => T), run?: () => T): T {
  const named = typeof nameOrRun === 'string';
  if (!named && run !== undefined) throw expected('tidy', 'a name before the function', nameOrRun);
  const body: unknown = named ? run : nameOrRun;
  if (typeof body !== 'function') throw expected('tidy', 'a function', body);
  return (body as () => T)();
}

/** What {@link memory} gives. */
export interface MemoryInfo {
  /** Tensors alive in this environment, those included that the garbage collector has not freed yet. */
  readonly numTensors: number;
  /** Bytes of all native buffers of the process: of tensors, and of what programs keep for their steps. */
  readonly numBytes: number;
}

/**
 * How much the engine holds, under TensorFlow.js's names; `getEngineInfo` tells more. Buffers are not counted one by one, so that there is
 * no `numDataBuffers`. https://js.tensorflow.org/api/latest/#memory
 *
 * @example memory().numTensors;
 */
export function memory(): MemoryInfo {
  const { tensors, bytes } = engine().info();
  return { numTensors: tensors, numBytes: bytes };
}
