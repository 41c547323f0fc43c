import { type Operand, type Outcome, apply } from './apply.js';

export interface MatmulOptions {
  transposeA?: boolean;
  transposeB?: boolean;
}

/**
 * The matrix product over the last two axes; leading axes broadcast.
 *
 * @param a float32 [..., n, k] (with `transposeA`: [..., k, n]).
 * @param b float32 [..., k, m] (with `transposeB`: [..., m, k]).
 * @returns [..., n, m].
 * @throws EngineError `SHAPE` for ranks below 2 or inner sizes that differ.
 */
export function matmul<A extends Operand, B extends Operand>(
  a: A,
  b: B,
  options: MatmulOptions = {},
): Outcome<A | B> {
  const { transposeA = false, transposeB = false } = options;
  return apply<A | B>('matmul', [a, b], { transposeA, transposeB });
}
