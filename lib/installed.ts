import { existsSync } from 'node:fs';
// The default export: webpack reads calls of an imported createRequire and warns where it can't follow them.
import module from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The folder of this file: lib/, or dist/ where it is part of dist/index.cjs. A bundler puts the code into a file of the application,
 * whose place tells nothing: dist/bundle.mjs, which bundlers take, has none.
 */
const here = import.meta.dirname as string | undefined;

/** The folder of this package, where its code is not part of a bundle. */
export const ownFolder = here !== undefined && isPackage(dirname(here)) ? dirname(here) : undefined;

export function isPackage(folder: string): boolean {
  return existsSync(join(folder, 'package.json'));
}

/** The folder of an npm package as a program in one of these folders finds it; the first that finds it counts. */
export function installedFolder(name: string, from: readonly (string | undefined)[]): string | undefined {
  const file = installedFile(`${name}/package.json`, from);
  return file === undefined ? undefined : dirname(file);
}

/** The same for a file that a package lets programs see. */
export function installedFile(name: string, from: readonly (string | undefined)[]): string | undefined {
  for (const folder of from) {
    if (folder === undefined) continue;
    try {
      return module.createRequire(join(folder, 'any.js')).resolve(name);
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}
