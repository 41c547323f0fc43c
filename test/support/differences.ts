// Derivatives against finite differences: those of results, and those of the sum of the squares of first derivatives.
import { expect } from 'vitest';
import { itemAt, sizeOf } from '../../lib/base/list.js';
import {
  type Sym,
  type Tensor,
  type Variable,
  compile,
  grad,
  ops,
  setSeed,
  tensor,
} from '../../lib/index.js';

/** Steps of H and 2 H on both sides, which cancel the terms of the differences up to H³. */
const H = 2 ** -6;

/** What a number of a result or a gradient errs by, as a share of its tensor's greatest, or of 1: 16 roundings of float32. */
const ROUNDING = 16 * 2 ** -24;

/** What the term of H⁴ and the rounding of the derivative itself are, as a share of the absolute values that are added up. */
const SHARE = 1e-3;

/** Numbers from -1 to 1, others for each phase. */
export const waves = (shape: readonly number[], phase: number) =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.cos(phase + 2.3 * i)),
    [...shape],
  );

/** How far each number moves along the one direction, of the tensor of an index: from -1 to 1, times the step. */
const directionAt = (tensorIndex: number, i: number) => Math.cos(5.1 + tensorIndex + 2.3 * i);

/** Numbers in no order, which all are further from each other, and from those of the next phase, than any step moves them. */
export function apart(shape: readonly number[], phase: number): Tensor {
  const size = sizeOf(shape);
  const places = Float32Array.from({ length: size }, (_, i) => i);
  // A stride without a common factor goes through all places.
  const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b));
  let stride = Math.max(1, Math.floor(size * 0.618));
  while (common(stride, size) > 1) stride++;
  return tensor(
    places.map((i) => (((i * stride) % size) - size / 2 + phase / 2) * 10 * H),
    [...shape],
  );
}

export interface DerivativeOptions {
  /** Where the weights begin, and are again in the end. Default: none. */
  readonly weights?: readonly Variable[];
  /** Inputs that have no gradient, before the others. */
  readonly fixed?: readonly Tensor[];
}

/** A value at a place, and what rounding does to it: one deviation, as the signs of roundings are random. */
interface Measured {
  value: number;
  noise: number;
}
type Numbers = ArrayLike<number>;

/** A sum over tensors, where `of` gives what a number adds and its derivative. */
function summed(
  tensors: readonly Numbers[],
  of: (x: number, tensorIndex: number, i: number) => [number, number],
): Measured {
  let [value, noise] = [0, 0];
  tensors.forEach((numbers, k) => {
    const values = Array.from(numbers);
    const most = values.reduce((so, x) => Math.max(so, Math.abs(x)), 1);
    values.forEach((x, i) => {
      const [part, slope] = of(x, k, i);
      value += part;
      noise += (slope * most * ROUNDING) ** 2;
    });
  });
  return { value, noise: Math.sqrt(noise) };
}

/** A gradient's component along the direction against (8 (f(H) − f(−H)) − (f(2H) − f(−2H))) / 12 H. */
function compare(
  what: string,
  [a, b, c, d]: readonly [Measured, Measured, Measured, Measured],
  gradient: readonly Numbers[],
): void {
  const difference = (8 * (a.value - b.value) - (c.value - d.value)) / (12 * H);
  let [along, size] = [0, 0];
  gradient.forEach((numbers, k) => {
    Array.from(numbers).forEach((value, i) => {
      along += value * directionAt(k, i);
      size += Math.abs(value * directionAt(k, i));
    });
  });
  const noise = Math.max(a.noise, b.noise, c.noise, d.noise);
  // Noise passes through the differences with a factor of at most 1.5 / H; four deviations are met once in 10,000.
  const bound = ((4 * 1.5) / H) * noise + SHARE * size;
  expect(
    Math.abs(difference - along),
    `${what}: differences ${difference}, derivative ${along}`,
  ).toBeLessThanOrEqual(bound);
}

/**
 * Compares along one direction, in which all inputs and weights move at once. A function is made anew for each place, so that
 * what draws with a seed draws the same.
 *
 * @param f Its results, from the fixed inputs and the others.
 */
export async function expectDerivatives(
  f: (...xs: Sym[]) => Sym | readonly Sym[],
  xs: readonly Tensor[],
  { weights = [], fixed = [] }: DerivativeOptions = {},
): Promise<void> {
  const starts = await Promise.all(
    [...xs, ...weights].map(async (one) => ({
      data: Float32Array.from(await one.data()),
      shape: [...one.shape],
    })),
  );
  const seedOf = (y: Sym, i: number) => waves(y.shape, 0.7 + i);
  /** The results, and the gradients of their sum, each number times another. */
  const first = (all: readonly Sym[]) => {
    const made = f(...all);
    const results: readonly Sym[] = Array.isArray(made) ? made : [made as Sym];
    const by = [...all.slice(fixed.length), ...weights];
    const loss = results
      .map((y, i) => ops.sum(ops.multiply(y, seedOf(y, i))))
      .reduce((a, b) => ops.add(a, b));
    return { by, results, gradients: grad(loss, by) };
  };
  const place = (t: number) => {
    const all = starts.map(({ data, shape }, k) =>
      tensor(
        data.map((value, i) => value + t * directionAt(k, i)),
        shape,
      ),
    );
    for (const [i, weight] of weights.entries()) weight.assign(itemAt(all, xs.length + i));
    return [...fixed, ...all.slice(0, xs.length)];
  };
  const numbersOf = (tensors: readonly Tensor[]) => Promise.all(tensors.map((one) => one.data()));
  const at = async (t: number) => {
    setSeed(1);
    const run = compile((...all: Sym[]) => {
      const { results, gradients } = first(all);
      return { results, gradients };
    });
    const { results, gradients } = await run(...place(t));
    const seeds = results.map((y, k) =>
      Array.from({ length: sizeOf(y.shape) }, (_, i) => Math.cos(0.7 + k + 2.3 * i)),
    );
    return {
      gradients: await numbersOf(gradients),
      first: summed(await numbersOf(results), (y, k, i) => [y * seeds[k]![i]!, seeds[k]![i]!]),
      second: summed(await numbersOf(gradients), (g) => [g * g, 2 * g]),
    };
  };
  const around = [await at(H), await at(-H), await at(2 * H), await at(-2 * H)] as const;
  const [a, b, c, d] = around;
  compare('first derivative', [a.first, b.first, c.first, d.first], (await at(0)).gradients);
  setSeed(1);
  const twice = compile((...all: Sym[]) => {
    const { by, gradients } = first(all);
    return grad(
      gradients.map((g) => ops.sum(ops.square(g))).reduce((a, b) => ops.add(a, b)),
      by,
    );
  });
  compare(
    'second derivative',
    [a.second, b.second, c.second, d.second],
    await numbersOf(await twice(...place(0))),
  );
}
