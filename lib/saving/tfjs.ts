// The weights of TensorFlow.js's layers models (https://www.tensorflow.org/js/guide/save_load): model.json has a list of names, shapes and
// dtypes, and says in which files next to it the numbers are, one after another.
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { isPlainObject } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import { halfToFloat } from '../base/half.js';
import { fileError, readWhole } from '../base/wholeFile.js';
import type { StoredArray, StoredData } from './stored.js';

/** How many bytes TensorFlow.js's converter puts into a file. */
const SHARD_BYTES = 4 << 20;
/** The group of what an optimizer keeps. */
const OPTIMIZER = 'optimizer';

/** Bytes of a number, and what reads them. */
interface Dtype {
  readonly bytes: number;
  readonly read: (bytes: ArrayBuffer) => StoredData;
}
const DTYPES: Readonly<Record<string, Dtype>> = {
  bool: { bytes: 1, read: (bytes) => new Uint8Array(bytes) },
  float16: { bytes: 2, read: (bytes) => Float32Array.from(new Uint16Array(bytes), halfToFloat) },
  float32: { bytes: 4, read: (bytes) => new Float32Array(bytes) },
  int32: { bytes: 4, read: (bytes) => new Int32Array(bytes) },
  uint8: { bytes: 1, read: (bytes) => new Uint8Array(bytes) },
  uint16: { bytes: 2, read: (bytes) => new Uint16Array(bytes) },
};
/** Dtypes of numbers, and those of the codes that may stand for them. */
const WHOLE = ['bool', 'float32', 'int32', 'uint8', 'uint16'];
const CODES: Readonly<Record<string, readonly string[]>> = {
  float32: ['float16', 'uint8', 'uint16'],
  int32: ['uint8', 'uint16'],
};

/** What is known of a tensor before its numbers are read. */
interface Entry {
  readonly shape: readonly number[];
  readonly isOfOptimizer: boolean;
  readonly files: ShardedBytes;
  readonly begin: number;
  readonly end: number;
  readonly read: Dtype['read'];
}

/** The tensors of a model: each is made when it is asked for. */
export class TfjsWeights {
  readonly #entries: ReadonlyMap<string, Entry>;

  /** @internal */
  constructor(entries: ReadonlyMap<string, Entry>) {
    this.#entries = entries;
  }

