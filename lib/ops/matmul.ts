import { type OptionNames, knownOptions } from '../base/checks.js';
import { type Operand, type Outcome, promote } from '../core/apply.js';
import { op } from '../core/op.js';

/** What `ops.matmul` takes. */
export interface MatmulOptions {
  /** Take a's last two axes in the other order. Default false. */
  transposeA?: boolean;
  /** Take b's last two axes in the other order. Default false. */
  transposeB?: boolean;
}

const matmulNames = { transposeA: 'boolean', transposeB: 'boolean' } satisfies OptionNames<MatmulOptions>;

/**
 * The matrix product over the last two axes; leading axes broadcast.
 *
 * @param a [..., n, k] (with `transposeA`: [..., k, n]). One of the two is float32; the other one is cast to it.
 * @param b [..., k, m] (with `transposeB`: [..., m, k]).
 * @returns [..., n, m].
 * @throws EngineError `SHAPE` for ranks below 2 or inner sizes that differ; `DTYPE` where none is float32.
 */
export const matmul = op(
  'matmul',
  <A extends Operand, B extends Operand>(a: A, b: B, options: MatmulOptions = {}): Outcome<A | B> => {
    knownOptions('matmul', options, matmulNames);
    const { transposeA = false, transposeB = false } = options;
    return promote<A | B>('matmul', [a, b], { transposeA, transposeB });
  },
);
