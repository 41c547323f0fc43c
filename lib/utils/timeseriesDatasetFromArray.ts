import { type OptionNames, expected, integer, knownOptions } from '../base/checks.js';
import { NDArray } from '../core/ndarray.js';
import { nextSeed } from '../core/seed.js';
import type { TensorData } from '../core/tensor.js';
import { Dataset } from '../data/dataset.js';
import { arrayOf, shuffle as shuffled, takeRows } from './rows.js';

/** What `utils.timeseriesDatasetFromArray` takes. */
export interface TimeseriesOptions {
  /** How many steps a window has. */
  sequenceLength: number;
  /** How many steps the next window starts after the start of one. Default 1. */
  sequenceStride?: number;
  /** How many steps of the data one step of a window is after the one before. Default 1. */
  samplingRate?: number;
  /** Windows a batch. Default 128. */
  batchSize?: number;
  /** Whether the windows come in a new order each time. Default false. */
  shuffle?: boolean;
  /** Decides the orders. Default: decided by `setSeed`, else random. */
  seed?: number;
  /** The first step of the data that is used. Default 0. */
  startIndex?: number;
  /** The step of the data before which the windows end. Default: the end of the data. */
  endIndex?: number;
}

const timeseriesNames = {
  sequenceLength: 'required',
  sequenceStride: 'optional',
  samplingRate: 'optional',
  batchSize: 'optional',
  shuffle: 'boolean',
  seed: 'optional',
  startIndex: 'optional',
  endIndex: 'optional',
} satisfies OptionNames<TimeseriesOptions>;

const WHO = 'timeseriesDatasetFromArray';

/**
 * Windows over a time series, in batches as `fit` takes them. https://keras.io/api/data_loading/timeseries/
 *
 * @param data The steps first: [steps, ...].
 * @param targets For the window that starts at step i, `targets[i]`; null for windows alone.
 * @returns Batches [windows] or [windows, targets], where windows are [batch, sequenceLength, ...].
 * @throws EngineError `ARGUMENT` for options that leave no window.
 * @example
 *     const series = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i));
 *     const batches = utils.timeseriesDatasetFromArray(series, series.subarray(10), { sequenceLength: 10 });
 *     for await (const [windows, next] of batches) console.log(windows.shape, next?.shape); // [90, 10] [90]
 */
export function timeseriesDatasetFromArray(
  data: TensorData,
  targets: TensorData | null,
  options: TimeseriesOptions,
): Dataset<[NDArray] | [NDArray, NDArray]> {
  knownOptions(WHO, options, timeseriesNames);
  const series = arrayOf(WHO, data);
  const wanted = targets === null ? undefined : arrayOf(WHO, targets);
  const count = (name: keyof TimeseriesOptions, otherwise: number, least = 1) =>
    integer(WHO, name, options[name] ?? otherwise, least);
  const length = count('sequenceLength', 1);
  const stride = count('sequenceStride', 1);
  const rate = count('samplingRate', 1);
  const batch = count('batchSize', 128);
  const start = count('startIndex', 0, 0);
  const end = count('endIndex', series.length);
  if (end > series.length) throw expected(WHO, `an endIndex of ${series.length} at most`, end);
  const room = end - start - (length - 1) * rate;
  const starts = Math.min(room, wanted === undefined ? Infinity : wanted.length - start);
  if (starts < 1)
    throw expected(WHO, `room for a window of ${(length - 1) * rate + 1} steps and its target`, end - start);
  const first = Int32Array.from({ length: Math.ceil(starts / stride) }, (_, i) => start + i * stride);
  const seed = options.shuffle ? (options.seed ?? nextSeed()) : undefined;
  return Dataset.fromGenerator(
    function* (pass): Generator<[NDArray] | [NDArray, NDArray]> {
      const order = seed === undefined ? first : shuffled(first.slice(), seed + pass);
      for (let at = 0; at < order.length; at += batch) {
        const rows = order.subarray(at, at + batch);
        const steps = Int32Array.from({ length: rows.length * length }, (_, i) => {
          return (rows[Math.floor(i / length)] ?? 0) + (i % length) * rate;
        });
        const windows = takeRows(WHO, series, steps);
        const x = new NDArray(windows.data, [rows.length, length, ...series.shape.slice(1)], series.dtype);
        yield wanted === undefined ? [x] : [x, takeRows(WHO, wanted, rows)];
      }
    },
    { cardinality: Math.ceil(first.length / batch) },
  );
}
