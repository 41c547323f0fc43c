/** Ops that tensors and symbolic values have as methods. They are added here, since these cannot know the ops, which are made of them. */
import type { DType, Shape } from '../engine/engine.js';
import type { Operand, Outcome } from '../core/apply.js';
import { KerasTensor } from '../core/kerasTensor.js';
import { Sym } from '../core/sym.js';
import { Tensor } from '../core/tensor.js';
import type { AxisOptions } from './axis.js';
import * as activations from './activations.js';
import * as arithmetic from './arithmetic.js';
import type { RoundOptions } from './arithmetic.js';
import * as binary from './binary.js';
import * as cumulative from './cumulative.js';
import type { CumsumOptions, CumulativeOptions, DiffOptions } from './cumulative.js';
import * as gathering from './gather.js';
import type { GatherOptions } from './gather.js';
import * as indexing from './indexing.js';
import type { TakeOptions } from './indexing.js';
import * as integers from './integers.js';
import * as logic from './logic.js';
import type { NanToNumOptions } from './logic.js';
import * as manipulate from './manipulate.js';
import type { FlipOptions } from './manipulate.js';
import * as matrices from './matrices.js';
import type { DiagonalOptions, PlaneOptions } from './matrices.js';
import * as quantiles from './quantiles.js';
import type { QuantileOptions } from './quantiles.js';
import * as shapes from './shape.js';
import * as slices from './slice.js';
import * as padding from './pad.js';
import type { PadOptions } from './pad.js';
import * as splitting from './split.js';
import type { UnstackOptions } from './split.js';
import * as softmaxes from './softmax.js';
import * as sorting from './sorting.js';
import type { SortOptions, TopKOptions } from './sorting.js';
import * as statistics from './statistics.js';
import * as trigonometry from './trigonometry.js';
import type { EluOptions, GeluOptions, LeakyReluOptions } from './unary.js';
import * as vectorNorm from './vectorNorm.js';
import type { NormOptions } from './vectorNorm.js';
import { type MatmulOptions, matmul } from './matmul.js';
import * as reduce from './reduce.js';
import type { ArgOptions, ReduceOptions } from './reduce.js';
import * as unary from './unary.js';

