import { type FileHandle, open } from 'node:fs/promises';
import { checkList, expected } from '../../base/checks.js';
import { EngineError } from '../../base/errors.js';
import { listOf } from '../../base/list.js';
import { reasonOf } from '../../base/wholeFile.js';

/** The error of a file that cannot be read or written. */
export const readError = (who: string, file: string, cause: unknown): EngineError =>
  cause instanceof EngineError
    ? cause
    : new EngineError('IO', `[${who}] ${file}: ${reasonOf(cause)}`, { cause });

/** What an action on a file gives. @throws EngineError `IO` that names the file. */
export async function withFile<T>(who: string, file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw readError(who, file, cause);
  }
}

/** Opens a file to read it. @throws EngineError `IO` that names the file. */
export const openFile = (who: string, file: string): Promise<FileHandle> =>
  withFile(who, file, () => open(file, 'r'));

/**
 * Reads bytes of a file until the array is full or the file ends.
 *
 * @param at The place in the array from which on it is filled.
 * @param position The place in the file; null where the last read ended.
 * @returns How many bytes were read.
 */
export async function readInto(
  who: string,
  file: string,
  handle: FileHandle,
  bytes: Uint8Array,
  at = 0,
  position: number | null = null,
): Promise<number> {
  let done = at;
  while (done < bytes.length) {
    const from = position === null ? null : position + done - at;
    const { bytesRead } = await withFile(who, file, () =>
      handle.read(bytes, done, bytes.length - done, from),
    );
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done - at;
}

/** Where a text begins: after the mark of UTF-8 that some programs write. */
export const textStart = (bytes: Uint8Array): number =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;

/** Paths of files, one or several. @throws EngineError `ARGUMENT`. */
export function filesOf(who: string, files: unknown): readonly string[] {
  const list = listOf<unknown>(files);
  checkList(who, 'paths of files', list);
  for (const file of list)
    if (typeof file !== 'string' || file === '') throw expected(who, 'the path of a file', file);
  return list as string[];
}
