// NumPy's array files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a line that tells dtype, order and shape,
// then the numbers.
import { types } from 'node:util';
import { sizeOf } from './list.js';
import { halfToFloat } from './half.js';
import { PickledArray, parsePickle } from './pickle.js';
import { fileError } from './wholeFile.js';

/** The typed arrays that a file may hold. */
export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** An array of a file, row-major. */
export interface NpyArray {
  readonly data: NpyData;
  readonly shape: readonly number[];
  /** Whether the numbers are 0 and 1 and mean false and true. */
  readonly isBool: boolean;
}

/** NumPy's names of what is read, without the byte order, and the arrays that hold it. */
const KINDS = {
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  b1: Uint8Array,
} as const;
const MAGIC = '\u0093NUMPY';
/** The most axes that NumPy has. */
const MOST_AXES = 64;

/**
 * The array in the bytes of an .npy file, of format 1 to 3.
 *
 * @param name What errors name: the file, or the member of an archive.
 * @returns float16 becomes float32; else the array of the dtype. Never a view on the bytes.
 * @throws EngineError `IO` for bytes that are cut or another format, and for dtypes that are no numbers.
 */
export function parseNpy(who: string, name: string, bytes: Uint8Array): NpyArray {
  const wrong = (what: string, received: string) => fileError(who, name, what, received);
  const { header, start } = npyHeader(who, name, bytes);
  const descr = /'descr':\s*'([<>|=]?)([a-z]\d)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  const kind = descr?.[2] as keyof typeof KINDS | undefined;
  if (kind === undefined || !Object.hasOwn(KINDS, kind) || order === undefined || sizes === undefined)
    throw wrong('a header that tells numbers with their order and shape', header.slice(0, 100));
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter(Boolean)
    .map(Number);
  const size = sizeOf(shape);
  const ArrayType = KINDS[kind];
  const wanted = size * ArrayType.BYTES_PER_ELEMENT;
  const held = bytes.length - start;
  // A shape that is not true is told here: the memory that is taken is that of the bytes.
  if (shape.length > MOST_AXES || held !== wanted)
    throw wrong(`${wanted} bytes for [${shape.join(', ')}]`, String(held));
  // Not slice: that of a Buffer gives a view, whose place in memory need not suit the numbers.
  const copy = new Uint8Array(bytes.subarray(start));
  if (descr?.[1] === '>') swapBytes(copy, ArrayType.BYTES_PER_ELEMENT);
  const stored = new ArrayType(copy.buffer, 0, size);
  const data = kind === 'f2' ? Float32Array.from(stored as Uint16Array, halfToFloat) : stored;
  return { data: order === 'True' ? rowMajor(data, shape) : data, shape, isBool: kind === 'b1' };
}

/** The text at the begin of an .npy file, and where what it tells of starts. */
function npyHeader(who: string, name: string, bytes: Uint8Array): { header: string; start: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begin = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  const version = bytes[6] ?? 0;
  if (begin !== MAGIC || version < 1 || version > 3 || bytes.length < 12)
    throw fileError(who, name, "an array in NumPy's format 1 to 3", 'another file, or one that was cut');
  const from = version === 1 ? 10 : 12;
  const start = from + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  return { header: new TextDecoder().decode(bytes.subarray(from, Math.min(start, from + 65536))), start };
}

/**
 * The list of Python's objects in the bytes of an .npy file: numbers, texts, and lists of them.
 *
 * @throws EngineError `IO` for bytes that are cut or another format, and where a pickle names anything that could run.
 */
export function parseObjectNpy(who: string, name: string, bytes: Uint8Array): readonly unknown[] {
  const { header, start } = npyHeader(who, name, bytes);
  if (!/'descr':\s*'\|O'/.test(header))
    throw fileError(who, name, 'a header that tells objects', header.slice(0, 100));
  const array = parsePickle(who, name, bytes.subarray(start));
  if (
    array instanceof PickledArray &&
    Array.isArray(array.data) &&
    array.shape.join() === String(array.data.length)
  )
    return array.data as readonly unknown[];
  throw fileError(who, name, 'a list of objects', 'another shape, or no array');
}

/** The bytes of an .npy file of format 1, little-endian and row-major, as numpy.save writes it. */
export function npyBytes({ data, shape, isBool }: NpyArray): Uint8Array {
  const kind = isBool ? '|b1' : dtypeOf(data);
  const sizes = shape.length === 1 ? `${shape.join()},` : shape.join(', ');
  const text = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The numbers begin at a multiple of 64.
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength).fill(32, 10, start);
  bytes.set(Array.from(MAGIC, (letter) => letter.charCodeAt(0)));
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[start - 1] = 10;
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

function dtypeOf(data: NpyData): string {
  const kind = Object.entries(KINDS).find(
    ([name, ArrayType]) =>
      name !== 'f2' && types.isTypedArray(data) && data.constructor.name === ArrayType.name,
  )?.[0];
  return `${data.BYTES_PER_ELEMENT === 1 ? '|' : '<'}${kind ?? 'f4'}`;
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

/** Numbers whose first axis is the innermost in the order of the last. */
function rowMajor<T extends NpyData>(data: T, shape: readonly number[]): T {
  const out = data.slice() as T;
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    Reflect.set(out, to, data[from]);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [at = 0, size = 1, stride = 0] = [index[axis], shape[axis], strides[axis]];
      from += stride;
      index[axis] = at + 1;
      if (at + 1 < size) break;
      from -= size * stride;
      index[axis] = 0;
    }
  }
  return out;
}
