/** Functions on the CPU and on the emulated GPU, and how far their results differ. */
import { expect } from 'vitest';
import { itemAt } from '../../../lib/base/list.js';
import { type Sym, type Tensor, compile, tensor } from '../../../lib/index.js';
import { largest } from '../../support/updates.js';

type Args = readonly Tensor[];

const filled = (shape: readonly number[], of: (i: number) => number) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => of(i)),
    shape,
  );

/** Numbers from -1 to 1, each time the same. */
export const numbers = (...shape: readonly number[]) => filled(shape, (i) => Math.sin(1 + 3 * i));

/** Whole numbers from -50 to 50, many of them equal, each time the same: their sums are exact in any order. */
export const wholeNumbers = (...shape: readonly number[]) => filled(shape, (i) => ((i * 7919) % 101) - 50);

/** A function's results on the CPU and on the GPU, one after another. */
export async function onBoth<A extends Sym[]>(
  fn: (...args: A) => Sym | Sym[],
  ...args: Args
): Promise<[there: number[], here: number[]]> {
  const [there = [], here = []] = await Promise.all(
    (['cpu', 'cuda'] as const).map(async (device) => {
      const results = await compile((...xs: Sym[]) => [fn(...(xs as A))].flat(), { device })(...args);
      return results.flatMap((result) => [...result.dataSync()]);
    }),
  );
  expect(here.length).toBe(there.length);
  return [there, here];
}

/** By how much the results differ, as a share of max(1, |number|). */
export async function apart<A extends Sym[]>(
  fn: (...args: A) => Sym | Sym[],
  ...args: Args
): Promise<number> {
  const [there, here] = await onBoth(fn, ...args);
  expect(largest(there)).toBeGreaterThan(0);
  return largest(there.map((y, i) => (y - itemAt(here, i)) / Math.max(1, Math.abs(y))));
}

/** A sum of n products of numbers up to 1 rounds n times on the CPU and once here, by less than half a unit of what it may be. */
export const boundOf = (n: number) => (n + 1) * n * 2 ** -24;
