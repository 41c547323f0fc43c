/** Weights under an optimizer that is given the gradients. */
import { itemAt } from '../../lib/base/list.js';
import { compile } from '../../lib/core/compile.js';
import type { Sym } from '../../lib/core/sym.js';
import { tensor } from '../../lib/core/tensor.js';
import { variable } from '../../lib/core/variable.js';
import type { Optimizer } from '../../lib/optimizers/index.js';

const STEPS = 10;
/** Half a unit in the last place of 1, in float32. */
const U = 2 ** -24;
const SHAPES = [[33, 5], [7]];

/** Numbers from -1 to 1 that repeat only after many. */
const numbers = (length: number, start: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + start) + 1));
const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b);
export const largest = (values: readonly number[]) =>
  values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

export interface Trained {
  /** The weights, then the slots. */
  readonly values: readonly { readonly name: string; readonly data: readonly number[] }[];
  /** The largest change of a weight in a step. */
  readonly change: number;
}

/** Trains two weights for ten steps, on the same gradients each time. */
export async function trained(optimizer: Optimizer): Promise<Trained> {
  const weights = SHAPES.map((shape, k) => variable(tensor(numbers(sizeOf(shape), k), shape)));
  const step = compile((...gs: Sym[]) => ({
    ...optimizer.applyGradients(gs.map((g, k) => [g, itemAt(weights, k)] as const)),
  }));
  let change = 0;
  for (let t = 1; t <= STEPS; t++) {
    const before = weights.map((w) => [...w.dataSync()]);
    await step(...SHAPES.map((shape, k) => tensor(numbers(sizeOf(shape), 100 * t + k), shape)));
    weights.forEach((w, k) => {
      change = Math.max(change, largest([...w.dataSync()].map((x, i) => x - itemAt(itemAt(before, k), i))));
    });
  }
  const all = [...weights, ...optimizer.variables.filter(({ name }) => name.includes('/'))];
  return { values: all.map((v) => ({ name: v.name, data: [...v.dataSync()] })), change };
}

/** By how much value `v` of two trainings that round in other places may differ. */
export function boundOf({ values, change }: Trained, v: number): number {
  const { data } = itemAt(values, v);
  // A step rounds a slot at most 8 times, and each of its later values keeps those errors: after 10 steps 80 of them, on either side.
  const inSteps = 2 * 8 * STEPS * U;
  if (v >= SHAPES.length) return inSteps * largest(data);
  // It rounds a weight twice, by the decay and the change, which brings the errors of the slots.
  return STEPS * (2 * 2 * U * largest(data) + inSteps * change);
}
