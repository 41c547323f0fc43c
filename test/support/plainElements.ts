// Elements of a dataset as plain values, which tests compare.
import { Dataset, NDArray } from 'nodegrad';

/** Arrays as [dtype, shape, numbers], within lists and records. */
const plain = (element: unknown): unknown =>
  element instanceof NDArray
    ? [element.dtype, element.shape, [...element.data]]
    : Array.isArray(element)
      ? element.map(plain)
      : typeof element === 'object' && element !== null
        ? Object.fromEntries(Object.entries(element).map(([name, part]) => [name, plain(part)]))
        : element;

/** All elements. */
export const all = async (dataset: Dataset) => (await dataset.toArray()).map(plain);
