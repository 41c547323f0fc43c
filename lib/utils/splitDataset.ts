import { type OptionNames, boolean, expected, isPlainObject, knownOptions } from '../base/checks.js';
import type { NDArray } from '../core/ndarray.js';
import { Tensor } from '../core/tensor.js';
import type { ArrayData } from '../data/batches.js';
import { Dataset } from '../data/dataset.js';
import { samplesOf, shuffle as shuffled, takeRows } from './rows.js';

/** What `utils.splitDataset` takes: at least one of the sizes. */
export interface SplitDatasetOptions {
  /** How many samples the first part gets: a whole number, or a share between 0 and 1. Default: those that the other leaves. */
  leftSize?: number;
  /** How many samples the second part gets, in the same forms. Default: those that the other leaves. */
  rightSize?: number;
  /** Whether the samples are shuffled before. Default false. */
  shuffle?: boolean;
  /** Decides the order. Default: decided by `setSeed`, else random. */
  seed?: number;
}

const splitDatasetNames = {
  leftSize: 'optional',
  rightSize: 'optional',
  shuffle: 'boolean',
  seed: 'optional',
} satisfies OptionNames<SplitDatasetOptions>;

/** What {@link splitDataset} gives for what it takes: tensors for tensors, datasets for datasets, arrays in plain memory for others. */
export type SplitOf<T> = T extends Tensor | Dataset
  ? T
  : T extends ArrayData
    ? NDArray
    : { -readonly [K in keyof T]: SplitOf<T[K]> };

const WHO = 'splitDataset';

/**
 * Two parts of the samples, such as for training and for a test. https://keras.io/api/utils/python_utils/
 *
 * @param data An array with the samples first, or several of one length in a record or list, such as [x, y]. A list of plain numbers or
 *   nested lists is one array.
 *   A dataset, whose number of elements is known, is read when the parts are.
 * @returns [left, right], each in the form of data.
 * @throws EngineError `ARGUMENT` for sizes that do not fit the samples.
 * @example const [train, test] = utils.splitDataset({ x, y }, { leftSize: 0.8, shuffle: true, seed: 1 });
 */
export function splitDataset<
  T extends ArrayData | readonly ArrayData[] | Readonly<Record<string, ArrayData>> | Dataset,
>(data: T, options: SplitDatasetOptions = {}): [SplitOf<T>, SplitOf<T>] {
  knownOptions(WHO, options, splitDatasetNames);
  if (data instanceof Dataset) return splitElements(data, options) as [SplitOf<T>, SplitOf<T>];
  const whole = mapArrays(data, (array) => samplesOf(WHO, array));
  const counts = new Set(arraysOf(whole).map(({ shape: [samples = 0] }) => samples));
  const [total = 0] = counts;
  if (counts.size !== 1) throw expected(WHO, 'arrays of one number of samples', [...counts]);
  const [left, right] = sizesOf(total, options);
  const rows = Int32Array.from({ length: total }, (_, i) => i);
  if (options.shuffle !== undefined && boolean(WHO, 'shuffle', options.shuffle)) shuffled(rows, options.seed);
  const part = (from: number, to: number) =>
    mapArrays(whole, (array) => takeRows(WHO, array, rows.subarray(from, to))) as SplitOf<T>;
  return [part(0, left), part(left, left + right)];
}

function splitElements(data: Dataset, options: SplitDatasetOptions): [Dataset, Dataset] {
  const total = data.cardinality();
  if (total === undefined || total === Infinity)
    throw expected(WHO, 'a dataset whose cardinality is known and finite', total);
  const [left, right] = sizesOf(total, options);
  const { shuffle: shuffles, seed } = options;
  const order = { reshuffleEachEpoch: false, ...(seed === undefined ? {} : { seed }) };
  const whole = shuffles ? data.shuffle(total, order) : data;
  return [whole.take(left), whole.skip(left).take(right)];
}

/** A list of tensors, typed arrays or NDArrays is several arrays; of numbers or lists, one. */
const isList = (data: unknown): data is readonly unknown[] =>
  Array.isArray(data) &&
  data.length > 0 &&
  data.every((item) => typeof item === 'object' && !Array.isArray(item));

const arraysOf = (data: unknown): readonly (Tensor | NDArray)[] =>
  (isList(data) ? data : isPlainObject(data) ? Object.values(data) : [data]) as readonly (Tensor | NDArray)[];

function mapArrays(data: unknown, map: (array: Tensor | NDArray) => Tensor | NDArray): unknown {
  const one = (array: unknown) => map(array as Tensor | NDArray);
  if (isList(data)) return data.map(one);
  if (isPlainObject(data))
    return Object.fromEntries(Object.entries(data).map(([name, array]) => [name, one(array)]));
  return one(data);
}

function sizesOf(total: number, { leftSize, rightSize }: SplitDatasetOptions): [number, number] {
  const count = (name: string, size: number | undefined): number | undefined => {
    if (size === undefined) return undefined;
    const samples = size > 0 && size < 1 ? Math.round(size * total) : size;
    if (Number.isSafeInteger(samples) && samples > 0 && samples < total) return samples;
    throw expected(
      WHO,
      `${name} to be a share between 0 and 1, or a number of samples from 1 to ${total - 1}`,
      size,
    );
  };
  const left = count('leftSize', leftSize);
  const right = count('rightSize', rightSize);
  if (left === undefined && right === undefined) throw expected(WHO, 'leftSize or rightSize', undefined);
  const both: [number, number] = [left ?? total - (right ?? 0), right ?? total - (left ?? 0)];
  if (both[0] + both[1] > total) throw expected(WHO, `parts of ${total} samples at most`, both);
  return both;
}
