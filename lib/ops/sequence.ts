import { EngineError } from '../errors.js';
import { type Operand, type Outcome, apply, typeOf } from './apply.js';
import { add } from './binary.js';
import { matmul } from './matmul.js';
import { reshape } from './shape.js';

/** x · kernel + bias for every step of x [n, steps, features], as one product over all rows. @internal */
export function projected<X extends Operand, W extends Operand>(
  op: string,
  x: X,
  kernel: W,
  bias: W | undefined,
): Outcome<X | W> {
  const { shape } = typeOf(x);
  const [features, columns] = typeOf(kernel).shape;
  if (shape.length !== 3 || shape[2] !== features) {
    throw new EngineError(
      'SHAPE',
      `[${op}] expected a sequence [n, steps, ${features}] for a kernel of ${features} rows, received [${shape.join(', ')}]`,
    );
  }
  const flat: Operand = matmul(reshape(x, [-1, features]), kernel);
  const rows: Operand = bias === undefined ? flat : add(flat, bias);
  const [n, steps] = shape;
  return (
    n < 0 && steps < 0
      ? apply<Operand>('reshapeLike', [rows, matmul(x, kernel)]) // the second for its shape alone
      : reshape(rows, [n, steps, columns])
  ) as Outcome<X | W>;
}
