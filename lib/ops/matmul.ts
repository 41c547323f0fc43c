import { type Operand, type Outcome, promote } from './apply.js';

export interface MatmulOptions {
  transposeA?: boolean;
  transposeB?: boolean;
}

/**
 * The matrix product over the last two axes; leading axes broadcast.
 *
 * @param a [..., n, k] (with `transposeA`: [..., k, n]). One of the two is float32; the other one is cast to it.
 * @param b [..., k, m] (with `transposeB`: [..., m, k]).
 * @returns [..., n, m].
 * @throws EngineError `SHAPE` for ranks below 2 or inner sizes that differ; `DTYPE` where none is float32.
 */
export function matmul<A extends Operand, B extends Operand>(
  a: A,
  b: B,
  options: MatmulOptions = {},
): Outcome<A | B> {
  const { transposeA = false, transposeB = false } = options;
  return promote<A | B>('matmul', [a, b], { transposeA, transposeB });
}