  /** The names of the weights, or of what an optimizer keeps. */
  names(ofOptimizer = false): string[] {
    return [...this.#entries]
      .filter(([, entry]) => entry.isOfOptimizer === ofOptimizer)
      .map(([name]) => name);
  }

  shape(name: string): readonly number[] | undefined {
    return this.#entries.get(name)?.shape;
  }

  /** The numbers of a tensor that is there. */
  read(name: string): StoredArray {
    const { files, begin, end, read, shape } = this.#entries.get(name) as Entry;
    return { data: read(files.slice(begin, end)), shape };
  }

  /** How many numbers all of them have. */
  get count(): number {
    return [...this.#entries.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }
}

/** The bytes of several files, one after another. */
class ShardedBytes {
  readonly #parts: readonly Uint8Array[];

  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts;
  }

  slice(begin: number, end: number): ArrayBuffer {
    const bytes = new Uint8Array(end - begin);
    let at = 0;
    for (const part of this.#parts) {
      const [from, to] = [Math.max(begin - at, 0), Math.min(end - at, part.length)];
      if (from < to) bytes.set(part.subarray(from, to), at + from - begin);
      at += part.length;
    }
    return bytes.buffer;
  }
}

/**
 * The weights that a model.json lists.
 *
 * @param path That of model.json; the files of numbers are in its folder.
 * @throws EngineError `IO` for a list that is broken, and files that have not the numbers that it says.
 */
export async function readTfjsWeights(who: string, path: string, manifest: unknown): Promise<TfjsWeights> {
  if (!Array.isArray(manifest)) throw fileError(who, path, 'a list weightsManifest', 'something else');
  const entries = new Map<string, Entry>();
  const met = new Set<string>();
  for (const group of manifest as unknown[]) {
    const { paths, weights } = (isPlainObject(group) ? group : {}) as { paths?: unknown; weights?: unknown };
    if (!Array.isArray(paths) || !Array.isArray(weights))
      throw fileError(who, path, 'lists of paths and weights in weightsManifest', 'something else');
    const names = paths.map((name) => shardName(who, path, name, met));
    const specs = weights.map((value) => specOf(who, path, value));
    const parts: Uint8Array[] = [];
    for (const name of names) parts.push(await readWhole(who, join(dirname(path), name)));
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    const files = new ShardedBytes(parts);
    let at = 0;
    for (const { name, bytes, ...spec } of specs) {
      if (entries.has(name)) throw fileError(who, path, 'one tensor of a name', `several of '${name}'`);
      entries.set(name, { ...spec, files, begin: at, end: at + bytes });
      at += bytes;
    }
    if (at !== size)
      throw fileError(who, path, `${at} bytes in ${names.join(', ') || 'no files'}`, `${size} bytes`);
  }
  return new TfjsWeights(entries);
}

/** A name of a file in the model's folder, not met before. */
function shardName(who: string, path: string, name: unknown, met: Set<string>): string {
  const isPlain = typeof name === 'string' && !/^([/\\]|[a-z]+:)|(^|[/\\])\.\.?([/\\]|$)|\0/i.test(name);
  if (!isPlain || name === '' || met.has(name))
    throw fileError(who, path, "names of different files in the model's folder as paths", String(name));
  met.add(name);
  return name;
}

/** What a model.json says of a tensor, checked. */
function specOf(who: string, path: string, value: unknown) {
  const { name, shape, dtype, group, quantization } = isPlainObject(value) ? value : {};
  const isShape = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  if (typeof name !== 'string' || !isShape)
    throw fileError(who, path, 'a name and a shape of each weight', JSON.stringify({ name, shape }));
  const dtypeOf = (given: unknown, of: readonly string[]): Dtype => {
    const known = typeof given === 'string' && of.includes(given) ? DTYPES[given] : undefined;
    if (known) return known;
    throw fileError(who, path, `one of ${of.join(', ')} as dtype of '${name}'`, String(given));
  };
  const codes = isPlainObject(quantization) ? quantization : undefined;
  const whole = dtypeOf(dtype, codes ? Object.keys(CODES) : WHOLE);
  const { bytes, read } = codes ? dtypeOf(codes['dtype'], CODES[dtype as string] ?? []) : whole;
  const { scale, min } = codes ?? {};
  const isScaled = codes !== undefined && codes['dtype'] !== 'float16';
  if (isScaled && !(Number.isFinite(scale) && Number.isFinite(min)))
    throw fileError(who, path, `numbers as scale and min of '${name}'`, JSON.stringify({ scale, min }));
  return {
    name,
    shape: shape as number[],
    isOfOptimizer: group === OPTIMIZER,
    bytes: sizeOf(shape as number[]) * bytes,
    read: isScaled
      ? (from: ArrayBuffer) => widened(read(from), scale as number, min as number, dtype === 'int32')
      : read,
  };
}

/** Numbers of codes: each times a scale, from a least on. */
function widened(codes: StoredData, scale: number, min: number, isWhole: boolean): StoredData {
  const values = Float64Array.from(codes, (code) => code * scale + min);
  return isWhole ? Int32Array.from(values, Math.round) : Float32Array.from(values);
}

/** A tensor that is written. */
export interface TfjsTensor {
  readonly name: string;
  readonly array: StoredArray;
  readonly isOfOptimizer?: boolean;
}

const NAMES: Readonly<Record<string, string>> = {
  Float32Array: 'float32',
  Int32Array: 'int32',
  Uint8Array: 'bool',
};

/** The list of tensors for a model.json, and the files that it names. Equal numbers have equal names of files, others have others. */
export function tfjsWeights(tensors: readonly TfjsTensor[]) {
  const all = Buffer.concat(
    tensors.map(({ array: { data } }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
  const sum = createHash('sha256').update(all).digest('hex').slice(0, 8);
  const count = Math.ceil(all.length / SHARD_BYTES);
  const shards = Array.from({ length: count }, (_, i) => ({
    name: `group1-${sum}-shard${i + 1}of${count}.bin`,
    bytes: all.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES),
  }));
  const weights = tensors.map(({ name, array: { data, shape }, isOfOptimizer = false }) => ({
    name,
    shape,
    dtype: NAMES[data[Symbol.toStringTag]],
    ...(isOfOptimizer && { group: OPTIMIZER }),
  }));
  return { manifest: [{ paths: shards.map(({ name }) => name), weights }], shards };
}

/** Whether a name is one that {@link tfjsWeights} gives files. */
export const isShardName = (name: string): boolean => /^group1-[0-9a-f]{8}-shard\d+of\d+\.bin$/.test(name);
