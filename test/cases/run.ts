/** Runs rows of the op case tables through the public ops and compares with the stored numbers. */
import { itemAt } from '../../lib/base/list.js';
import { readdirSync } from 'node:fs';
import { type Fetched, type Sym, type Tensor, compile, grad, ops, tensor } from 'nodegrad';
import { expect } from 'vitest';
import { type Numbers, type Stored, readFixture, worst } from '../fixtures/read.js';
import { allOps } from '../support/ops.js';
import { compositions } from './compositions.js';
import { linalg } from './linalg.js';
import { signals } from './signals.js';

export interface Case {
  name: string;
  op: string;
  args: unknown[];
  list: boolean;
  inputs: Stored[];
  y: Stored;
  /** The rest only where there are gradients. wrt: the inputs with one. */
  wrt?: number[];
  smooth: boolean;
  r: Stored;
  directions: Stored[];
  gradients: Stored[];
  second: Stored[];
}

/** The tables, by the names of their files here, with the numbers that were made from each. */
export const tables = readdirSync(new URL('.', import.meta.url))
  .filter((file) => /^ops.*\.json$/.test(file))
  .map((file) => {
    const { table: hash, entries } = readFixture(file.replace('.json', '')) as {
      table: string;
      entries: Case[];
    };
    return { file, hash, entries };
  });

export const cases: readonly Case[] = tables.flatMap(({ entries }) => entries);

/**
 * How far a number may be from PyTorch's float64, as a share of max(1, |expected|). float32 has 1.2e-7 between neighbours near 1:
 * an element-wise op and its derivatives get eight of them, which covers an exp or a division within them but no
 * approximation of lower degree. Sums (convolutions, matrices, reductions and all that ends in them) round once a term; the
 * table's have up to 1,200 terms in any order.
 */
const ELEMENTWISE = 1e-6;
const SUMS = 1e-5;
const SUMMING =
  /^(conv|depthwise|upSampling|matmul|average|separable|sum|mean|prod|softmax|logSoftmax|.*CrossEntropy|flatten|pool|dense|residual|branches|batchNorm|layerNorm|rmsNorm|groupNorm|einsum|dotProduct|adaptive|moments|linalg|norm|pinv|lstsq|cholesky|solve|fft|signals|lstm|gru|simpleRnn)/;

/** Finite differences: steps of H and 2 H on both sides, which cancel all error terms below H⁴. */
const H = 0.02;

type Loose = (...args: unknown[]) => Sym;

/** What a row's op gives. */
export function call(row: Case, inputs: readonly Sym[]): Sym {
  const fn = (
    { ...allOps, ...compositions, ...linalg, ...signals } as unknown as Record<string, Loose | undefined>
  )[row.op];
  if (!fn) throw new Error(`The table names an op that does not exist: ${row.op}`);
  return fn(...(row.list ? [inputs] : inputs), ...row.args);
}

const toTensor = ({ data, shape, dtype }: Stored) => tensor(data, shape, dtype);

async function same(actual: Tensor, expected: Stored, bound: number, what: string): Promise<void> {
  expect(actual.dtype, `${what}: dtype`).toBe(expected.dtype);
  expect([...actual.shape], `${what}: shape`).toEqual(expected.shape);
  const scale = (i: number) => Math.max(1, Math.abs(itemAt(expected.data, i)));
  const exact = expected.dtype !== 'float32';
  expect(worst(await actual.data(), expected.data, scale), what).toBeLessThanOrEqual(exact ? 0 : bound);
}

/** Makes a function of tensors from one of symbolic values. */
export type Compile = <R>(fn: (...xs: Sym[]) => R) => (...feeds: Tensor[]) => Promise<Fetched<R>>;

/** One case: the result; the gradients with it; the gradients of gradients; finite differences. */
export async function check(row: Case): Promise<void> {
  const { inputs, forward, gradients } = await checkNumbers(row, compile);
  if (!row.wrt || !row.smooth) return;
  for (const [k, gradient] of gradients.entries())
    await alongDirection(
      row,
      itemAt(row.wrt, k),
      itemAt(row.directions, k).data,
      await gradient.data(),
      inputs,
      forward,
    );
}

