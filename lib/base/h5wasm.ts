import { mismatch } from './checks.js';
import { loadPeer } from './peer.js';
import { reasonOf } from './wholeFile.js';

/**
 * The package h5wasm, ready to be used: the build for files in memory, or the one for files of the disk.
 *
 * @param who What needs it, for messages.
 * @throws EngineError `STATE` where it is not installed.
 */
export async function loadH5wasm(who: string, entry: 'h5wasm' | 'h5wasm/node'): Promise<unknown> {
  const library = (await loadPeer(who, 'h5wasm', entry)) as {
    readonly ready: Promise<{ activate_throwing_error_handler(): number }>;
  };
  try {
    // Else errors are printed and numbers below 0 come back.
    (await library.ready).activate_throwing_error_handler();
  } catch (cause) {
    // WebAssembly that has failed once, on a broken file, does not recover.
    throw mismatch(who, 'h5wasm to work', `${reasonOf(cause)}: start the process anew`, 'STATE', { cause });
  }
  return library;
}
