import { mnist } from './mnist.js';

export { NDArray } from './ndarray.js';
export type { NDArrayData, NDArrayType } from './ndarray.js';
export type { LabelledImages, Mnist, MnistOptions } from './mnist.js';

/** Ready-made data sets, each a function that resolves to arrays in memory. */
export const datasets = { mnist };