/** The stored numbers of one case: the result; the gradients with it; the gradients of gradients. */
export async function checkNumbers(row: Case, compile: Compile) {
  const count = row.inputs.length;
  const bound = SUMMING.test(row.op) || row.inputs.some(broadcasts(row)) ? SUMS : ELEMENTWISE;
  const inputs = row.inputs.map(toTensor);
  const forward = compile((...xs) => ({ y: call(row, xs) }));
  await same((await forward(...inputs)).y, row.y, bound, 'y');
  const { wrt } = row;
  if (!wrt) return { inputs, forward, gradients: [] };

  const r = toTensor(row.r);
  const gradientsOf = (xs: readonly Sym[], seed: Sym) => {
    const y = call(row, xs);
    return {
      y,
      gradients: grad(
        ops.sum(ops.multiply(y, seed)),
        wrt.map((i) => itemAt(xs, i)),
      ),
    };
  };
  const first = compile((...args) => gradientsOf(args.slice(0, count), itemAt(args, count)));
  const { y, gradients } = await first(...inputs, r);
  await same(y, row.y, bound, 'y beside its gradients');
  for (const [k, gradient] of gradients.entries())
    await same(gradient, itemAt(row.gradients, k), bound, `gradient of input ${wrt[k]}`);

  const second = compile((...args) => {
    const xs = args.slice(0, count);
    const seed = itemAt(args, count);
    const products = gradientsOf(xs, seed).gradients.map((g, k) =>
      ops.sum(ops.multiply(g, itemAt(args, count + 1 + k))),
    );
    const h = products.reduce((a, b) => ops.add(a, b));
    return grad(h, [...wrt.map((i) => itemAt(xs, i)), seed]);
  });
  for (const [k, gradient] of (await second(...inputs, r, ...row.directions.map(toTensor))).entries())
    await same(
      gradient,
      itemAt(row.second, k),
      2 * bound,
      `gradient of the gradients of ${k < wrt.length ? `input ${wrt[k]}` : 'r'}`,
    );
  return { inputs, forward, gradients };
}

/** Whether an input is smaller than the result, so that its gradient is a sum over broadcast places. */
function broadcasts(row: Case) {
  return (input: Stored) => input.data.length < row.y.data.length;
}

/**
 * The gradient's component along a direction d against (8 (f(H) − f(−H)) − (f(2H) − f(−2H))) / 12 H for f(t) = sum of r · y(x + t d).
 * f is summed in float64, so what it errs by is the rounding of y and of x: a few units of 2⁻²⁴ for each place, of random sign. They
 * pass through a factor of at most 1.5 / H. On top comes the term of H⁴ f⁽⁵⁾ / 30, for which 1e-4 of the gradient's size is allowed.
 */
async function alongDirection(
  row: Case,
  index: number,
  direction: Numbers,
  gradient: Numbers,
  inputs: readonly Tensor[],
  forward: (...xs: Tensor[]) => Promise<{ y: Tensor }>,
): Promise<void> {
  const { data, shape } = itemAt(row.inputs, index);
  const values = async (t: number) => {
    const moved = tensor(
      data.map((x, i) => x + t * itemAt(direction, i)),
      shape,
    );
    return (await forward(...inputs.map((x, i) => (i === index ? moved : x)))).y.data();
  };
  const [a, b, c, d] = [await values(H), await values(-H), await values(2 * H), await values(-2 * H)];
  let difference = 0;
  let rounding = 0;
  for (let i = 0; i < a.length; i++) {
    const weight = itemAt(row.r.data, i);
    difference += (weight * (8 * (a[i]! - b[i]!) - (c[i]! - d[i]!))) / (12 * H);
    rounding += (weight * Math.max(Math.abs(a[i]!), 0.1)) ** 2;
  }
  let along = 0;
  let size = 0;
  for (let i = 0; i < gradient.length; i++) {
    along += itemAt(gradient, i) * itemAt(direction, i);
    size += Math.abs(itemAt(gradient, i) * itemAt(direction, i));
    rounding += (itemAt(gradient, i) * itemAt(data, i)) ** 2;
  }
  const bound = ((8 * 1.5) / H) * 2 ** -24 * Math.sqrt(rounding) + 1e-4 * size;
  expect(
    Math.abs(difference - along),
    `finite differences of input ${index}: ${difference}, gradient ${along}`,
  ).toBeLessThanOrEqual(bound);
}
