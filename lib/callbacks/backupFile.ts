// What backupAndRestore keeps, in one file in safetensors: numbers as tensors, all else as JSON.
import { isPlainObject } from '../base/checks.js';
import { fileError, reasonOf, writeWhole } from '../base/wholeFile.js';
import { NDArray, type NDArrayType } from '../core/ndarray.js';
import { convert } from '../core/tensor.js';
import { readSafetensors, safetensorsParts } from '../saving/safetensors.js';
import type { StoredArray } from '../saving/stored.js';
import { crc32 } from '../base/zip.js';

/** The version of what is kept: another one is not read. */
const VERSION = '2';
const VERSION_KEY = 'nodegrad_backup';
const ARRAY = 'NDArray';

/** In the place of an array: its number among the tensors, and its dtype. */
interface ArrayRef {
  readonly className: typeof ARRAY;
  readonly at: number;
  readonly dtype: NDArrayType;
}

const isArrayRef = (value: unknown): value is ArrayRef =>
  isPlainObject(value) && value['className'] === ARRAY;

/** Writes lists and records of numbers, strings and NDArrays, in one step. @throws EngineError `IO`. */
export async function writeBackup(who: string, path: string, state: unknown): Promise<void> {
  const arrays: NDArray[] = [];
  const packed = (value: unknown): unknown => {
    if (value instanceof NDArray) return { className: ARRAY, at: arrays.push(value) - 1, dtype: value.dtype };
    // JSON has no NaN and no infinity.
    if (typeof value === 'number' && !Number.isFinite(value))
      return { className: 'Number', value: String(value) };
    if (Array.isArray(value)) return value.map(packed);
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, packed(item)]));
  };
  const text = JSON.stringify(packed(state));
  const tensors = arrays.map(({ data, shape }, i) => [String(i), { data, shape }] as const);
  const sum = sumOf(text, arrays);
  await writeWhole(who, path, safetensorsParts(tensors, { [VERSION_KEY]: VERSION, state: text, sum }));
}

/** A checksum of all that is kept. */
function sumOf(text: string, arrays: readonly Pick<StoredArray, 'data'>[]): string {
  const sums = arrays.map(({ data }) => crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
  const parts = Uint32Array.of(crc32(new TextEncoder().encode(text)), ...sums);
  return String(crc32(new Uint8Array(parts.buffer)));
}

/** What {@link writeBackup} has written. @throws EngineError `IO` for a file that is broken, or of another version. */
export const readBackup = (who: string, path: string): Promise<unknown> =>
  readSafetensors(who, path, async (file) => {
    const { [VERSION_KEY]: version, state = '', sum } = file.metadata;
    if (version !== VERSION)
      throw fileError(who, path, `a backup of version ${VERSION}`, version ?? 'another file');
    const arrays: StoredArray[] = [];
    for (const i of file.names.keys()) {
      if (file.shape(String(i)) === undefined) throw fileError(who, path, `tensor ${i}`, 'none');
      arrays.push(await file.read(String(i)));
    }
    if (sumOf(state, arrays) !== sum) throw fileError(who, path, 'what was written', 'something else');
    const unpacked = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(unpacked);
      if (!isPlainObject(value)) return value;
      if (value['className'] === 'Number') return Number(value['value']);
      if (!isArrayRef(value))
        return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unpacked(item)]));
      const { data, shape } = arrays[value.at] ?? { data: new Float32Array(0), shape: [0] };
      return new NDArray(convert(data, value.dtype), shape, value.dtype);
    };
    try {
      return unpacked(JSON.parse(state));
    } catch (cause) {
      throw fileError(who, path, 'a whole state', reasonOf(cause), cause);
    }
  });
