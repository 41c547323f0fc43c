import { expected, wrongShape } from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import { type Operand, type Outcome, dtypeFor, symbolic, traceOf, typeOf } from '../../core/apply.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import type { Tensor } from '../../core/tensor.js';
import { Trace } from '../../core/trace.js';
import { less } from '../binary.js';
import { convertToNumpy } from '../creation.js';
import { reshape } from '../shape.js';
import {
  type LeavesOf,
  type Nest,
  type WithLeaves,
  checkFunction,
  filled,
  leavesOf,
  sameNest,
  symbolsOf,
  truth,
} from './nest.js';

type Branch = (...operands: readonly unknown[]) => unknown;

/**
 * What one of two functions gives; the other's values are not computed. https://keras.io/api/ops/core/
 *
 * Outside of traced functions the number is read, which blocks the event loop until it is there, and one function is called. In traced
 * ones both are called once, and each step runs one of the two; what they assign to variables holds where they run. Gradients go through
 * what ran.
 *
 * @param pred Whether it is `trueFn`: a boolean, or one number (0 is false).
 * @param trueFn Gives values, alone or nested in lists and records.
 * @param falseFn Gives values of the same form, dtypes and shapes.
 * @param operands What both functions get. Outputs of layers have to come this way; of other values they may also read what is around them.
 * @throws EngineError `ARGUMENT` for branches that give other forms, `DTYPE`, `SHAPE`.
 * @example ops.cond(ops.greater(ops.max(x), 1), () => ops.divide(x, ops.max(x)), () => x);
 */
export const cond = op(
  'cond',
  <P extends Operand, O extends Nest, R>(
    pred: P,
    trueFn: (...operands: WithLeaves<O, Sym>[]) => R,
    falseFn: (...operands: WithLeaves<O, Sym>[]) => unknown,
    ...operands: readonly O[]
  ): WithLeaves<R, Outcome<P | LeavesOf<O>>> => {
    checkFunction('cond', 'trueFn', trueFn);
    checkFunction('cond', 'falseFn', falseFn);
    const { trace, given, number } = choiceOf('cond', pred, operands);
    const then = () => (trueFn as unknown as Branch)(...given);
    const otherwise = () => (falseFn as unknown as Branch)(...given);
    const chosen =
      trace && number === undefined
        ? inTrace('cond', trace, truth(symbolic(trace, pred)), then, otherwise)
        : (number === 0 ? otherwise : then)();
    return chosen as never;
  },
);

/**
 * `switch`: what one of several functions gives; the values of the others are not computed. All else as {@link cond}. https://keras.io/api/ops/core/
 *
 * @param index Which, one whole number; one out of range stands for the first or the last.
 * @param branches Functions that give values of the same form, dtypes and shapes.
 * @param operands What they get.
 * @throws EngineError `ARGUMENT`, `DTYPE`, `SHAPE`.
 * @example ops.switch(1, [(a) => ops.relu(a), (a) => ops.tanh(a), (a) => a], x);
 */
const switchOp = op(
  'switch',
  <P extends Operand, O extends Nest, R>(
    index: P,
    branches: readonly ((...operands: WithLeaves<O, Sym>[]) => R)[],
    ...operands: readonly O[]
  ): WithLeaves<R, Outcome<P | LeavesOf<O>>> => {
    const list: unknown = branches;
    if (!Array.isArray(list) || list.length === 0)
      throw expected('switch', 'a list of at least one function', branches);
    for (const branch of list) checkFunction('switch', 'a branch', branch);
    const { trace, given, number } = choiceOf('switch', index, operands);
    const last = list.length - 1;
    const run = (place: number) => (itemAt(list, place) as Branch)(...given);
    const from = (trace: Trace, i: number): unknown => {
      if (i === last) return run(i);
      const isThis = less(reshape(symbolic(trace, index), []), i + 1);
      return inTrace(
        'switch',
        trace,
        isThis,
        () => run(i),
        () => from(trace, i + 1),
      );
    };
    const chosen =
      trace && number === undefined
        ? from(trace, 0)
        : run(Math.min(Math.max(Math.trunc(number ?? 0), 0), last));
    return chosen as never;
  },
);
export { switchOp as switch };

/** The trace of a choice, if any, what its branches get there, and the number that it goes by where that is known. */
function choiceOf(who: string, by: Operand, operands: unknown) {
  const { shape } = typeOf(by);
  if (shape.some((size) => size >= 0 && size !== 1)) throw wrongShape(who, 'one number to choose by', shape);
  const leaves = leavesOf(operands);
  const trace = traceOf([by, ...leaves]) ?? Trace.current;
  const fixed = typeof by === 'number' || typeof by === 'boolean';
  if (!trace)
    return {
      trace,
      given: operands as readonly unknown[],
      number: itemAt(convertToNumpy(by as Tensor).data, 0),
    };
  const given = filled(
    operands,
    leaves.map((leaf) => symbolic(trace, leaf)),
  ) as readonly unknown[];
  return { trace, given, number: fixed ? Number(by) : undefined };
}

/** Traces both branches, and adds the choice. */
function inTrace(
  who: string,
  trace: Trace,
  predicate: Sym,
  then: () => unknown,
  otherwise: () => unknown,
): unknown {
  let form: unknown;
  const values = trace.cond(predicate, then, otherwise, (a, b) => {
    sameNest(who, 'branches that give the same form', a, b);
    form = a;
    // A number takes the dtype of what the other branch gives.
    const others = leavesOf(b);
    const dtypes = leavesOf(a).map((leaf, i) => dtypeFor([leaf, itemAt(others, i)]));
    return [symbolsOf(who, trace, a, dtypes), symbolsOf(who, trace, b, dtypes)];
  });
  return filled(form, values);
}
