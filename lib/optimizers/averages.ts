import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';

/** The running mean after one more value, of which each step keeps the share `keep`: keep · mean + (1 − keep) · value. @internal */
export const runningMean = (mean: Sym, value: Sym, keep: number): Sym =>
  ops.add(mean, ops.multiply(ops.subtract(value, mean), 1 - keep));

/**
 * 1 − share^step: what a running mean that began at 0 has seen of its values.
 *
 * @internal
 */
export function seenOf(share: number, step: Sym): Sym {
  // elu is eˣ − 1 below 0 and exact near it, where 1 − shareˢᵗᵉᵖ would keep few digits: at a share of 0.999 it begins with 0.001.
  const exponent = ops.multiply(step, Math.log(Math.max(share, Number.MIN_VALUE)));
  return ops.negative(ops.elu(exponent));
}
