import { isPlainObject } from '../../base/checks.js';
import { type Rows, lengthOfTensor, rowsOf, withoutTensors } from '../elements.js';
import type { Elements, Stage } from './stage.js';

/** The rows of arrays in memory: of one array, or of several in a list or record. */
export function fromArrays(given: readonly unknown[]): Stage<unknown> {
  const [first] = given;
  const several =
    given.length > 1 ? given : isListOfArrays(first) || isPlainObject(first) ? first : undefined;
  const rows = (arrays: unknown): Pick<Rows, 'length' | 'at'> => {
    const { length, at } = rowsOf('Dataset.fromArrays', arrays);
    return { length, at: several === undefined ? (row) => (at(row) as readonly unknown[])[0] : at };
  };
  const arrays = several ?? [first];
  const length = lengthOfTensor(arrays);
  // Tensors are read when they are needed: their numbers may still be on their way.
  let ready = length === undefined ? rows(arrays) : undefined;
  return {
    sources: [],
    size: () => ready?.length ?? length,
    async *open(_, from): Elements<unknown> {
      ready ??= rows(await withoutTensors(arrays));
      for (let i = from; i < ready.length; i++) yield ready.at(i);
    },
  };
}

/** A list of arrays, as against the rows of one. */
const isListOfArrays = (data: unknown): boolean =>
  Array.isArray(data) &&
  data.length > 0 &&
  data.every((item) => typeof item === 'object' && item !== null) &&
  !data.every(Array.isArray);
