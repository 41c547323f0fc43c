import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { sizeOf } from '../../base/list.js';
import { EngineError } from '../../base/errors.js';
import { UNPACKED, mostUnpacked } from '../../base/unpacked.js';
import { fileError, reasonOf } from '../../base/wholeFile.js';
import { NDArray } from '../../core/ndarray.js';

const inflate = promisify(gunzip);

interface IdxType {
  readonly name: string;
  readonly bytes: number;
  readonly array: typeof Int32Array | typeof Float32Array;
  readonly read: (view: DataView, offset: number) => number;
}

const UINT8 = 0x08;

/** The element types of the format by their code in the file; uint8 needs no conversion and has no row. */
const converted: ReadonlyMap<number, IdxType> = new Map<number, IdxType>([
  [0x09, { name: 'int8', bytes: 1, array: Int32Array, read: (view, at) => view.getInt8(at) }],
  [0x0b, { name: 'int16', bytes: 2, array: Int32Array, read: (view, at) => view.getInt16(at) }],
  [0x0c, { name: 'int32', bytes: 4, array: Int32Array, read: (view, at) => view.getInt32(at) }],
  [0x0d, { name: 'float32', bytes: 4, array: Float32Array, read: (view, at) => view.getFloat32(at) }],
  [0x0e, { name: 'float64', bytes: 8, array: Float32Array, read: (view, at) => view.getFloat64(at) }],
]);

/**
 * Reads a file in the IDX format of the MNIST data base (http://yann.lecun.com/exdb/mnist/): four magic bytes
 * (0, 0, element type, rank), a big-endian uint32 for each dimension, then the elements, big-endian and row-major.
 *
 * @param file A path; the file may be gzipped, which its first bytes tell, whatever its name.
 * @returns An array of the file's shape. uint8 stays; int8, int16 and int32 become int32; float32 stays and float64
 *   is rounded to float32.
 * @throws EngineError `IO`, naming the file, where it cannot be read, is no IDX file, or is longer or shorter than
 *   its header says; `ABORTED` where `signal` fires.
 */
export async function readIdx(file: string, options: { signal?: AbortSignal } = {}): Promise<NDArray> {
  return parseIdx(await readUnzipped(file, options), file);
}

/** Reads a whole file and unzips it where it is gzipped. Errors are those of {@link readIdx}. */
export async function readUnzipped(
  file: string,
  options: { signal?: AbortSignal; who?: string } = {},
): Promise<Uint8Array> {
  const { signal, who = 'idx' } = options;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file, signal ? { signal } : {});
  } catch (cause) {
    if (signal?.aborted)
      throw new EngineError('ABORTED', `[${who}] reading ${file} was cancelled`, { cause });
    throw fileError(who, file, 'a readable file', reasonOf(cause), cause);
  }
  return unzip(bytes, file, who);
}

/**
 * Unzips bytes that begin as a gzip stream does; others come back as they are.
 *
 * @param name The file or address that errors name.
 */
export async function unzip(bytes: Uint8Array, name: string, who = 'idx'): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: mostUnpacked(bytes) });
  } catch (cause) {
    throw fileError(
      who,
      name,
      `a whole gzip stream of ${UNPACKED}`,
      `a damaged or cut one (${reasonOf(cause)}); fetch the file again`,
      cause,
    );
  }
}

/**
 * Reads the bytes of an unzipped IDX file; see {@link readIdx}. uint8 elements are a view on `bytes`.
 *
 * @param name The file that errors name.
 */
export function parseIdx(bytes: Uint8Array, name: string): NDArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = bytes[2] ?? 0;
  const rank = bytes[3] ?? 0;
  const type = converted.get(code);
  if (bytes.length < 4 || view.getUint16(0) !== 0 || (!type && code !== UINT8) || rank === 0) {
    const known = [UINT8, ...converted.keys()].map(hex).join(', ');
    const received = [...bytes.subarray(0, 4)].map(hex).join(' ') || 'an empty file';
    throw damaged(name, `the magic bytes 00 00, one of ${known}, and a rank from 01`, received);
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header)
    throw damaged(name, `a header of ${header} bytes for rank ${rank}`, `${bytes.length} bytes`);

  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = sizeOf(shape);
  const expected = header + count * (type?.bytes ?? 1);
  if (bytes.length !== expected) {
    const what = `${expected} bytes for ${type?.name ?? 'uint8'} [${shape.join(', ')}]`;
    throw damaged(name, what, `${bytes.length} bytes`);
  }
  if (!type) return new NDArray(bytes.subarray(header), shape);
  const data = new type.array(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, header + i * type.bytes);
  return new NDArray(data, shape);
}

function damaged(name: string, expected: string, received: string): EngineError {
  return fileError('idx', name, expected, `${received}; the file is damaged, cut or of another format`);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
