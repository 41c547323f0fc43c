import { expected } from '../base/checks.js';
import { Sym } from './sym.js';
import { Tensor } from './tensor.js';
import { Trace } from './trace.js';
import type { Variable } from './variable.js';

/**
 * The gradients of sum(outputGradient · y) with respect to each x, for use inside {@link compile}. They are symbolic values like
 * any other: the gradient of a gradient works.
 *
 * @param y A symbolic value of dtype float32 and any shape.
 * @param xs Symbolic values, or variables: with respect to their values at the start of the step, or to what an optimizer has made of them
 *   since where y was computed of that.
 * @param outputGradient Of y's shape; ones by default.
 * @returns One gradient for each x, of its shape; zeros where y does not depend on it.
 * @throws EngineError `ARGUMENT` where y is no symbolic value, `STATE` at an op that has no gradient.
 * @example
 *     const f = (x: Sym) => ops.sum(ops.power(x, 3));
 *     const hvp = compile((x: Sym, v: Sym) => {
 *       const [g] = grad(f(x), [x]);
 *       return grad(g!, [x], v); // the Hessian of f times v
 *     });
 */
export function grad(
  y: Sym | Tensor,
  xs: readonly (Sym | Variable | Tensor)[],
  outputGradient?: Sym | Tensor,
): Sym[] {
  const trace = y instanceof Sym ? y.trace : Trace.current;
  if (!trace || !(y instanceof Sym)) {
    throw expected('grad', 'a symbolic value inside compile()', y);
  }
  const of = (x: Sym | Tensor) => (x instanceof Sym ? x : trace.start(x));
  const isVariable = (x: unknown): x is Variable => !(x instanceof Sym || x instanceof Tensor);
  const variables = xs.filter(isVariable);
  const values = new Map(trace.readBy(y, variables).map((value, i) => [variables[i], value]));
  const at = xs.map((x) => (isVariable(x) ? values.get(x)! : of(x)));
  return trace.gradients([y], at, outputGradient === undefined ? null : [of(outputGradient)]);
}
