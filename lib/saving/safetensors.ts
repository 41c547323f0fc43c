// Files in safetensors (https://huggingface.co/docs/safetensors): the length of a header in JSON, the header with dtype, shape and place of
// each tensor, and the numbers.
import type { FileHandle } from 'node:fs/promises';
import { isPlainObject } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import { halfToFloat } from '../base/half.js';
import { fileError, readAt, reasonOf, withFile } from '../base/wholeFile.js';
import type { StoredArray, StoredData } from './stored.js';

/** The library's own bound. */
const LONGEST_HEADER = 100e6;
const LENGTH_BYTES = 8;
const METADATA = '__metadata__';

/** Bytes of a number, and what reads them. */
const DTYPES: Readonly<Record<string, readonly [bytes: number, read: (bytes: ArrayBuffer) => StoredData]>> = {
  BOOL: [1, (bytes) => new Uint8Array(bytes)],
  U8: [1, (bytes) => new Uint8Array(bytes)],
  I8: [1, (bytes) => new Int8Array(bytes)],
  I16: [2, (bytes) => new Int16Array(bytes)],
  U16: [2, (bytes) => new Uint16Array(bytes)],
  F16: [2, (bytes) => Float32Array.from(new Uint16Array(bytes), halfToFloat)],
  BF16: [
    2,
    (bytes) => new Float32Array(Uint32Array.from(new Uint16Array(bytes), (bits) => bits << 16).buffer),
  ],
  I32: [4, (bytes) => new Int32Array(bytes)],
  U32: [4, (bytes) => Float64Array.from(new Uint32Array(bytes))],
  F32: [4, (bytes) => new Float32Array(bytes)],
  F64: [8, (bytes) => new Float64Array(bytes)],
  I64: [8, (bytes) => Float64Array.from(new BigInt64Array(bytes), Number)],
  U64: [8, (bytes) => Float64Array.from(new BigUint64Array(bytes), Number)],
};

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The tensors of an open file: each is read when it is asked for. */
export class SafetensorsReader {
  readonly #read: (entry: Entry) => Promise<Uint8Array>;
  readonly #entries: ReadonlyMap<string, Entry>;

  /** @internal */
  constructor(
    entries: ReadonlyMap<string, Entry>,
    /** What the file says besides, texts by name. */
    readonly metadata: Readonly<Record<string, string>>,
    read: (entry: Entry) => Promise<Uint8Array>,
  ) {
    this.#entries = entries;
    this.#read = read;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  shape(name: string): readonly number[] | undefined {
    return this.#entries.get(name)?.shape;
  }

  /** The numbers of a tensor that is there. float16 and bfloat16 become float32, wide integers float64. */
  async read(name: string): Promise<StoredArray> {
    const entry = this.#entries.get(name) as Entry;
    const bytes = await this.#read(entry);
    const [, read] = DTYPES[entry.dtype] as (typeof DTYPES)[string];
    return { data: read(bytes.buffer as ArrayBuffer), shape: entry.shape };
  }
}

/** Opens a file and closes it after `use`. @throws EngineError `IO` for a file that is broken or cannot be read. */
export const readSafetensors = <T>(
  who: string,
  path: string,
  use: (file: SafetensorsReader) => Promise<T>,
): Promise<T> =>
  withFile(who, path, async (file) => {
    const { size } = await file.stat();
    const { header, at } = await headerOf(who, path, file, size);
    const { [METADATA]: metadata = {}, ...tensors } = header;
    if (!isPlainObject(metadata) || !Object.values(metadata).every((text) => typeof text === 'string'))
      throw fileError(who, path, 'texts by name as metadata', 'something else');
    const entries = new Map(
      Object.entries(tensors).map(([name, value]) => [name, entryOf(who, path, name, value, size - at)]),
    );
    const reader = new SafetensorsReader(entries, metadata as Record<string, string>, ({ begin, end }) =>
      readAt(who, path, file, at + begin, end - begin),
    );
    return use(reader);
  });

async function headerOf(who: string, path: string, file: FileHandle, size: number) {
  if (size < LENGTH_BYTES) throw fileError(who, path, 'a safetensors file', `${size} bytes`);
  const head = await readAt(who, path, file, 0, LENGTH_BYTES);
  const length = Number(new DataView(head.buffer).getBigUint64(0, true));
  if (length > Math.min(size - LENGTH_BYTES, LONGEST_HEADER))
    throw fileError(who, path, `a header within ${size} bytes`, `one of ${length}`);
  const bytes = await readAt(who, path, file, LENGTH_BYTES, length);
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isPlainObject(header)) return { header, at: LENGTH_BYTES + length };
  } catch (cause) {
    throw fileError(who, path, 'a header in JSON', reasonOf(cause), cause);
  }
  throw fileError(who, path, 'a header in JSON that is an object', 'something else');
}

/** Checks what a header says of a tensor against the bytes that there are. */
function entryOf(who: string, path: string, name: string, value: unknown, bytes: number): Entry {
  const {
    dtype,
    shape,
    data_offsets: places,
  } = (isPlainObject(value) ? value : {}) as {
    dtype?: unknown;
    shape?: unknown;
    data_offsets?: unknown;
  };
  const isCount = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  const isList = (list: unknown): list is number[] => Array.isArray(list) && list.every(isCount);
  const known = typeof dtype === 'string' && Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined;
  if (!known)
    throw fileError(who, path, `one of ${Object.keys(DTYPES).join(', ')} as dtype of ${name}`, String(dtype));
  const [begin = 0, end = -1] = isList(places) && places.length === 2 ? places : [];
  const size = isList(shape) ? known[0] * sizeOf(shape) : -1;
  if (end > bytes || end - begin !== size)
    throw fileError(who, path, `${name} within ${bytes} bytes`, `${size} bytes from ${begin} to ${end}`);
  return { dtype: dtype as string, shape: shape as number[], begin, end };
}

const NAMES: Readonly<Record<string, string>> = {
  Float32Array: 'F32',
  Float64Array: 'F64',
  Int8Array: 'I8',
  Int16Array: 'I16',
  Int32Array: 'I32',
  Uint8Array: 'U8',
  Uint16Array: 'U16',
};

/** The parts of a file: its header and the numbers. */
export function safetensorsParts(
  tensors: readonly (readonly [name: string, array: StoredArray])[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  let at = 0;
  const header: Record<string, unknown> = { [METADATA]: { format: 'pt', ...metadata } };
  for (const [name, { data, shape }] of tensors) {
    const kind = (data as { [Symbol.toStringTag]: string })[Symbol.toStringTag];
    header[name] = { dtype: NAMES[kind], shape, data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // The numbers begin at a multiple of 8 bytes; spaces fill the header up.
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  const bytesOf = ({ data }: StoredArray) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [length, padded, ...tensors.map(([, array]) => bytesOf(array))];
}
