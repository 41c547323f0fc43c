import { type OptionNames, boolean, expected, integer, knownOptions, wrongShape } from '../../base/checks.js';
import { firstOf, itemAt } from '../../base/list.js';
import type { Operand, Outcome } from '../../core/apply.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { arange } from '../../core/tensor.js';
import type { Trace } from '../../core/trace.js';
import { add, less } from '../binary.js';
import { cast } from '../unary.js';
import {
  type LeavesOf,
  type Nest,
  type WithLeaves,
  checkFunction,
  filled,
  leavesOf,
  sameNest,
  symbolsOf,
  traced,
  truth,
} from './nest.js';
import { checkUpdates, dependOn, keyLike, scanSteps } from './scanSteps.js';

/** What `ops.scan` takes. */
export interface ScanOptions {
  /** The number of steps; needed where there are no sequences. Default: theirs. */
  length?: number;
  /** From the last place to the first. Default false. */
  reverse?: boolean;
}

const scanNames = { length: 'optional', reverse: 'boolean' } satisfies OptionNames<ScanOptions>;

/** What `ops.whileLoop` takes. */
export interface WhileLoopOptions {
  /** The largest number of steps, 0 or more. Default: any. Gradients need it. */
  maximumIterations?: number;
}

const whileNames = { maximumIterations: 'optional' } satisfies OptionNames<WhileLoopOptions>;

/** Each state after a step, of the dtype and form of those before it. */
function nextStates(
  who: string,
  trace: Trace,
  wanted: unknown,
  given: unknown,
  states: readonly Sym[],
): Sym[] {
  sameNest(who, 'a step that gives states of the form that they had', wanted, given);
  return symbolsOf(
    who,
    trace,
    given,
    states.map(({ dtype }) => dtype),
  );
}

/** The loop of `scan`, `map` and `foriLoop`. @internal */
function scanned(
  who: string,
  f: (carry: unknown, x: unknown) => readonly [carry: unknown, y: unknown],
  init: unknown,
  xs: unknown,
  { length, reverse = false }: ScanOptions,
): [carry: unknown, ys: unknown] {
  const [states, sequences] = [leavesOf(init), leavesOf(xs)];
  return traced([...states, ...sequences], (given, trace) => {
    const wholes = given.slice(states.length);
    for (const { shape } of wholes) {
      if (shape.length === 0) throw wrongShape(who, 'sequences with a first axis', shape);
      if (length !== undefined && ![-1, length].includes(firstOf(shape)))
        throw wrongShape(who, `sequences of ${length} steps`, shape);
    }
    if (wholes.length === 0) {
      if (length === undefined) throw expected(who, 'sequences, or a length', xs);
      wholes.push(trace.constant(0, 'float32', [length]));
    }
    let form: unknown;
    const made = scanSteps(
      trace,
      {
        sequences: wholes,
        states: given.slice(0, states.length),
        backwards: reverse,
        resultsBackwards: reverse,
      },
      (elements, before) => {
        const pair = f(filled(init, before), filled(xs, elements));
        if (!Array.isArray(pair) || pair.length !== 2)
          throw expected(who, 'a function that gives the states and what is kept, [carry, y]', pair);
        const [carry, y] = pair as readonly [unknown, unknown];
        form = y;
        return {
          states: nextStates(who, trace, init, carry, before),
          results: symbolsOf(who, trace, y),
        };
      },
    );
    return [filled(init, made.states), filled(form, made.results)];
  }) as [unknown, unknown];
}

/**
 * Goes over sequences step by step, with states that each step makes anew. https://keras.io/api/ops/core/
 *
 * The function is called once, with symbolic values; each step runs what it has traced. Gradients go through all steps.
 *
 * @param f Gets the states and, of each sequence, its place of the step; gives the next states, and what is kept of the step.
 * @param init The states before the first step, alone or nested in lists and records. Each keeps its dtype and shape.
 * @param xs Sequences [steps, …] of as many steps, alone or nested; undefined: none, then `length` says how many steps there are.
 * @param options `length`, `reverse`: default false.
 * @returns The last states, and what was kept of all steps, [steps, …] each.
 * @throws EngineError `ARGUMENT`, `SHAPE` for a state that changes its shape; `STATE` for a step that changes variables.
 * @example ops.scan((sum, x) => [ops.add(sum, x), ops.add(sum, x)], 0, ops.array([1, 2, 3])); // 6, and 1, 3, 6
 */
