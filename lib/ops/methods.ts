/** Ops that tensors and symbolic values have as methods. They are added here, since these cannot know the ops, which are made of them. */
import type { DType, Shape } from '../engine/engine.js';
import type { Operand, Outcome } from '../core/apply.js';
import { KerasTensor } from '../core/kerasTensor.js';
import { Sym } from '../core/sym.js';
import { Tensor } from '../core/tensor.js';
import type { AxisOptions } from './axis.js';
import * as binary from './binary.js';
import { type MatmulOptions, matmul } from './matmul.js';
import * as reduce from './reduce.js';
import type { ArgOptions, ReduceOptions } from './reduce.js';
import { expandDims, reshape, squeeze, transpose } from './shape.js';
import { stridedSlice } from './slice.js';
import { softmax } from './softmax.js';
import * as unary from './unary.js';

/** Ops as methods, under TensorFlow.js's names: `x.add(y)` is `ops.add(x, y)`. `S`: a tensor, a symbolic value or the output of a layer. */
interface Methods<S extends Operand> {
  /** This + other: `ops.add`. */
  add<B extends Operand>(other: B): Outcome<S | B>;
  /** This − other: `ops.subtract`. */
  sub<B extends Operand>(other: B): Outcome<S | B>;
  /** This · other, number by number: `ops.multiply`. */
  mul<B extends Operand>(other: B): Outcome<S | B>;
  /** This / other: `ops.divide`. */
  div<B extends Operand>(other: B): Outcome<S | B>;
  /** This to the power of other: `ops.power`. */
  pow<B extends Operand>(other: B): Outcome<S | B>;
  /** The larger of the two, number by number: `ops.maximum`. */
  maximum<B extends Operand>(other: B): Outcome<S | B>;
  /** The smaller of the two, number by number: `ops.minimum`. */
  minimum<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether the two are the same, number by number, bool: `ops.equal`. */
  equal<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether the two differ, number by number, bool: `ops.notEqual`. */
  notEqual<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether this < other, number by number, bool: `ops.less`. */
  less<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether this ≤ other, number by number, bool: `ops.lessEqual`. */
  lessEqual<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether this > other, number by number, bool: `ops.greater`. */
  greater<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether this ≥ other, number by number, bool: `ops.greaterEqual`. */
  greaterEqual<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether both are true, bool: `ops.logicalAnd`. */
  logicalAnd<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether one or both are true, bool: `ops.logicalOr`. */
  logicalOr<B extends Operand>(other: B): Outcome<S | B>;
  /** The matrix product over the last two axes: `ops.matmul`. */
  matmul<B extends Operand>(other: B, options?: MatmulOptions): Outcome<S | B>;

  /** −x: `ops.negative`. */
  neg(): Outcome<S>;
  /** |x|: `ops.abs`. */
  abs(): Outcome<S>;
  /** −1, 0 or 1: `ops.sign`. */
  sign(): Outcome<S>;
  /** x²: `ops.square`. */
  square(): Outcome<S>;
  /** √x: `ops.sqrt`. */
  sqrt(): Outcome<S>;
  /** 1 / √x: `ops.rsqrt`. */
  rsqrt(): Outcome<S>;
  /** 1 / x: `ops.reciprocal`. */
  reciprocal(): Outcome<S>;
  /** eˣ: `ops.exp`. */
  exp(): Outcome<S>;
  /** The natural logarithm: `ops.log`. */
  log(): Outcome<S>;
  /** max(x, 0): `ops.relu`. */
  relu(): Outcome<S>;
  /** 1 / (1 + e⁻ˣ): `ops.sigmoid`. */
  sigmoid(): Outcome<S>;
  /** The hyperbolic tangent: `ops.tanh`. */
  tanh(): Outcome<S>;
  /** log(1 + eˣ): `ops.softplus`. */
  softplus(): Outcome<S>;
  /** eˣ divided by its sum along an axis, by default the last: `ops.softmax`. */
  softmax(options?: AxisOptions): Outcome<S>;
  /** Not x, bool: `ops.logicalNot`. */
  logicalNot(): Outcome<S>;
  /** The same in another dtype: `ops.cast`. */
  cast(dtype: DType): Outcome<S>;

