import { type OptionNames, knownOptions, wrongShape } from '../base/checks.js';
import { shapeText } from '../base/errors.js';
import { type Operand, type Outcome, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { axisOf } from './axis.js';
import { asSym, outcomeOf } from './composed.js';
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from './losses.js';
import { binaryEntropy, softmaxLogits, toLast } from './probabilities.js';
import { squeeze } from './shape.js';
import { toFloat32 } from './toFloat32.js';
import { toIndices } from './toIndices.js';

/** What `ops.binaryCrossentropy` takes. */
export interface BinaryCrossentropyOptions {
  /** Whether the outputs are logits, any numbers, instead of probabilities. Default false. */
  fromLogits?: boolean;
}

/** What `ops.categoricalCrossentropy` and `ops.sparseCategoricalCrossentropy` take. */
export interface CategoricalCrossentropyOptions extends BinaryCrossentropyOptions {
  /** The axis of the classes; negative ones count from the end. Default -1. */
  axis?: number;
}

const binaryNames = { fromLogits: 'boolean' } satisfies OptionNames<BinaryCrossentropyOptions>;
const categoricalNames = {
  ...binaryNames,
  axis: 'optional',
} satisfies OptionNames<CategoricalCrossentropyOptions>;

const mayBe = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n < 0 || [-1, n].includes(b[i] ?? n));

function checkTarget(who: string, target: Operand, shape: readonly number[]): void {
  const given = typeOf(target).shape;
  if (!mayBe(given, shape)) throw wrongShape(who, `targets ${shapeText(shape)} for the output`, given);
}

/**
 * The cross-entropy of yes-or-no targets y with probabilities p, −y·log(p) − (1 − y)·log(1 − p), number by number. The output of a
 * `sigmoid` is computed from its logits, which loses no digits; other probabilities are cut to [1e-7, 1 − 1e-7].
 * https://keras.io/api/ops/nn/
 *
 * @param target Of the output's shape, any dtype.
 * @param output Probabilities, or logits.
 * @param options `fromLogits`: default false.
 * @returns float32 of that shape.
 * @throws EngineError `SHAPE` for targets of another shape.
 * @example ops.binaryCrossentropy([0, 1], [0.1, 0.8]);
 */
export const binaryCrossentropy = op(
  'binaryCrossentropy',
  <T extends Operand, P extends Operand>(
    target: T,
    output: P,
    options: BinaryCrossentropyOptions = {},
  ): Outcome<T | P> => {
    knownOptions('binaryCrossentropy', options, binaryNames);
    checkTarget('binaryCrossentropy', target, typeOf(output).shape);
    const { fromLogits = false } = options;
    return outcomeOf(binaryEntropy(toFloat32(asSym(target)), asSym(output), fromLogits).entropy);
  },
);

/** The logits along the last axis, and which axis they were. */
function logitsOf(who: string, output: Operand, options: CategoricalCrossentropyOptions): [Sym, number] {
  knownOptions(who, options, categoricalNames);
  const { shape } = typeOf(output);
  if (shape.length === 0) throw wrongShape(who, 'an output [..., classes]', shape);
  const axis = axisOf(who, options.axis ?? -1, shape.length);
  return [softmaxLogits(toFloat32(asSym(output)), options.fromLogits ?? false, axis), axis];
}

/**
 * The cross-entropy of one-hot targets y, or of any probabilities, with the probabilities p along an axis: −Σ y·log(p). The output of a
 * `softmax` is computed from its logits, which loses no digits; other probabilities are cut to [1e-7, 1 − 1e-7] and divided by their sum.
 * https://keras.io/api/ops/nn/
 *
 * @param target Of the output's shape, any dtype.
 * @param output Probabilities, or logits.
 * @param options `fromLogits`: default false. `axis`: that of the classes, default -1.
 * @returns float32 of the shape without that axis.
 * @throws EngineError `SHAPE` for targets of another shape; `ATTRIBUTE` for an axis that is not there.
 * @example ops.categoricalCrossentropy([[0, 1]], [[0.3, 0.7]]); // 0.357
 */
export const categoricalCrossentropy = op(
  'categoricalCrossentropy',
  <T extends Operand, P extends Operand>(
    target: T,
    output: P,
    options: CategoricalCrossentropyOptions = {},
  ): Outcome<T | P> => {
    const [logits, axis] = logitsOf('categoricalCrossentropy', output, options);
    checkTarget('categoricalCrossentropy', target, typeOf(output).shape);
    return outcomeOf(softmaxCrossEntropy(logits, toLast(toFloat32(asSym(target)), axis)));
  },
);

/**
 * The cross-entropy of class numbers with the probabilities p along an axis: −log(p[class]). All else as
 * {@link categoricalCrossentropy}. https://keras.io/api/ops/nn/
 *
 * @param target Whole numbers from 0 in any dtype, of the output's shape without the axis of the classes, or with size 1 there.
 * @param output Probabilities, or logits.
 * @param options `fromLogits`: default false. `axis`: that of the classes, default -1.
 * @returns float32 of the shape without that axis.
 * @throws EngineError `SHAPE` for targets of another shape; `ARGUMENT` (when read) for a class number out of range.
 * @example ops.sparseCategoricalCrossentropy([1], [[0.3, 0.7]]); // 0.357
 */
export const sparseCategoricalCrossentropy = op(
  'sparseCategoricalCrossentropy',
  <T extends Operand, P extends Operand>(
    target: T,
    output: P,
    options: CategoricalCrossentropyOptions = {},
  ): Outcome<T | P> => {
    const [logits, axis] = logitsOf('sparseCategoricalCrossentropy', output, options);
    const labels = asSym(indexOperand(target));
    const { shape } = typeOf(labels);
    const kept = shape.length === typeOf(output).shape.length;
    const numbers = toIndices(kept && shape[axis] === 1 ? squeeze(labels, axis) : labels);
    checkTarget('sparseCategoricalCrossentropy', numbers, typeOf(logits).shape.slice(0, -1));
    return outcomeOf(sparseSoftmaxCrossEntropy(logits, numbers));
  },
);