export const scan = op(
  'scan',
  <C extends Nest, Y, X extends Nest = undefined>(
    f: (
      carry: WithLeaves<C, Sym>,
      x: WithLeaves<X, Sym>,
    ) => readonly [carry: NoInfer<WithLeaves<C, Operand>>, y: Y],
    init: C,
    xs?: X,
    options: ScanOptions = {},
  ): [
    carry: WithLeaves<C, Outcome<LeavesOf<C> | LeavesOf<X>>>,
    ys: WithLeaves<Y, Outcome<LeavesOf<C> | LeavesOf<X>>>,
  ] => {
    knownOptions('scan', options, scanNames);
    checkFunction('scan', 'f', f);
    if (options.length !== undefined) integer('scan', 'length', options.length, 0);
    if (options.reverse !== undefined) boolean('scan', 'reverse', options.reverse);
    return scanned('scan', f as never, init, xs, options) as never;
  },
);

/** Keeps what a function gives of each place of the sequences. */
const mapped = (who: string, f: (x: never) => unknown, xs: unknown): unknown => {
  checkFunction(who, 'the function', f);
  if (leavesOf(xs).length === 0) throw expected(who, 'at least one sequence [n, …]', xs);
  return scanned(who, (_, x) => [undefined, f(x as never)], undefined, xs, {})[1];
};

/**
 * What a function gives of each place of the first axis, stacked. https://keras.io/api/ops/core/
 *
 * @param f Gets, of each sequence, its place. It is called once, with symbolic values.
 * @param xs Sequences [n, …], alone or nested in lists and records.
 * @returns [n, …] for each value that the function gives.
 * @throws EngineError `ARGUMENT`, `SHAPE`; `STATE` for a function that changes variables.
 * @example ops.map((x) => ops.square(x), ops.arange(4)); // 0, 1, 4, 9
 */
export const map = op(
  'map',
  <X extends Nest, Y>(f: (x: WithLeaves<X, Sym>) => Y, xs: X): WithLeaves<Y, Outcome<LeavesOf<X>>> =>
    mapped('map', f as never, xs) as never,
);

/**
 * As {@link map}: a function for each element of the first axis. The elements are computed one after another.
 * https://keras.io/api/ops/core/
 *
 * @param fn Gets, of each sequence, its place.
 * @param elements Sequences [n, …], alone or nested in lists and records.
 * @throws EngineError `ARGUMENT`, `SHAPE`; `STATE` for a function that changes variables.
 * @example ops.vectorizedMap((row) => ops.sum(row), ops.array([[1, 2], [3, 4]])); // 3, 7
 */
export const vectorizedMap = op(
  'vectorizedMap',
  <X extends Nest, Y>(fn: (x: WithLeaves<X, Sym>) => Y, elements: X): WithLeaves<Y, Outcome<LeavesOf<X>>> =>
    mapped('vectorizedMap', fn as never, elements) as never,
);

const bound = (name: string, value: number): number => {
  if (integer('foriLoop', name, value, -(2 ** 31)) < 2 ** 31) return value;
  throw expected('foriLoop', `${name} below 2 ** 31`, value);
};

/**
 * Makes a state anew for each whole number from `lower` up to, not including, `upper`. https://keras.io/api/ops/core/
 *
 * The function is called once, with symbolic values. Gradients go through all steps where both bounds are numbers; where one is a tensor
 * or symbolic, only the numbers of a step tell how many steps there are, and there is no gradient.
 *
 * @param bodyFun Gets the number, int32 [], and the state; gives the next state.
 * @param initVal The state before the first step, alone or nested in lists and records. It keeps its dtypes and shapes.
 * @returns The last state.
 * @throws EngineError `ARGUMENT`, `SHAPE`; `STATE` for a step that changes variables.
 * @example ops.foriLoop(0, 10, (i, sum) => ops.add(sum, i), 0); // 45
 */
export const foriLoop = op(
  'foriLoop',
  <L extends Operand, U extends Operand, C extends Nest>(
    lower: L,
    upper: U,
    bodyFun: (i: Sym, state: WithLeaves<C, Sym>) => NoInfer<WithLeaves<C, Operand>>,
    initVal: C,
  ): WithLeaves<C, Outcome<L | U | LeavesOf<C>>> => {
    checkFunction('foriLoop', 'bodyFun', bodyFun);
    type State = [i: Sym, state: unknown];
    const body = bodyFun as unknown as (...state: State) => unknown;
    if (typeof lower === 'number' && typeof upper === 'number') {
      const [from, to] = [bound('lower', lower), bound('upper', upper)] as const;
      const numbers = arange(from, Math.max(from, to), 1, 'int32');
      const step = (state: unknown, i: unknown) => [body(i as Sym, state), undefined] as const;
      return scanned('foriLoop', step, initVal, numbers, {})[0] as never;
    }
    return traced([lower, upper, ...leavesOf(initVal)], (given, trace) => {
      const [from, to] = [itemAt(given, 0), itemAt(given, 1)].map((bound) => cast(bound, 'int32')) as [
        Sym,
        Sym,
      ];
      return (
        looped(
          'foriLoop',
          trace,
          (states) => less((states as State)[0], to),
          (states) => {
            const [i, state] = states as State;
            return [add(i, 1), body(i, state)];
          },
          [from, filled(initVal, given.slice(2))],
          undefined,
        ) as State
      )[1];
    }) as never;
  },
);