  /** The sum over axes, by default all: `ops.sum`. */
  sum(options?: ReduceOptions): Outcome<S>;
  /** The mean over axes, by default all: `ops.mean`. */
  mean(options?: ReduceOptions): Outcome<S>;
  /** The product over axes, by default all: `ops.prod`. */
  prod(options?: ReduceOptions): Outcome<S>;
  /** The largest number over axes, by default all: `ops.max`. */
  max(options?: ReduceOptions): Outcome<S>;
  /** The smallest number over axes, by default all: `ops.min`. */
  min(options?: ReduceOptions): Outcome<S>;
  /** The place of the largest number along an axis, or among all, int32: `ops.argmax`. */
  argMax(options?: ArgOptions): Outcome<S>;
  /** The place of the smallest number along an axis, or among all, int32: `ops.argmin`. */
  argMin(options?: ArgOptions): Outcome<S>;

  /** The same numbers in another shape, which may hold one -1: `ops.reshape`. */
  reshape(shape: Shape): Outcome<S>;
  /** The axes in another order, by default reversed: `ops.transpose`. */
  transpose(axes?: readonly number[]): Outcome<S>;
  /** An axis of size 1 more, its place counted in the result: `ops.expandDims`. */
  expandDims(axis: number): Outcome<S>;
  /** Without axes of size 1, by default all such: `ops.squeeze`. */
  squeeze(axis?: number | readonly number[]): Outcome<S>;
  /**
   * A part: from `begin` up to, not including, `end`, on the first axis or on the first axes of a list. Negative places count from the end;
   * a missing `end` is the end. Of a tensor a copy. `ops.stridedSlice`.
   *
   * @throws EngineError `SHAPE` for more places than axes.
   * @example
   *     images.slice(0, 16); // the first 16 samples
   *     images.slice([0, 1], [16, -1]); // of these, without the first and last row
   */
  slice(begin: number | readonly number[], end?: number | readonly number[]): Outcome<S>;
}

type Method = (x: never, ...args: never[]) => unknown;

const table = {
  add: binary.add,
  sub: binary.subtract,
  mul: binary.multiply,
  div: binary.divide,
  pow: binary.power,
  maximum: binary.maximum,
  minimum: binary.minimum,
  equal: binary.equal,
  notEqual: binary.notEqual,
  less: binary.less,
  lessEqual: binary.lessEqual,
  greater: binary.greater,
  greaterEqual: binary.greaterEqual,
  logicalAnd: binary.logicalAnd,
  logicalOr: binary.logicalOr,
  matmul,
  neg: unary.negative,
  abs: unary.abs,
  sign: unary.sign,
  square: unary.square,
  sqrt: unary.sqrt,
  rsqrt: unary.rsqrt,
  reciprocal: unary.reciprocal,
  exp: unary.exp,
  log: unary.log,
  relu: unary.relu,
  sigmoid: unary.sigmoid,
  tanh: unary.tanh,
  softplus: unary.softplus,
  softmax,
  logicalNot: unary.logicalNot,
  cast: unary.cast,
  sum: reduce.sum,
  mean: reduce.mean,
  prod: reduce.prod,
  max: reduce.max,
  min: reduce.min,
  argMax: reduce.argmax,
  argMin: reduce.argmin,
  reshape,
  transpose,
  expandDims,
  squeeze,
  slice: stridedSlice,
} satisfies Record<keyof Methods<Tensor>, Method>;

// A class takes methods that are declared elsewhere through an interface of its name, which need not hold any itself.
/* eslint-disable @typescript-eslint/no-empty-object-type */
declare module '../core/tensor.js' {
  interface Tensor<D extends DType = DType> extends Methods<Tensor> {
    /** As `ops.stridedSlice`: a copy, of the same dtype. */
    slice(begin: number | readonly number[], end?: number | readonly number[]): Tensor<D>;
  }
}
declare module '../core/sym.js' {
  interface Sym extends Methods<Sym> {}
}
declare module '../core/kerasTensor.js' {
  interface KerasTensor extends Methods<KerasTensor> {}
}
/* eslint-enable @typescript-eslint/no-empty-object-type */

for (const { prototype } of [Tensor, Sym, KerasTensor]) {
  for (const [name, run] of Object.entries<Method>(table)) {
    const value = function (this: never, ...args: never[]): unknown {
      return run(this, ...args);
    };
    Object.defineProperty(value, 'name', { value: name });
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}
