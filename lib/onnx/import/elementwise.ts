import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { FORMATS, type NumberType } from '../dtypes.js';
import { type Call, type Handler, type Handlers, type Result, hasNumbers, typed } from './call.js';
import { TensorValue, TextValue } from './values.js';

/** Whether a type is of whole numbers. */
export const isWholeType = (type: NumberType): boolean => FORMATS[type].range !== undefined;

/** x computed wide enough for arithmetic: uint8 and bool as int32. */
const wide = (x: Sym): Sym => (x.dtype === 'uint8' || x.dtype === 'bool' ? ops.cast(x, 'int32') : x);

/** A whole number brought into the range of a type, as it wraps around there. */
export function wrapped(x: Sym, type: NumberType): TensorValue {
  const { range } = FORMATS[type];
  if (!range || range[1] >= 2 ** 31 - 1 || x.dtype !== 'int32') return typed(x, type);
  const [least, most] = range;
  const inside = ops.mod(ops.subtract(x, least), most - least + 1);
  return typed(ops.add(inside, least), type);
}

const unary =
  (formula: (x: Sym, call: Call) => Sym): Handler =>
  (call) =>
    formula(call.x(0), call);

/** One of floats; whole numbers keep their type. */
const wholeOr =
  (formula: (x: Sym) => Sym): Handler =>
  (call) =>
    isWholeType(call.type()) ? wrapped(formula(wide(call.x(0))), call.type()) : formula(call.x(0));

const binary =
  (formula: (a: Sym, b: Sym, call: Call) => Sym): Handler =>
  (call) =>
    wrapped(formula(wide(call.x(0)), wide(call.x(1)), call), call.type());

const compare =
  (formula: (a: Sym, b: Sym) => Sym): Handler =>
  (call) =>
    typed(formula(wide(call.x(0)), wide(call.x(1))), 'BOOL');

const logical =
  (formula: (a: Sym, b: Sym) => Sym): Handler =>
  (call) =>
    typed(formula(call.x(0), call.x(1)), 'BOOL');

const variadic =
  (formula: (a: Sym, b: Sym) => Sym, after: (sum: Sym, count: number) => Sym = (x) => x): Handler =>
  (call) => {
    const all = call.all().map(wide);
    const [first, ...rest] = all;
    if (!first) throw call.error('at least one input', 'none');
    return wrapped(after(rest.reduce(formula, ops.copy(first)), all.length), call.type());
  };

/** Whole numbers are divided towards 0. */
function divide(a: Sym, b: Sym): Sym {
  if (a.dtype === 'float32' || b.dtype === 'float32') return ops.divide(a, b);
  const quotient = ops.floorDivide(ops.abs(a), ops.abs(b));
  return ops.multiply(quotient, ops.multiply(ops.sign(a), ops.sign(b)));
}

const equal: Handler = (call) => {
  const [a, b] = call.inputs;
  if (!(a instanceof TextValue && b instanceof TextValue)) return compare(ops.equal)(call);
  const size = Math.max(a.texts.length, b.texts.length);
  const at = (list: readonly string[], i: number) => list[list.length === 1 ? 0 : i];
  const same = Uint8Array.from({ length: size }, (_, i) => Number(at(a.texts, i) === at(b.texts, i)));
  const shape = a.texts.length >= b.texts.length ? a.shape : b.shape;
  return new TensorValue(asSym(tensor(same, shape, 'bool')), 'BOOL');
};

const shift: Handler = (call) => {
  const left = call.text('direction', undefined, ['LEFT', 'RIGHT']) === 'LEFT';
  const [a, b] = [wide(call.x(0)), wide(call.x(1))];
  return wrapped(left ? ops.leftShift(a, b) : ops.rightShift(a, b), call.type());
};

const bits =
  (formula: (a: Sym, b: Sym) => Sym): Handler =>
  (call) =>
    wrapped(formula(wide(call.x(0)), wide(call.x(1))), call.type());

const power: Handler = (call) => {
  const [base, exponent] = [call.x(0), call.x(1)];
  if (!isWholeType(call.type())) return ops.power(base, ops.cast(exponent, 'float32'));
  return typed(ops.power(ops.cast(base, 'float32'), ops.cast(exponent, 'float32')), call.type());
};

const where: Handler = (call) => {
  const [then, otherwise] = [wide(call.x(1)), wide(call.x(2))];
  return typed(ops.where(call.x(0), then, otherwise), call.type(1));
};

