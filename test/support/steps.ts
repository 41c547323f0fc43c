import { itemAt } from '../../lib/base/list.js';
import type { layers } from '../../lib/index.js';

/** Numbers that look random, from -1 to 1. */
export const numbers = (count: number, phase = 0) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * 12.9898 + phase));

/** The numbers of a model's weights. */
export const weightsOf = async (model: layers.Layer) =>
  (await model.getWeights()).map(({ data }) => Array.from(data as Float32Array));

/** Largest difference of two lists of arrays. */
export const apart = (a: number[][], b: number[][]) =>
  Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - itemAt(itemAt(b, i), j)))));
