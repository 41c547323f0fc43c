import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, typed } from './call.js';
import { isWholeType } from './elementwise.js';
import { requantized } from './conv.js';

/** As numpy: a vector stands for a row on the left and for a column on the right. */
function multiplied(a: Sym, b: Sym): Sym {
  const [left, right] = [a.rank === 1 ? ops.expandDims(a, 0) : a, b.rank === 1 ? ops.expandDims(b, 1) : b];
  const y = ops.matmul(left, right);
  const rows = a.rank === 1 ? ops.squeeze(y, -2) : y;
  return b.rank === 1 ? ops.squeeze(rows, -1) : rows;
}

const floats = (x: Sym) => ops.cast(x, 'float32');

const matMul: Handler = (call) => {
  const y = multiplied(floats(call.x(0)), floats(call.x(1)));
  return isWholeType(call.type()) ? typed(y, call.type()) : y;
};

const gemm: Handler = (call) => {
  const [transposeA, transposeB] = [call.flag('transA'), call.flag('transB')];
  const alpha = call.float('alpha', 1);
  const product = ops.matmul(floats(call.x(0)), floats(call.x(1)), { transposeA, transposeB });
  const scaled = alpha === 1 ? product : ops.multiply(product, alpha);
  const bias = call.maybe(2);
  if (bias === undefined) return typed(scaled, call.type());
  const beta = call.float('beta', 1);
  const given = floats(bias);
  return typed(ops.add(scaled, beta === 1 ? given : ops.multiply(given, beta)), call.type());
};

/** Less a zero point, which may be one for each row of a or column of b. */
function lessPoint(call: Call, i: number, zero: number, rows: boolean): Sym {
  const x = floats(call.x(i));
  if (!call.has(zero)) return x;
  const point = floats(call.x(zero));
  return ops.subtract(
    x,
    rows && point.rank === 1 && point.shape[0] !== 1 ? ops.expandDims(point, -1) : point,
  );
}

/** A scale or zero point for each row. */
const perRow = (x: Sym): Sym => (x.rank === 1 && x.shape[0] !== 1 ? ops.expandDims(x, -1) : x);

const qLinearMatMul: Handler = (call) => {
  const a = ops.multiply(lessPoint(call, 0, 2, true), perRow(call.x(1)));
  const b = ops.multiply(lessPoint(call, 3, 5, false), call.x(4));
  return requantized(call, multiplied(a, b), 6, 7);
};

const einsum: Handler = (call) => {
  const equation = call.text('equation', undefined).replaceAll(' ', '');
  return typed(ops.einsum(equation, ...call.all().map(floats)), call.type());
};

/** Products of matrices. */
export const products: Handlers = {
  MatMul: matMul,
  Gemm: gemm,
  Einsum: einsum,
  Det: (call) => ops.det(call.x(0)),
  /** Sums of up to 2²⁴ are exact. */
  MatMulInteger: (call) =>
    typed(multiplied(lessPoint(call, 0, 2, true), lessPoint(call, 1, 3, false)), 'INT32'),
  QLinearMatMul: qLinearMatMul,
};
