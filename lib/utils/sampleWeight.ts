import { expected } from '../base/checks.js';
import type { Data } from '../data/batches.js';

/** What {@link packXYSampleWeight} gives. */
export type Packed =
  | Exclude<Data, readonly unknown[]>
  | readonly [x: Data]
  | readonly [x: Data, y: Data]
  | readonly [x: Data, y: Data, sampleWeight: Data];

/**
 * A batch in the form that iterables for `fit` have. https://keras.io/api/utils/
 *
 * @param x The input.
 * @param y The target. Default: none.
 * @param sampleWeight A weight for each sample. Default: none.
 * @returns [x, y, sampleWeight] as far as they are given. x alone is itself, but [x] where it is a list.
 * @throws EngineError `ARGUMENT` for weights without a target.
 * @example utils.packXYSampleWeight(x, y); // [x, y]
 */
export function packXYSampleWeight(x: Data, y?: Data, sampleWeight?: Data): Packed {
  if (sampleWeight !== undefined && y === undefined)
    throw expected('packXYSampleWeight', 'y where there is sampleWeight', y);
  if (y === undefined) return Array.isArray(x) ? [x as Data] : (x as Exclude<Data, readonly unknown[]>);
  return sampleWeight === undefined ? [x, y] : [x, y, sampleWeight];
}

/**
 * The parts of a batch, such as in a training loop over the batches that `fit` takes. https://keras.io/api/utils/
 *
 * @param data [x], [x, y] or [x, y, sampleWeight]; what is no list is x.
 * @returns [x, y, sampleWeight], undefined for what the batch does not have.
 * @throws EngineError `ARGUMENT` for a list of another length.
 * @example const [x, y, sampleWeight] = utils.unpackXYSampleWeight([[[1, 2]], [3]]); // sampleWeight: undefined
 */
export function unpackXYSampleWeight(
  data: Packed,
): [x: Data, y: Data | undefined, sampleWeight: Data | undefined] {
  if (!Array.isArray(data)) return [data as Data, undefined, undefined];
  const parts = data as readonly Data[];
  const [x, y, sampleWeight] = parts;
  if (x === undefined || parts.length > 3)
    throw expected('unpackXYSampleWeight', '[x], [x, y] or [x, y, sampleWeight]', data);
  return [x, y, sampleWeight];
}
