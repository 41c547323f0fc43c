import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { types } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { isPlainObject } from '../base/checks.js';
import { fileError, readAt } from '../base/wholeFile.js';
import { NDArray, type NDArrayData, type NDArrayType } from '../core/ndarray.js';
import { withoutTensors } from './elements.js';
import { readError, withFile } from './files/open.js';

const WHO = 'Dataset.cache';

// A cache is a line that names the format, then for each element its length (uint32, little-endian) and its bytes in V8's form, at the
// end the length of all ones.
const HEAD = new TextEncoder().encode('nodegrad cache 1\n');
const END = 0xffffffff;

/** Writes elements into a file that is there when it is whole. */
export interface CacheWriter {
  /** Adds an element. */
  add(element: unknown): Promise<void>;
  /** Ends the file and puts it in its place. */
  finish(): Promise<void>;
  /** Takes away what was not finished. */
  close(): Promise<void>;
}

/** @throws EngineError `IO` where the file cannot be written. */
export async function writeCache(file: string): Promise<CacheWriter> {
  const part = `${file}.${randomUUID()}.part`;
  const handle = await withFile(WHO, file, async () => {
    await mkdir(path.dirname(file), { recursive: true });
    return open(part, 'wx');
  });
  let isOpen = true;
  const write = (bytes: Uint8Array) => withFile(WHO, file, () => handle.writeFile(bytes));
  const shut = async () => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  await write(HEAD);
  return {
    async add(element) {
      const bytes = serialize(packed(await withoutTensors(element)));
      await write(length(bytes.length));
      await write(bytes);
    },
    async finish() {
      await write(length(END));
      await withFile(WHO, file, async () => {
        await handle.sync();
        await shut();
        await rename(part, file);
      });
    },
    async close() {
      await shut();
      await rm(part, { force: true });
    },
  };
}

/**
 * The elements of a file from the element `from` on; undefined where there is no such file.
 *
 * @throws EngineError `IO` for a file that cannot be read, is cut or none of these.
 */
export async function readCache(
  file: string,
  from: number,
): Promise<AsyncGenerator<unknown, void, undefined> | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (cause) {
    if (types.isNativeError(cause) && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw readError(WHO, file, cause);
  }
  return elements(handle, file, from);
}

async function* elements(
  handle: FileHandle,
  file: string,
  from: number,
): AsyncGenerator<unknown, void, undefined> {
  try {
    const { size } = await withFile(WHO, file, () => handle.stat());
    let at = 0;
    const take = async (count: number) => {
      if (at + count > size) throw damaged(file, `${at + count} bytes or more`, `${size}`);
      const bytes = await withFile(WHO, file, () => readAt(WHO, file, handle, at, count));
      at += count;
      return bytes;
    };
    const head = await take(HEAD.length);
    if (head.some((byte, i) => byte !== HEAD[i])) throw damaged(file, 'a cache of a Dataset', 'another file');
    for (let index = 0; ; index++) {
      const bytes = new DataView((await take(4)).buffer).getUint32(0, true);
      if (bytes === END) return;
      if (index < from) {
        at += bytes;
        continue;
      }
      const element = await take(bytes);
      let value: unknown;
      try {
        value = deserialize(element);
      } catch (cause) {
        throw readError(WHO, file, cause);
      }
      yield unpacked(value);
    }
  } finally {
    await handle.close();
  }
}

function length(bytes: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, bytes, true);
  return out;
}

/** V8 keeps no classes: an array with a shape is a Map in the file, which no element holds otherwise. */
function packed(element: unknown): unknown {
  if (element instanceof NDArray) {
    const { data, shape, dtype } = element;
    return new Map(Object.entries({ data, shape, dtype }));
  }
  if (Array.isArray(element)) return element.map(packed);
  if (!isPlainObject(element)) return element;
  return Object.fromEntries(Object.entries(element).map(([name, part]) => [name, packed(part)]));
}

function unpacked(element: unknown): unknown {
  if (element instanceof Map) {
    const part = (name: string) => (element as ReadonlyMap<string, unknown>).get(name);
    return new NDArray(part('data') as NDArrayData, part('shape') as number[], part('dtype') as NDArrayType);
  }
  if (Array.isArray(element)) return element.map(unpacked);
  if (!isPlainObject(element)) return element;
  return Object.fromEntries(Object.entries(element).map(([name, part]) => [name, unpacked(part)]));
}

const damaged = (file: string, what: string, received: string) =>
  fileError(WHO, file, what, `${received}; remove the file to make it anew`);
