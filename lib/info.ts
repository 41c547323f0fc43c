import { type EngineInfo, engine } from './engine.js';

/**
 * The state of the native engine: device, instruction set, threads, live tensors and bytes.
 *
 * @param options `threads`: sets the size of the engine's team first, from 1 to the number of processors that the process
 *   may use (its affinity and its container's quota, which is also the default).
 * @throws EngineError `ARGUMENT` for another number.
 * @example getEngineInfo().threads;
 */
export function getEngineInfo(options?: { threads?: number }): EngineInfo {
  return engine().info(options);
}
