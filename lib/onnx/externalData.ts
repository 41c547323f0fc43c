import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { mismatch } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { fileError, reasonOf } from '../base/wholeFile.js';
import type { ReadExternal } from './tensors.js';

/**
 * Reads the numbers of tensors that are in files next to the model's. Only files below the model's folder are read, also where a link
 * leads elsewhere.
 *
 * @param path The model's file; undefined where there is none: then other files are refused.
 */
export function externalData(who: string, path: string | undefined): ReadExternal {
  return (entries, bytes) => {
    const text = (key: string) => entries.find((entry) => entry.key === key)?.value;
    const location = text('location') ?? '';
    if (path === undefined)
      throw mismatch(
        who,
        `the path of the model's file, since numbers are in the file '${location}' next to it`,
        'bytes',
        'IO',
      );
    const offset = countOf(who, path, 'offset', text('offset') ?? '0');
    const length = countOf(who, path, 'length', text('length') ?? String(bytes));
    if (length !== bytes) throw fileError(who, path, `${bytes} bytes in '${location}'`, `${length}`);
    return readPart(who, fileWithin(who, path, location), offset, bytes);
  };
}

function countOf(who: string, path: string, what: string, text: string): number {
  const count = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(count)) return count;
  throw fileError(who, path, `a whole number as ${what} of external data`, `'${text.slice(0, 40)}'`);
}

/** The path of a file below the folder of the model's. */
function fileWithin(who: string, path: string, location: string): string {
  try {
    const folder = realpathSync(dirname(path));
    const file = realpathSync(join(folder, location));
    if (location !== '' && file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return file;
  } catch (cause) {
    throw fileError(who, path, `its numbers in the file '${location}'`, reasonOf(cause), cause);
  }
  throw fileError(who, path, 'numbers in files below its own folder', `'${location}'`);
}

function readPart(who: string, file: string, offset: number, length: number): Uint8Array {
  let handle: number | undefined;
  try {
    handle = openSync(file, 'r');
    const stat = fstatSync(handle);
    if (!stat.isFile() || offset + length > stat.size)
      throw fileError(who, file, `${offset + length} bytes`, String(stat.size));
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const read = readSync(handle, bytes, done, Math.min(length - done, 1 << 30), offset + done);
      if (read === 0) throw fileError(who, file, `${offset + length} bytes`, `${offset + done}`);
      done += read;
    }
    return bytes;
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw fileError(who, file, 'a file that can be read', reasonOf(cause), cause);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
