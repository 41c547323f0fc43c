import { knownOptions, type OptionNames } from '../base/checks.js';
import { type EngineInfo, engine } from './engine.js';

/** What {@link getEngineInfo} takes. */
export interface EngineInfoOptions {
  /** The size of the engine's team of threads from now on. Default: as it is. */
  threads?: number;
}

const names = { threads: 'optional' } satisfies OptionNames<EngineInfoOptions>;

/**
 * The state of the native engine: devices, instruction set, threads, live tensors and bytes.
 *
 * @param options `threads`: sets the size of the engine's team first, from 1 to the number of processors that the process
 *   may use: the least of its affinity, its container's quota and `OMP_THREAD_LIMIT`. The default is that number, or
 *   `OMP_NUM_THREADS` where it is less. Where the system lets the process start fewer threads, the team is smaller, and
 *   `threads` in the result says so once it is made.
 * @throws EngineError `ARGUMENT` for another number.
 * @example getEngineInfo().threads;
 */
export function getEngineInfo(options?: EngineInfoOptions): EngineInfo {
  knownOptions('getEngineInfo', options, names);
  return engine().info(options);
}
