import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { mismatch } from '../base/checks.js';
import { installedFolder, ownFolder } from '../installed.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The files of the page by their paths: `index.html` and what it loads. @throws EngineError `STATE` where it was not built. */
export async function readPage(who: string): Promise<ReadonlyMap<string, PageFile>> {
  const root = ownFolder ?? installedFolder('nodegrad', [dirname(process.argv[1] ?? ''), process.cwd()]);
  const folder = join(root ?? '', 'dist/board');
  if (root === undefined || !existsSync(join(folder, 'index.html')))
    throw mismatch(who, `the page in ${folder}`, 'none: in a clone, npm run build:web makes it', 'STATE');
  const names = (await readdir(folder, { recursive: true })).filter((name) => extname(name) in TYPES);
  const files = names.map(async (name): Promise<[string, PageFile]> => [
    name.replaceAll('\\', '/'),
    { type: TYPES[extname(name)]!, bytes: await readFile(join(folder, name)) },
  ]);
  return new Map(await Promise.all(files));
}
