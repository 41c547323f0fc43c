// Files that are whole or not there: they are written next to their place and renamed.
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pid } from 'node:process';
import { types } from 'node:util';
import { EngineError } from './errors.js';

/** What failed, in words. */
export const reasonOf = (cause: unknown): string =>
  types.isNativeError(cause) ? cause.message : String(cause);

/** The error of a file that cannot be read, or holds something else than it should. */
export function fileError(who: string, path: string, what: string, received: string, cause?: unknown) {
  return new EngineError('IO', `[${who}] ${path}: expected ${what}, received ${received}`, { cause });
}

/** Does something with the file system; failures become an EngineError `IO`. @internal */
export async function attempt<T>(
  who: string,
  path: string,
  what: string,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw fileError(who, path, what, reasonOf(cause), cause);
  }
}

/** The bytes of a file. @throws EngineError `IO`. */
export const readWhole = (who: string, path: string): Promise<Uint8Array> =>
  withFile(who, path, async (file) => readAt(who, path, file, 0, (await file.stat()).size));

/** Opens a file to read it, and closes it. @throws EngineError `IO`. */
export function withFile<T>(who: string, path: string, read: (file: FileHandle) => Promise<T>): Promise<T> {
  return attempt(who, path, 'a file that can be read', async () => {
    const file = await open(path, 'r');
    try {
      return await read(file);
    } finally {
      await file.close();
    }
  });
}

/** What bytes of JSON say. @param part Their place in the file, in words. @throws EngineError `IO` where they are none. */
export function readJson(who: string, path: string, part: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fileError(who, path, `JSON in ${part}`, reasonOf(cause), cause);
  }
}

/** At most what one read takes: Node's limit is 2 GiB. */
const PIECE = 1 << 30;

/** So many bytes of a file from a place on. @throws EngineError `IO` where there are fewer. */
export async function readAt(
  who: string,
  path: string,
  file: FileHandle,
  from: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, Math.min(PIECE, length - done), from + done);
    if (bytesRead === 0)
      throw fileError(who, path, `${from + length} bytes`, `${from + done}: the file was cut`);
    done += bytesRead;
  }
  return bytes;
}

/**
 * Writes a file in one step: whatever happens, also to the process, the place holds the whole new file or what was there before.
 *
 * @param parts The bytes, one after another.
 * @throws EngineError `IO`, for instance for a full disk or a folder that may not be written to.
 */
export async function writeWhole(
  who: string,
  path: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const folder = dirname(path);
  const made = join(folder, `.${basename(path)}.${pid}.${randomBytes(4).toString('hex')}.tmp`);
  await attempt(who, path, 'a file that can be written', async () => {
    await dropLeftOver(folder, basename(path));
    try {
      const file = await open(made, 'wx');
      try {
        for await (const part of parts) await writeAll(file, part);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(made, path);
    } catch (error) {
      await rm(made, { force: true }).catch(() => undefined);
      throw error;
    }
    await syncFolder(folder);
  });
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length)
    done += (await file.write(bytes, done, Math.min(PIECE, bytes.length - done))).bytesWritten;
}

/**
 * Adds bytes to the end of a file, all or none: what was written of them before the disk was full is cut off again.
 *
 * @throws EngineError `IO`.
 */
export async function appendWhole(
  who: string,
  path: string,
  file: FileHandle,
  bytes: Uint8Array | string,
): Promise<void> {
  await attempt(who, path, 'a file that can be written', async () => {
    const { size } = await file.stat();
    try {
      await file.appendFile(bytes);
    } catch (error) {
      await file.truncate(size).catch(() => undefined);
      throw error;
    }
  });
}

/** Removes what processes have left that ended while they wrote. */
async function dropLeftOver(folder: string, name: string): Promise<void> {
  const begin = `.${name}.`;
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(begin)) continue;
    const writer = /^(\d+)\.[0-9a-f]{8}\.tmp$/.exec(entry.slice(begin.length))?.[1];
    if (writer !== undefined && !isAlive(Number(writer)))
      await rm(join(folder, entry), { force: true }).catch(() => undefined);
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0); // asks only
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Makes a rename last. Not all systems can do it with a folder. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    if (
      !['EISDIR', 'EPERM', 'EINVAL', 'EACCES', 'ENOTSUP'].includes(
        (error as NodeJS.ErrnoException).code ?? '',
      )
    )
      throw error;
  } finally {
    await handle?.close();
  }
}
