import { expected, mismatch } from '../../base/checks.js';
import type { DType, TypedArray } from '../../engine/engine.js';
import { type Operand, symbolic, traceOf } from '../../core/apply.js';
import { runOnce } from '../../core/compile.js';
import { KerasTensor } from '../../core/kerasTensor.js';
import type { NDArray } from '../../core/ndarray.js';
import { replaced } from '../../core/op.js';
import { Sym } from '../../core/sym.js';
import { Tensor, type TensorData, tensor } from '../../core/tensor.js';
import { Trace } from '../../core/trace.js';
import { Variable } from '../../core/variable.js';
import { reshape } from '../shape.js';
import { cast } from '../unary.js';

/** One value of a {@link Nest}. */
export type Leaf = KerasTensor | Sym | Tensor | Variable | NDArray | TypedArray | number | boolean;

/** Values, alone or in lists and records, however nested. A list is always several values: `ops.array([1, 2])` is one. */
export type Nest = Leaf | null | undefined | readonly unknown[] | { readonly [key: string]: unknown };

/** What tells a value of a nest from lists and records. */
type AnyLeaf =
  { readonly dtype: DType; readonly shape: readonly number[] } | ArrayBufferView | number | boolean | string;

/** A {@link Nest} with others in the places of its values. */
export type WithLeaves<T, L> = T extends AnyLeaf
  ? L
  : T extends null | undefined
    ? T
    : { [K in keyof T]: WithLeaves<T[K], L> };

/** The types of the values of a {@link Nest}. */
export type LeavesOf<T> = T extends AnyLeaf
  ? T
  : T extends readonly (infer U)[]
    ? LeavesOf<U>
    : T extends object
      ? LeavesOf<T[keyof T]>
      : never;

/** The values of a nest in the order in which they stand there. @internal */
export function leavesOf(nest: unknown): Operand[] {
  const leaves: Operand[] = [];
  replaced(nest, (leaf) => leaf !== null && leaf !== undefined && leaves.push(leaf as Operand));
  return leaves;
}

/** A nest with others in the places of its values. @internal */
export function filled(nest: unknown, leaves: readonly unknown[]): unknown {
  let next = 0;
  return replaced(nest, (leaf) => (leaf === null || leaf === undefined ? leaf : leaves[next++]));
}

/** Throws where two nests differ in more than their values. @internal */
export function sameNest(who: string, what: string, wanted: unknown, given: unknown): void {
  const form = (nest: unknown) =>
    JSON.stringify(replaced(nest, (leaf) => (leaf === null || leaf === undefined ? null : 'value'))) ??
    'null';
  if (form(wanted) === form(given)) return;
  throw mismatch(who, `${what}, ${form(wanted)}`, form(given));
}

/** Throws for what is no function. @internal */
export function checkFunction(who: string, name: string, value: unknown): void {
  if (typeof value !== 'function') throw expected(who, `a function as ${name}`, value);
}

/** What a function that is traced gave, as symbolic values of the trace; numbers get the dtypes. @internal */
export function symbolsOf(
  who: string,
  trace: Trace,
  nest: unknown,
  dtypes: readonly (DType | undefined)[] = [],
): Sym[] {
  return leavesOf(nest).map((leaf, i) => {
    if (leaf instanceof KerasTensor)
      throw expected(who, 'functions that read outputs of layers through their arguments alone', leaf);
    return symbolic(trace, leaf, dtypes[i]);
  });
}

/**
 * Calls a function with symbolic values for operands: in the current trace, or else in a new one, which is run at once and gives tensors.
 *
 * @internal
 */
export function traced(
  operands: readonly Operand[],
  body: (inputs: readonly Sym[], trace: Trace) => unknown,
): unknown {
  const trace = traceOf(operands) ?? Trace.current;
  if (trace)
    return body(
      operands.map((operand) => symbolic(trace, operand)),
      trace,
    );
  const made: Tensor[] = [];
  const feeds = operands.map((operand) => {
    if (operand instanceof Tensor) return operand;
    if (operand instanceof Variable) return operand.storage;
    const temporary = tensor(operand as TensorData);
    made.push(temporary);
    return temporary;
  });
  try {
    return runOnce(body, feeds);
  } finally {
    for (const temporary of made) temporary.dispose();
  }
}

/** Whether a number is not 0. @internal */
export const truth = (x: Sym): Sym => {
  const scalar = reshape(x, []);
  return scalar.dtype === 'bool' ? scalar : cast(scalar, 'bool');
};
