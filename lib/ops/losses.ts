import { mismatch } from '../base/checks.js';
import { asSym } from './composed.js';
import { type Operand, type Outcome, apply, indexOperand, typeOf } from '../core/apply.js';
import { square, cast } from './unary.js';
import { subtract } from './binary.js';
import { mean } from './reduce.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';

/**
 * The cross-entropy of the softmax of logits, over the last axis.
 *
 * @param logits float32 [..., classes].
 * @param labels Probabilities of the logits' shape, or class numbers (int32, uint8) of the shape without its last axis.
 * @returns [...], one loss a row.
 * @throws EngineError `SHAPE` for labels of another shape; `ARGUMENT` (when read) for a class number out of range.
 */
export const softmaxCrossEntropy = op(
  'softmaxCrossEntropy',
  <X extends Operand, Y extends Operand>(logits: X, labels: Y): Outcome<X | Y> => {
    const { dtype, shape } = typeOf(labels);
    const rank = typeOf(logits).shape.length;
    const classes = dtype === 'int32' || dtype === 'uint8';
    if (classes && shape.length === rank - 1) return sparseSoftmaxCrossEntropy(logits, labels);
    if (shape.length !== rank) {
      throw mismatch(
        'softmaxCrossEntropy',
        `labels [${typeOf(logits).shape.join(', ')}], or class numbers (int32 or uint8) without the last axis`,
        `${dtype} [${shape.join(', ')}]`,
        'SHAPE',
      );
    }
    return apply('softmaxCrossEntropy', [logits, floating(labels)]) as Outcome<X | Y>;
  },
);

/**
 * The cross-entropy of the softmax of logits with class numbers.
 *
 * @param logits float32 [..., classes].
 * @param labels int32 or uint8 [...].
 * @returns [...], one loss a row.
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) for a class number out of range.
 */
export const sparseSoftmaxCrossEntropy = op(
  'sparseSoftmaxCrossEntropy',
  <X extends Operand, Y extends Operand>(logits: X, labels: Y): Outcome<X | Y> => {
    return apply('sparseSoftmaxCrossEntropy', [logits, indexOperand(labels)], {}, 'float32');
  },
);

/**
 * The cross-entropy of the sigmoid of logits with labels between 0 and 1, element by element.
 *
 * @param logits float32 of any shape.
 * @param labels Of the same shape.
 */
export const sigmoidCrossEntropy = op(
  'sigmoidCrossEntropy',
  <X extends Operand, Y extends Operand>(logits: X, labels: Y): Outcome<X | Y> => {
    return apply('sigmoidCrossEntropy', [logits, floating(labels)]) as Outcome<X | Y>;
  },
);

/** The mean of (a − b)² over the last axis: [..., n] to [...]. */
export const meanSquaredError = op(
  'meanSquaredError',
  <A extends Operand, B extends Operand>(a: A, b: B): Outcome<A | B> => {
    return mean(square(subtract(floating(a), floating(b))), { axis: -1 }) as Outcome<A | B>;
  },
);

function floating(value: Operand): Sym {
  return typeOf(value).dtype === 'float32' ? asSym(value) : cast(asSym(value), 'float32');
}
