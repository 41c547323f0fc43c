import { EngineError } from './errors.js';

/**
 * An optional package, loaded when it is needed first.
 *
 * @param who What needs it, for messages.
 * @throws EngineError `STATE` that says how to install it.
 */
export async function loadPeer(who: string, name: string): Promise<unknown> {
  try {
    // The name is no literal, so that bundlers leave the package out.
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  } catch (cause) {
    const message = `[${who}] expected the package ${name}, received none: npm install ${name}`;
    throw new EngineError('STATE', message, { cause });
  }
}
