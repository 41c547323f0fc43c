import { mismatch } from './checks.js';
import { EngineError } from './errors.js';

/**
 * An optional package, loaded when it is needed first.
 *
 * @param who What needs it, for messages.
 * @param entry What is imported of it. Default: the package itself.
 * @throws EngineError `STATE` that says how to install it.
 */
export async function loadPeer(who: string, name: string, entry = name): Promise<unknown> {
  try {
    // The entry is no literal, so that bundlers leave the package out.
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ entry);
  } catch (cause) {
    throw missingPackage(who, name, { cause });
  }
}

/** The error of a package that is not installed. */
export const missingPackage = (who: string, name: string, options?: ErrorOptions): EngineError =>
  mismatch(who, `the package ${name}`, `none: npm install ${name}`, 'STATE', options);