/** min and max are inputs, before opset 11 attributes; with min above max the result is max. */
const clip: Handler = (call) => {
  let x = wide(call.x(0));
  const bound = (i: number, name: string): Sym | number | undefined =>
    call.opset < 11 ? (call.given(name) ? call.float(name) : undefined) : call.maybe(i);
  const [least, most] = [bound(1, 'min'), bound(2, 'max')];
  const as = (given: Sym | number) =>
    typeof given === 'number' ? given : hasNumbers(given) ? given : wide(given);
  if (least !== undefined) x = ops.maximum(x, as(least) as Sym);
  if (most !== undefined) x = ops.minimum(x, as(most) as Sym);
  return typed(x, call.type());
};

const isInf: Handler = (call) => {
  const x = call.x(0);
  const [below, above] = [call.flag('detect_negative', true), call.flag('detect_positive', true)];
  const none = typed(ops.zerosLike(x), 'BOOL');
  const found = [...(below ? [ops.isneginf(x)] : []), ...(above ? [ops.isposinf(x)] : [])];
  const [first, second] = found;
  if (!first) return none;
  return typed(second ? ops.logicalOr(first, second) : first, 'BOOL');
};

const mod: Handler = (call) => {
  const [a, b] = [wide(call.x(0)), wide(call.x(1))];
  return typed(call.flag('fmod') ? ops.fmod(a, b) : ops.mod(a, b), call.type());
};

/** Erf, Sin, … of each number. */
export const elementwise: Handlers = {
  Abs: wholeOr((x) => ops.abs(x)),
  Neg: wholeOr((x) => ops.negative(x)),
  Sign: wholeOr((x) => ops.sign(x)),
  Exp: unary((x) => ops.exp(x)),
  Log: unary((x) => ops.log(x)),
  Sqrt: unary((x) => ops.sqrt(x)),
  Reciprocal: unary((x) => ops.reciprocal(x)),
  Floor: unary((x) => ops.floor(x)),
  Ceil: unary((x) => ops.ceil(x)),
  Round: unary((x) => ops.round(x)),
  Sin: unary((x) => ops.sin(x)),
  Cos: unary((x) => ops.cos(x)),
  Tan: unary((x) => ops.tan(x)),
  Asin: unary((x) => ops.arcsin(x)),
  Acos: unary((x) => ops.arccos(x)),
  Atan: unary((x) => ops.arctan(x)),
  Sinh: unary((x) => ops.sinh(x)),
  Cosh: unary((x) => ops.cosh(x)),
  Asinh: unary((x) => ops.arcsinh(x)),
  Acosh: unary((x) => ops.arccosh(x)),
  Atanh: unary((x) => ops.arctanh(x)),
  Erf: unary((x) => ops.erf(x)),
  IsNaN: (call) => typed(ops.isnan(call.x(0)), 'BOOL'),
  IsInf: isInf,
  Not: (call) => typed(ops.logicalNot(call.x(0)), 'BOOL'),
  BitwiseNot: wholeOr((x) => ops.bitwiseNot(x)),
  Add: binary((a, b) => ops.add(a, b)),
  Sub: binary((a, b) => ops.subtract(a, b)),
  Mul: binary((a, b) => ops.multiply(a, b)),
  Div: binary(divide),
  Mod: mod,
  Pow: power,
  Min: variadic((a, b) => ops.minimum(a, b)),
  Max: variadic((a, b) => ops.maximum(a, b)),
  Sum: variadic((a, b) => ops.add(a, b)),
  Mean: variadic(
    (a, b) => ops.add(a, b),
    (sum, count) => ops.divide(sum, count),
  ),
  And: logical((a, b) => ops.logicalAnd(a, b)),
  Or: logical((a, b) => ops.logicalOr(a, b)),
  Xor: logical((a, b) => ops.logicalXor(a, b)),
  BitwiseAnd: bits((a, b) => ops.bitwiseAnd(a, b)),
  BitwiseOr: bits((a, b) => ops.bitwiseOr(a, b)),
  BitwiseXor: bits((a, b) => ops.bitwiseXor(a, b)),
  BitShift: shift,
  Equal: equal,
  Greater: compare((a, b) => ops.greater(a, b)),
  GreaterOrEqual: compare((a, b) => ops.greaterEqual(a, b)),
  Less: compare((a, b) => ops.less(a, b)),
  LessOrEqual: compare((a, b) => ops.lessEqual(a, b)),
  Where: where,
  Clip: clip,
  Identity: (call): Result => {
    const [first] = call.inputs;
    if (first === undefined) throw call.error('an input', 'none');
    return first;
  },
};
