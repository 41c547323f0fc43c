import { type OptionNames, expected, integer, knownOptions, wrongShape } from '../base/checks.js';
import { type Operand, type Outcome, indexOperand, typeOf } from '../core/apply.js';
import { NDArray } from '../core/ndarray.js';
import { op } from '../core/op.js';
import { logsumexp } from './arithmetic.js';
import {
  add,
  equal,
  greater,
  less,
  logicalAnd,
  logicalOr,
  maximum,
  multiply,
  notEqual,
  subtract,
  where,
} from './binary.js';
import { gather } from './gather.js';
import { scan } from './control/loops.js';
import { asSym } from './composed.js';
import { expandDims, reshape, transpose } from './shape.js';
import { pad } from './pad.js';
import { slice, stack } from './slice.js';
import { logSoftmax } from './softmax.js';
import { toFloat32 } from './toFloat32.js';
import { cast, negative } from './unary.js';
import type { Sym } from '../core/sym.js';

/** What `ops.ctcLoss` takes. */
export interface CtcLossOptions {
  /** The class that stands for no label. Default 0. */
  maskIndex?: number;
}

const ctcLossNames = { maskIndex: 'optional' } satisfies OptionNames<CtcLossOptions>;

/** The logarithm of what cannot be: so low that it adds nothing, and finite, so that its gradient is 0. */
const NEVER = -1e30;

/** Numbers of the states, one place further for each state, with NEVER before them. */
function shifted(x: Sym, by: number, states: number): Sym {
  const padded = pad(
    x,
    [
      [0, 0],
      [by, 0],
    ],
    { constantValues: NEVER },
  );
  return slice(padded, [0, 0], [-1, states]);
}

/**
 * The connectionist temporal classification loss: minus the logarithm of the probability that the steps, without repeated classes and
 * then without `maskIndex`, are the labels. Graves et al., Connectionist temporal classification, 2006. https://keras.io/api/ops/nn/
 *
 * @param target int32 [n, labels], of known length; what comes after a sample's `targetLength` does not count, but is a class or negative.
 * @param output Logits [n, steps, classes]; the steps are a loop, of any number.
 * @param targetLength int32 [n].
 * @param outputLength int32 [n].
 * @returns float32 [n]; infinite where the steps are too few for the labels.
 * @throws EngineError `SHAPE`; `ARGUMENT` (when read) for a label that is no class.
 */
export const ctcLoss = op(
  'ctcLoss',
  <X extends Operand>(
    target: Operand,
    output: X,
    targetLength: Operand,
    outputLength: Operand,
    options: CtcLossOptions = {},
  ): Outcome<X> => {
    knownOptions('ctcLoss', options, ctcLossNames);
    const blank = integer('ctcLoss', 'maskIndex', options.maskIndex ?? 0, 0);
    const labels = indexOperand(target);
    const [given, shape] = [typeOf(labels).shape, typeOf(output).shape];
    const [n = -1, labelCount = -1] = given;
    if (given.length !== 2 || labelCount < 0)
      throw wrongShape('ctcLoss', 'labels [n, labels] of known length', given);
    const [, steps = -1, classCount = -1] = shape;
    if (shape.length !== 3 || steps === 0 || classCount < 1)
      throw wrongShape('ctcLoss', 'logits [n, steps, classes], at least one step', shape);
    if (blank >= classCount) throw expected('ctcLoss', `a maskIndex below ${classCount}`, blank);
    const lengthsOf = (given: Operand): Sym => {
      const lengths = asSym(indexOperand(given));
      if (typeOf(lengths).shape.length !== 1)
        throw wrongShape('ctcLoss', 'lengths [n]', typeOf(lengths).shape);
      return expandDims(lengths, 1);
    };
    const [labelLengths, stepLengths] = [lengthsOf(targetLength), lengthsOf(outputLength)];
    // The states: a blank, the first label, a blank, …, the last label, a blank.
    const states = 2 * labelCount + 1;
    const spaced = stack([add(multiply(labels, 0), blank), maximum(labels, 0)], { axis: 2 });
    const extended = pad(
      reshape(cast(spaced, 'float32'), [n, 2 * labelCount]),
      [
        [0, 0],
        [0, 1],
      ],
      { constantValues: blank },
    );
    const classes = cast(extended, 'int32');
    const place = (of: (i: number) => number) =>
      new NDArray(
        Int32Array.from({ length: states }, (_, i) => of(i)),
        [states],
      );
    const index = place((i) => i);
    // From the state two before, past a blank, where the label is another one than there.
    const before = shifted(asSym(extended), 2, states);
    const mayPass = logicalAnd(notEqual(extended, blank), notEqual(extended, before));
    const logits = logSoftmax(toFloat32(output));
    const each = gather(logits, classes, { axis: 2, batchDims: 1 });
    // Before the first step all is in the first blank, from which only it and the first label are reached.
    const before0 = add(multiply(toFloat32(labelLengths), 0), where(less(index, 1), 0, NEVER));
    const [{ sums }] = scan(
      (carry, at) => {
        const passed = where(asSym(mayPass), shifted(carry.sums, 2, states), NEVER);
        const reached = logsumexp(stack([carry.sums, shifted(carry.sums, 1, states), passed]), { axis: 0 });
        const counts = greater(asSym(stepLengths), carry.step);
        return [{ sums: where(counts, add(reached, at), carry.sums), step: add(carry.step, 1) }, null];
      },
      { sums: asSym(before0), step: asSym(indexOperand(0)) },
      transpose(asSym(each), [1, 0, 2]),
    );
    // It ends in the last label or the blank after it.
    const end = multiply(labelLengths, 2);
    const last = logicalOr(equal(index, end), equal(index, subtract(end, 1)));
    const total = logsumexp(where(last, sums, NEVER), { axis: 1 });
    return negative(where(less(total, NEVER / 2), -Infinity, total)) as Outcome<X>;
  },
);