/** Ops as methods, the first ones under TensorFlow.js's names, further ones under Keras's: `x.add(y)` is `ops.add(x, y)`. `S`: a tensor, a symbolic value or the output of a layer. */
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
  // Under Keras's names.

  /** What is left after division by other, of its sign: `ops.mod`. */
  mod<B extends Operand>(other: B): Outcome<S | B>;
  /** The largest whole number not above this / other: `ops.floorDivide`. */
  floorDivide<B extends Operand>(other: B): Outcome<S | B>;
  /** The angle of the point (other, this): `ops.arctan2`. */
  arctan2<B extends Operand>(other: B): Outcome<S | B>;
  /** Whether exactly one is true, bool: `ops.logicalXor`. */
  logicalXor<B extends Operand>(other: B): Outcome<S | B>;
  /** The product of lists or matrices: `ops.dot`. */
  dot<B extends Operand>(other: B): Outcome<S | B>;
  /** The largest whole number not above x: `ops.floor`. */
  floor(): Outcome<S>;
  /** The smallest whole number not below x: `ops.ceil`. */
  ceil(): Outcome<S>;
  /** x without what follows the point: `ops.trunc`. */
  trunc(): Outcome<S>;
  /** log(1 + x): `ops.log1p`. */
  log1p(): Outcome<S>;
  /** The logarithm to base 2: `ops.log2`. */
  log2(): Outcome<S>;
  /** The logarithm to base 10: `ops.log10`. */
  log10(): Outcome<S>;
  /** eˣ − 1: `ops.expm1`. */
  expm1(): Outcome<S>;
  /** The error function: `ops.erf`. */
  erf(): Outcome<S>;
  /** The sine: `ops.sin`. */
  sin(): Outcome<S>;
  /** The cosine: `ops.cos`. */
  cos(): Outcome<S>;
  /** The tangent: `ops.tan`. */
  tan(): Outcome<S>;
  /** The inverse of the sine: `ops.arcsin`. */
  arcsin(): Outcome<S>;
  /** The inverse of the cosine: `ops.arccos`. */
  arccos(): Outcome<S>;
  /** The inverse of the tangent: `ops.arctan`. */
  arctan(): Outcome<S>;
  /** The hyperbolic sine: `ops.sinh`. */
  sinh(): Outcome<S>;
  /** The hyperbolic cosine: `ops.cosh`. */
  cosh(): Outcome<S>;
  /** The inverse of the hyperbolic sine: `ops.arcsinh`. */
  arcsinh(): Outcome<S>;
  /** The inverse of the hyperbolic cosine: `ops.arccosh`. */
  arccosh(): Outcome<S>;
  /** The inverse of the hyperbolic tangent: `ops.arctanh`. */
  arctanh(): Outcome<S>;
  /** Whether x is NaN, bool: `ops.isnan`. */
  isnan(): Outcome<S>;
  /** Whether x is ∞ or −∞, bool: `ops.isinf`. */
  isinf(): Outcome<S>;
  /** Whether x is neither infinite nor NaN, bool: `ops.isfinite`. */
  isfinite(): Outcome<S>;
  /** x · sigmoid(x): `ops.silu`. */
  silu(): Outcome<S>;
  /** The scaled exponential linear unit: `ops.selu`. */
  selu(): Outcome<S>;
  /** All numbers as one list: `ops.ravel`. */
  ravel(): Outcome<S>;
  /** The nearest whole number, at ties the even one: `ops.round`. */
  round(options?: RoundOptions): Outcome<S>;
  /** x, at least and at most: `ops.clip`. */
  clip<A extends Operand, B extends Operand>(xMin: A, xMax: B): Outcome<S | A | B>;
  /** x above 0, a share of x below: `ops.leakyRelu`. */
  leakyRelu(options?: LeakyReluOptions): Outcome<S>;
  /** The exponential linear unit: `ops.elu`. */
  elu(options?: EluOptions): Outcome<S>;
  /** x · Φ(x): `ops.gelu`. */
  gelu(options?: GeluOptions): Outcome<S>;
  /** The logarithm of softmax: `ops.logSoftmax`. */
  logSoftmax(options?: AxisOptions): Outcome<S>;
  /** x with numbers in the places of NaN and infinities: `ops.nanToNum`. */
  nanToNum(options?: NanToNumOptions): Outcome<S>;
  /** Whether all over axes are true, bool: `ops.all`. */
  all(options?: ReduceOptions): Outcome<S>;
  /** Whether one over axes is true, bool: `ops.any`. */
  any(options?: ReduceOptions): Outcome<S>;
  /** How many over axes are not 0, int32: `ops.countNonzero`. */
  countNonzero(options?: ReduceOptions): Outcome<S>;
  /** log(Σ eˣ) over axes: `ops.logsumexp`. */
  logsumexp(options?: ReduceOptions): Outcome<S>;
  /** The norm of vectors or matrices: `ops.norm`. */
  norm(options?: NormOptions): Outcome<S>;
  /** The variance over axes: `ops.var`. */
  var(options?: ReduceOptions): Outcome<S>;
  /** The standard deviation over axes: `ops.std`. */
  std(options?: ReduceOptions): Outcome<S>;
  /** The largest number over axes less the smallest: `ops.ptp`. */
  ptp(options?: ReduceOptions): Outcome<S>;
  /** The number in the middle over axes: `ops.median`. */
  median(options?: ReduceOptions): Outcome<S>;
  /** The numbers below which shares q of all are: `ops.quantile`. */
  quantile<Q extends Operand>(q: Q, options?: QuantileOptions): Outcome<S | Q>;
  /** At each place the sum of the numbers up to it: `ops.cumsum`. */
  cumsum(options?: CumsumOptions): Outcome<S>;
  /** At each place the product of the numbers up to it: `ops.cumprod`. */
  cumprod(options?: CumulativeOptions): Outcome<S>;
  /** The differences of neighbours: `ops.diff`. */
  diff(options?: DiffOptions): Outcome<S>;
  /** From the smallest number to the largest along an axis: `ops.sort`. */
  sort(options?: SortOptions): Outcome<S>;
  /** The places from the smallest number to the largest, int32: `ops.argsort`. */
  argsort(options?: SortOptions): Outcome<S>;
  /** The k largest numbers along the last axis, and their places: `ops.topK`. */
  topK(k: number, options?: TopKOptions): [values: Outcome<S>, indices: Outcome<S>];
  /** The numbers at indices along an axis: `ops.take`. */
  take<I extends Operand>(indices: I, options?: TakeOptions): Outcome<S | I>;
  /** The number at an index for each place: `ops.takeAlongAxis`. */
  takeAlongAxis<I extends Operand>(indices: I, options?: TakeOptions): Outcome<S | I>;
  /** The entries at indices along an axis: `ops.gather`. */
  gather<I extends Operand>(indices: I, options?: GatherOptions): Outcome<S | I>;
  /** Copied along new axes and axes of size 1: `ops.broadcastTo`. */
  broadcastTo(shape: Shape): Outcome<S>;
  /** Each number several times: `ops.repeat`. */
  repeat(repeats: number | readonly number[], options?: AxisOptions): Outcome<S>;
  /** x several times along each axis: `ops.tile`. */
  tile(repeats: number | readonly number[]): Outcome<S>;
  /** The opposite order along axes: `ops.flip`. */
  flip(options?: FlipOptions): Outcome<S>;
  /** Moved along axes, from one end into the other: `ops.roll`. */
  roll(shift: number | readonly number[], options?: FlipOptions): Outcome<S>;
  /** Two axes in each other's place: `ops.swapaxes`. */
  swapaxes(axis1: number, axis2: number): Outcome<S>;
  /** Axes at other places: `ops.moveaxis`. */
  moveaxis(source: number | readonly number[], destination: number | readonly number[]): Outcome<S>;
  /** Parts along an axis: `ops.split`. */
  split(indicesOrSections: number | readonly number[], options?: AxisOptions): Outcome<S>[];
  /** The places along an axis, each without it: `ops.unstack`. */
  unstack(options?: UnstackOptions): Outcome<S>[];
  /** Numbers around x: `ops.pad`. */
  pad(padWidth: readonly (readonly [before: number, after: number])[], options?: PadOptions): Outcome<S>;
  /** The diagonal of two axes: `ops.diagonal`. */
  diagonal(options?: PlaneOptions): Outcome<S>;
  /** Zeros above a diagonal: `ops.tril`. */
  tril(options?: DiagonalOptions): Outcome<S>;
  /** Zeros below a diagonal: `ops.triu`. */
  triu(options?: DiagonalOptions): Outcome<S>;

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
  softmax: softmaxes.softmax,
  logicalNot: unary.logicalNot,
  cast: unary.cast,
  sum: reduce.sum,
  mean: reduce.mean,
  prod: reduce.prod,
  max: reduce.max,
  min: reduce.min,
  argMax: reduce.argmax,
  argMin: reduce.argmin,
  reshape: shapes.reshape,
  transpose: shapes.transpose,
  expandDims: shapes.expandDims,
  squeeze: shapes.squeeze,
  slice: slices.stridedSlice,
  mod: integers.mod,
  floorDivide: integers.floorDivide,
  arctan2: trigonometry.arctan2,
  logicalXor: logic.logicalXor,
  dot: matrices.dot,
  floor: unary.floor,
  ceil: arithmetic.ceil,
  trunc: arithmetic.trunc,
  log1p: unary.log1p,
  log2: arithmetic.log2,
  log10: arithmetic.log10,
  expm1: trigonometry.expm1,
  erf: unary.erf,
  sin: trigonometry.sin,
  cos: trigonometry.cos,
  tan: trigonometry.tan,
  arcsin: trigonometry.arcsin,
  arccos: trigonometry.arccos,
  arctan: trigonometry.arctan,
  sinh: trigonometry.sinh,
  cosh: trigonometry.cosh,
  arcsinh: trigonometry.arcsinh,
  arccosh: trigonometry.arccosh,
  arctanh: trigonometry.arctanh,
  isnan: logic.isnan,
  isinf: logic.isinf,
  isfinite: logic.isfinite,
  silu: activations.silu,
  selu: activations.selu,
  ravel: manipulate.ravel,
  round: arithmetic.round,
  clip: arithmetic.clip,
  leakyRelu: unary.leakyRelu,
  elu: unary.elu,
  gelu: unary.gelu,
  logSoftmax: softmaxes.logSoftmax,
  nanToNum: logic.nanToNum,
  all: logic.all,
  any: logic.any,
  countNonzero: logic.countNonzero,
  logsumexp: arithmetic.logsumexp,
  norm: vectorNorm.norm,
  var: statistics.var,
  std: statistics.std,
  ptp: statistics.ptp,
  median: quantiles.median,
  quantile: quantiles.quantile,
  cumsum: cumulative.cumsum,
  cumprod: cumulative.cumprod,
  diff: cumulative.diff,
  sort: sorting.sort,
  argsort: sorting.argsort,
  topK: sorting.topK,
  take: indexing.take,
  takeAlongAxis: indexing.takeAlongAxis,
  gather: gathering.gather,
  broadcastTo: shapes.broadcastTo,
  repeat: manipulate.repeat,
  tile: manipulate.tile,
  flip: manipulate.flip,
  roll: manipulate.roll,
  swapaxes: manipulate.swapaxes,
  moveaxis: manipulate.moveaxis,
  split: splitting.split,
  unstack: splitting.unstack,
  pad: padding.pad,
  diagonal: matrices.diagonal,
  tril: matrices.tril,
  triu: matrices.triu,
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