/**
 * Makes states anew as long as a condition holds. https://keras.io/api/ops/core/
 *
 * Both functions are called once, with symbolic values. The number of steps may depend on the numbers. With `maximumIterations` gradients go
 * through the steps; without it there are none, and an endless loop does not end.
 *
 * @param condition Gets the states; gives one number, of which 0 is false. Of a list of states each is an argument.
 * @param body Gets the states; gives the next ones.
 * @param loopVars The states before the first step, alone or nested in lists and records. Each keeps its dtype and shape.
 * @param options `maximumIterations`: the largest number of steps. Default: any.
 * @returns The states before which the condition did not hold.
 * @throws EngineError `ARGUMENT`, `SHAPE`; `STATE` for a step that changes variables.
 * @example ops.whileLoop((x, n) => ops.less(x, 100), (x, n) => [ops.multiply(x, 2), ops.add(n, 1)], [3, 0]); // 192 and 6
 */
export const whileLoop = op(
  'whileLoop',
  <C extends Nest>(
    condition: (...states: StatesOf<C>) => Operand,
    body: (...states: StatesOf<C>) => NoInfer<WithLeaves<C, Operand>>,
    loopVars: C,
    options: WhileLoopOptions = {},
  ): WithLeaves<C, Outcome<LeavesOf<C>>> => {
    knownOptions('whileLoop', options, whileNames);
    checkFunction('whileLoop', 'condition', condition);
    checkFunction('whileLoop', 'body', body);
    const { maximumIterations } = options;
    if (maximumIterations !== undefined) integer('whileLoop', 'maximumIterations', maximumIterations, 0);
    const several = Array.isArray(loopVars);
    const called = (f: unknown, states: unknown) =>
      (f as (...states: readonly unknown[]) => unknown)(...(several ? (states as unknown[]) : [states]));
    return traced(leavesOf(loopVars), (given, trace) =>
      looped(
        'whileLoop',
        trace,
        (states) => called(condition, states),
        (states) => called(body, states),
        filled(loopVars, given),
        maximumIterations,
      ),
    ) as never;
  },
);

/** The arguments of the functions of `ops.whileLoop`: the states, each by itself where they are a list. */
export type StatesOf<C> =
  WithLeaves<C, Sym> extends infer S ? (S extends readonly unknown[] ? S : [S]) : never;

function looped(
  who: string,
  trace: Trace,
  condition: (states: unknown) => unknown,
  body: (states: unknown) => unknown,
  init: unknown,
  maximum: number | undefined,
): unknown {
  const first = leavesOf(init) as Sym[];
  if (first.length === 0) throw expected(who, 'at least one state', init);
  const before = first.map(({ dtype, shape }) => trace.input(dtype, shape, 'a state of a loop'));
  const key = trace.input('int32', [2], 'the key of a step');
  const number = trace.input('int32', [], 'the number of a step');
  const [going, next, nextKey] = trace.withinStep(key, number, () => {
    const states = filled(init, before);
    const holds = symbolsOf(who, trace, [condition(states)]);
    return [truth(firstOf(holds)), nextStates(who, trace, init, body(states), before), keyLike(key)] as const;
  });
  checkUpdates(trace, [...before, key, number]);
  const states = before.map((state, i) => ({
    before: state,
    first: itemAt(first, i),
    next: itemAt(next, i),
  }));
  if (dependOn([going, ...next], [key]))
    states.push({ before: key, first: keyLike(trace.constant(0, 'float32', [2])), next: nextKey });
  if (dependOn([going, ...next], [number]))
    states.push({ before: number, first: trace.constant(0, 'int32'), next: add(number, 1) });
  const made = trace.whileLoop({ states, condition: going, maximum: maximum ?? -1 });
  return filled(init, made.slice(0, first.length));
}
