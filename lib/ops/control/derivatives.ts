import { type OptionNames, expected, knownOptions } from '../../base/checks.js';
import { firstOf, itemAt } from '../../base/list.js';
import type { Outcome } from '../../core/apply.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
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
} from './nest.js';

/**
 * A function with a derivative of your own. https://keras.io/api/ops/core/
 *
 * @param f Gets the arguments; gives what the function computes, and a function of its gradient that gives those of the arguments, in
 *   their order, alone or in a list: float32, of the shapes of the arguments. What computes them is differentiated as any other, so that
 *   second derivatives follow.
 * @returns A function of the same arguments, alone or nested in lists and records.
 * @throws EngineError `ARGUMENT`, `SHAPE`, `DTYPE` at its call, for gradients of other numbers, shapes or dtypes.
 * @example
 *     const log1pexp = ops.customGradient((x) => {
 *       const e = ops.exp(x);
 *       return [ops.log1p(e), (upstream) => ops.multiply(upstream, ops.subtract(1, ops.reciprocal(ops.add(e, 1))))];
 *     });
 */
export function customGradient<Y>(
  f: (...args: Sym[]) => readonly [output: Y, grad: (upstream: WithLeaves<Y, Sym>) => Nest],
): <T extends readonly Nest[]>(...args: T) => WithLeaves<Y, Outcome<LeavesOf<T>>> {
  checkFunction('customGradient', 'f', f);
  return op('customGradient', (...args: unknown[]) => {
    return traced(leavesOf(args), (given, trace) => {
      const pair: unknown = f(...(filled(args, given) as Sym[]));
      if (!Array.isArray(pair) || pair.length !== 2)
        throw expected('customGradient', 'a function that gives [output, grad]', pair);
      const [output, grad] = pair as [unknown, (upstream: unknown) => unknown];
      checkFunction('customGradient', 'grad', grad);
      const all = symbolsOf('customGradient', trace, output);
      const ys = all.filter(isFloat);
      const upstream = all.map(({ shape }) => trace.input('float32', shape, 'the gradient of a result'));
      const gradients = symbolsOf('customGradient', trace, grad(filled(output, upstream)));
      if (gradients.length !== given.length)
        throw expected(
          'customGradient',
          `a gradient for each of ${given.length} arguments`,
          gradients.length,
        );
      if (ys.length === 0) return filled(output, all);
      const made = trace.customGradient({
        ys,
        xs: given.filter(isFloat),
        upstream: upstream.filter((_, i) => isFloat(itemAt(all, i))),
        gradients: gradients.filter((_, i) => isFloat(itemAt(given, i))),
      });
      return filled(
        output,
        all.map((y) => (isFloat(y) ? made.shift() : y)),
      );
    });
  }) as never;
}

const isFloat = (x: Sym): boolean => x.dtype === 'float32';

/** What `ops.jvp` takes. */
export interface JvpOptions {
  /** Whether the function gives [output, aux], of which only the first is differentiated. Default false. */
  hasAux?: boolean;
}

const jvpNames = { hasAux: 'boolean' } satisfies OptionNames<JvpOptions>;

/**
 * What a function gives, and its derivative in a direction: the product of its Jacobian with tangents. https://keras.io/api/ops/linalg/
 *
 * @param fun Gets the primals; gives float32 values, alone or nested in lists and records.
 * @param primals Where to differentiate: a list with one float32 value, or nest of them, for each argument.
 * @param tangents The direction, of the form and shapes of the primals.
 * @param options `hasAux`: whether the function gives [output, aux]. Default false.
 * @returns The outputs and their tangents, and with `hasAux` what the function gave as aux.
 * @throws EngineError `ARGUMENT`, `DTYPE` for values that are not float32; `STATE` at an op without second derivatives.
 * @example ops.jvp(ops.sin, [0.1], [0.2]); // sin(0.1) and 0.2 · cos(0.1)
 */
export const jvp = op(
  'jvp',
  <const A extends readonly Nest[], Y, T extends readonly Nest[]>(
    fun: (...primals: WithLeaves<A, Sym>) => Y,
    primals: A,
    tangents: T,
    options: JvpOptions = {},
  ): [
    output: WithLeaves<Y, Outcome<LeavesOf<A> | LeavesOf<T>>>,
    tangent: WithLeaves<Y, Outcome<LeavesOf<A> | LeavesOf<T>>>,
    ...aux: WithLeaves<Y, Outcome<LeavesOf<A> | LeavesOf<T>>>[],
  ] => {
    knownOptions('jvp', options, jvpNames);
    checkFunction('jvp', 'fun', fun);
    if (!Array.isArray(primals)) throw expected('jvp', 'a list of primals, one for each argument', primals);
    sameNest('jvp', 'tangents of the form of the primals', primals, tangents);
    const count = leavesOf(primals).length;
    return traced([...leavesOf(primals), ...leavesOf(tangents)], (given, trace) => {
      // Values that depend on nothing else: one primal may be made of another.
      const xs = given.slice(0, count).map((x) => firstOf(trace.op('identity', [x])));
      const made: unknown = (fun as unknown as (...args: unknown[]) => unknown)(
        ...(filled(primals, xs) as unknown[]),
      );
      if (options.hasAux && (!Array.isArray(made) || made.length !== 2))
        throw expected('jvp', 'a function that gives [output, aux]', made);
      const [output, ...aux] = options.hasAux ? (made as unknown[]) : [made];
      const ys = symbolsOf('jvp', trace, output);
      // The gradient is linear in what flows into the outputs; its derivative by that is the tangent.
      const flows = ys.map((y) => firstOf(trace.op('broadcastLike', [trace.constant(0), y])));
      const tangent = trace.gradients(trace.gradients(ys, xs, flows), flows, given.slice(count));
      return [filled(output, ys), filled(output, tangent), ...aux];
    }) as never;
  },
);
