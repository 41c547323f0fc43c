import { type OptionNames, checkEach, expected, isPlainObject, knownOptions } from '../base/checks.js';
import { npyBytes } from '../base/npy.js';
import { writeWhole } from '../base/wholeFile.js';
import { zipParts } from '../base/zip.js';
import type { NDArray } from '../core/ndarray.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { NpzReader } from '../data/files/npz.js';
import { npyArray } from '../data/files/tables.js';
import { convertToNumpy } from '../ops/creation.js';

/** What `utils.readNpz` takes. */
export interface ReadNpzOptions {
  /** Which arrays to read. Default: all. */
  names?: readonly string[];
}

/** What `utils.writeNpz` takes. */
export interface WriteNpzOptions {
  /** Whether the numbers are packed, as `numpy.savez_compressed` does it. Default false. */
  compressed?: boolean;
}

const readNames = { names: 'optional' } satisfies OptionNames<ReadNpzOptions>;
const writeNames = { compressed: 'boolean' } satisfies OptionNames<WriteNpzOptions>;

function pathOf(who: string, path: unknown, ending: string): string {
  if (typeof path === 'string' && path.length > ending.length && path.endsWith(ending)) return path;
  throw expected(who, `a path that ends with ${ending}`, path);
}

const bytesOf = (array: Tensor | Variable | TensorData): Uint8Array => {
  const { data, shape, dtype } = convertToNumpy(array);
  return npyBytes({ data, shape, isBool: dtype === 'bool' });
};

/**
 * The array of a file of NumPy. https://numpy.org/doc/stable/reference/generated/numpy.load.html
 *
 * @param path A file that ends with `.npy`.
 * @returns Floats as float32, integers as int32 or uint8, bool as it is.
 * @throws EngineError `IO` for a file that cannot be read or was cut, dtypes that are no numbers, and integers that 32 bits do not hold.
 * @example
 *     await utils.writeNpy(`${folder}/x.npy`, [[1, 2], [3, 4]]);
 *     const { shape, data } = await utils.readNpy(`${folder}/x.npy`); // [2, 2], Float32Array [1, 2, 3, 4]
 */
export async function readNpy(path: string): Promise<NDArray> {
  const who = 'readNpy';
  return npyArray(who, pathOf(who, path, '.npy'));
}

/**
 * Writes an array to a file of NumPy, in one step: the place has the whole new file or what was there.
 *
 * @param path Where to, with the ending `.npy`.
 * @param array A tensor, a variable or numbers, written in their dtype (float32, int32, uint8 or bool).
 * @throws EngineError `IO` where it cannot be written.
 * @example await utils.writeNpy(`${folder}/x.npy`, tensor([1, 2, 3]));
 */
export async function writeNpy(path: string, array: Tensor | Variable | TensorData): Promise<void> {
  const who = 'writeNpy';
  await writeWhole(who, pathOf(who, path, '.npy'), [bytesOf(array)]);
}

/**
 * The arrays of an archive of NumPy by their names, in dtypes as {@link readNpy} gives them.
 *
 * @param path A file that ends with `.npz`, of `numpy.savez` or `numpy.savez_compressed`.
 * @throws EngineError `IO` as {@link readNpy}, and for a name that is not there.
 * @example
 *     await utils.writeNpz(`${folder}/data.npz`, { x: [[1, 2], [3, 4]], y: [0, 1] });
 *     const { x, y } = await utils.readNpz(`${folder}/data.npz`);
 */
export async function readNpz(path: string, options: ReadNpzOptions = {}): Promise<Record<string, NDArray>> {
  const who = 'readNpz';
  knownOptions(who, options, readNames);
  const { names } = options;
  if (names !== undefined)
    checkEach(who, 'a list of strings as names', names, (name) => typeof name === 'string');
  const reader = await NpzReader.open(who, pathOf(who, path, '.npz'));
  return Object.fromEntries((names ?? reader.names).map((name) => [name, reader.read(name)]));
}

/**
 * Writes arrays to an archive of NumPy, in one step as {@link writeNpy}.
 *
 * @param path Where to, with the ending `.npz`.
 * @param arrays The arrays by their names.
 * @param options `compressed`: default false.
 * @throws EngineError `IO` where it cannot be written, `ARGUMENT` for names that are empty.
 * @example await utils.writeNpz(`${folder}/data.npz`, { x: [1, 2], y: [0, 1] }, { compressed: true });
 */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, Tensor | Variable | TensorData>>,
  options: WriteNpzOptions = {},
): Promise<void> {
  const who = 'writeNpz';
  knownOptions(who, options, writeNames);
  const { compressed: isDeflated = false } = options;
  if (!isPlainObject(arrays)) throw expected(who, 'a record of arrays', arrays);
  if (Object.hasOwn(arrays, '')) throw expected(who, 'names of arrays', '');
  const members = Object.entries(arrays).map(([name, array]) => ({
    name: `${name}.npy`,
    bytes: bytesOf(array),
    isDeflated,
  }));
  await writeWhole(who, pathOf(who, path, '.npz'), zipParts(who, path, members));
}
