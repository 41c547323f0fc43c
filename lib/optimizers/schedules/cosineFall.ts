import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';

/** 1 / (n (n − 1)) for n = 13, 11, …, 3: each term of the sine's series by the one before it. */
const STEPS = [13, 11, 9, 7, 5, 3].map((n) => 1 / (n * (n - 1)));

/**
 * (1 + cos(π · done)) / 2, from 1 at the start to 0 at the end: sin² of the quarter turn that is left. The series is off by less than
 * (π / 2)^15 / 15! = 7e-10.
 *
 * @param done The share of the way, from 0 to 1.
 */
export function cosineFall(done: Sym): Sym {
  const angle = ops.multiply(ops.subtract(1, done), Math.PI / 2);
  const square = ops.square(angle);
  let series: Sym | undefined;
  for (const step of STEPS) series = ops.subtract(1, ops.multiply(ops.multiply(square, step), series ?? 1));
  return ops.square(ops.multiply(angle, series!));
}
