import type { NDArray } from '../../core/ndarray.js';
import { expected, knownOptions } from '../../base/checks.js';
import { parseNpy } from '../../base/npy.js';
import { fromBlocks, withoutRows } from '../stages/fromBlocks.js';
import type { Stage } from '../stages/stage.js';
import { arrowBlocks } from './arrow.js';
import { batchesOf } from './csvDataset.js';
import { Hdf5Reader } from './hdf5.js';
import { readIdx, readUnzipped } from './idx.js';
import { NpzReader } from './npz.js';
import { filesOf } from './open.js';
import { type RowsOptions, type TableOptions, rowsNames, tableNames } from './options.js';
import { ParquetReader } from './parquet.js';
import { tableForm } from './table.js';
import { type Names, arrayOfNpy, eachName, eachNameAsync } from './whole.js';

/** The rows of arrays in an HDF5 file. */
export function hdf5(file: unknown, paths: Names, options: RowsOptions): Stage<unknown> {
  const who = 'Dataset.hdf5';
  knownOptions(who, options, rowsNames);
  if (typeof file !== 'string' || file === '') throw expected(who, 'the path of a file', file);
  const reader = new Hdf5Reader(file, paths);
  return fromBlocks(
    who,
    (_, from) => reader.blocks(from),
    batchesOf(who, options),
    () => reader.rows(),
  );
}

/** The rows of Parquet files. */
export function parquet(files: unknown, options: TableOptions): Stage<unknown> {
  const who = 'Dataset.parquet';
  knownOptions(who, options, tableNames);
  const reader = new ParquetReader(filesOf(who, files), tableForm(who, options));
  return fromBlocks(
    who,
    (_, from) => reader.blocks(from),
    batchesOf(who, options),
    () => reader.rows(),
  );
}

/** The rows of Arrow files. */
export function arrow(files: unknown, options: TableOptions): Stage<unknown> {
  const who = 'Dataset.arrow';
  knownOptions(who, options, tableNames);
  const paths = filesOf(who, files);
  const form = tableForm(who, options);
  const blocks = (_: number, from: number) => withoutRows(who, arrowBlocks(paths, form), from);
  return fromBlocks(who, blocks, batchesOf(who, options), () => undefined);
}

/** The rows of files that hold one array each, which is read as a whole. */
export function arrays(
  who: 'Dataset.npy' | 'Dataset.idx',
  files: Names,
  options: RowsOptions,
): Stage<unknown> {
  knownOptions(who, options, rowsNames);
  eachName(who, files, (file) => filesOf(who, file));
  const read =
    who === 'Dataset.npy' ? (file: string) => npyArray(who, file) : (file: string) => readIdx(file);
  async function* whole() {
    yield await eachNameAsync(who, files, read);
  }
  const blocks = (_: number, from: number) => withoutRows(who, whole(), from);
  return fromBlocks(who, blocks, batchesOf(who, options), () => undefined);
}

/** The array of a file of NumPy, gzipped or not. */
export const npyArray = async (who: string, file: string): Promise<NDArray> =>
  arrayOfNpy(who, file, parseNpy(who, file, await readUnzipped(file, { who })));

/** The rows of arrays in an archive of NumPy, which are read as a whole. */
export function npz(file: unknown, names: Names, options: RowsOptions): Stage<unknown> {
  const who = 'Dataset.npz';
  knownOptions(who, options, rowsNames);
  if (typeof file !== 'string' || file === '') throw expected(who, 'the path of a file', file);
  eachName(who, names, () => undefined);
  async function* whole() {
    const reader = await NpzReader.open(who, file as string);
    yield eachName(who, names, (name) => reader.read(name));
  }
  const blocks = (_: number, from: number) => withoutRows(who, whole(), from);
  return fromBlocks(who, blocks, batchesOf(who, options), () => undefined);
}
