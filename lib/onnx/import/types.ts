import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { FORMATS, type NumberType, type SmallFloat } from '../dtypes.js';
import { type Call, type Handler, type Handlers, needsNumbers, typed } from './call.js';
import { isWholeType, wrapped } from './elementwise.js';
import { TensorValue, TextValue } from './values.js';

/** 2 to a whole power from -126 to 127, exactly. */
const powerOfTwo = (exponent: Sym): Sym =>
  ops.view(ops.leftShift(ops.add(ops.clip(exponent, -126, 127), 127), 23), 'float32');

/**
 * Floats rounded to what a narrower float holds, to nearest even. Gradients go through as if nothing was rounded.
 *
 * @param saturate What is too large becomes the largest number, else infinite or NaN.
 */
function narrowed(
  x: Sym,
  { fraction, least, most, infinite, negativeZero, nan }: SmallFloat,
  saturate: boolean,
): Sym {
  const given = ops.stopGradient(x);
  const bits = ops.view(ops.abs(given), 'int32');
  const exponent = ops.maximum(ops.subtract(ops.rightShift(bits, 23), 127), least);
  const step = powerOfTwo(ops.subtract(exponent, fraction));
  const near = ops.multiply(ops.round(ops.divide(given, step)), step);
  const beyond = ops.greater(ops.abs(near), most);
  const end = ops.multiply(ops.sign(given), saturate ? most : infinite ? Infinity : NaN);
  const kept = ops.where(beyond, end, near);
  const isInfinite = ops.isinf(given);
  const ended = ops.where(isInfinite, saturate || infinite ? end : ops.multiply(given, NaN), kept);
  const unsigned = negativeZero ? ended : ops.where(ops.equal(ended, 0), ops.zerosLike(ended), ended);
  const known = ops.where(ops.isnan(given), nan ? given : ops.zerosLike(given), unsigned);
  const isPlain = ops.logicalAnd(ops.isfinite(given), ops.isfinite(known));
  return ops.where(isPlain, ops.add(x, ops.subtract(known, given)), known);
}

/** A scale that is a power of two. */
function scaleOnly(x: Sym, mode: string): Sym {
  const bits = ops.view(ops.abs(ops.stopGradient(x)), 'int32');
  const exponent = ops.subtract(ops.rightShift(bits, 23), 127);
  const isExact = ops.equal(ops.bitwiseAnd(bits, 0x7fffff), 0);
  const half = ops.greaterEqual(ops.bitwiseAnd(bits, 0x7fffff), 0x400000);
  const up =
    mode === 'down'
      ? ops.zerosLike(exponent)
      : mode === 'up'
        ? ops.subtract(1, ops.cast(isExact, 'int32'))
        : ops.cast(half, 'int32');
  return powerOfTwo(ops.add(exponent, up));
}

/** Numbers as another type has them. */
export function converted(call: Call, x: Sym, from: NumberType, to: NumberType): TensorValue {
  const { float, dtype } = FORMATS[to];
  if (to === 'BOOL') return typed(ops.notEqual(ops.cast(x, 'float32'), 0), to);
  if (to === 'FLOAT8E8M0') return typed(scaleOnly(ops.cast(x, 'float32'), call.text('round_mode', 'up')), to);
  // What is read from text and back stays as it is.
  if (float) {
    const narrow = FORMATS[from].float;
    const floats = ops.cast(x, 'float32');
    const held =
      narrow && narrow.fraction <= float.fraction && narrow.most <= float.most && narrow.least >= float.least;
    const half = to === 'FLOAT16' || to === 'BFLOAT16';
    const saturate = to === 'FLOAT4E2M1' || (!half && call.flag('saturate', true));
    return typed(
      held && narrow.negativeZero === float.negativeZero ? floats : narrowed(floats, float, saturate),
      to,
    );
  }
  if (dtype === 'float32') return typed(x, to);
  return wrapped(
    x.dtype === 'float32' || x.dtype === 'bool' || x.dtype === 'uint8' ? ops.cast(x, 'int32') : x,
    to,
  );
}

/** Texts as numbers. */
function parsed(call: Call, { texts, shape }: TextValue, to: NumberType): TensorValue {
  const words: Readonly<Record<string, number>> = {
    inf: Infinity,
    '+inf': Infinity,
    '-inf': -Infinity,
    infinity: Infinity,
    '-infinity': -Infinity,
  };
  const numbers = texts.map((text) => words[text.toLowerCase()] ?? Number(text));
  return converted(call, asSym(tensor(Float32Array.from(numbers), shape)), 'FLOAT', to);
}

const castTo = (call: Call, to: NumberType): TensorValue | TextValue => {
  const [first] = call.inputs;
  if (first instanceof TextValue) return parsed(call, first, to);
  return converted(call, call.x(0), call.type(), to);
};

/** Scale and zero point as they stand along the axes of x: one, one for each place of an axis, or one for each block. */
function spread(call: Call, i: number, x: Sym): Sym {
  const given = ops.cast(call.x(i), 'float32');
  if (given.rank === 0 || (given.rank === 1 && given.shape[0] === 1)) return ops.reshape(given, []);
  const axis = call.axis(call.int('axis', 1), x.rank);
  const block = call.int('block_size', 0);
  if (block === 0) {
    if (given.rank !== 1) return given;
    return ops.reshape(
      given,
      x.shape.map((_, at) => (at === axis ? -1 : 1)),
    );
  }
  const repeated = ops.repeat(given, block, { axis });
  const size = x.shape[axis] ?? 0;
  if (size < 0) throw needsNumbers(call.who, 'a size of the axis');
  return ops.stridedSlice(
    repeated,
    x.shape.map(() => 0),
    x.shape.map((_, at) => (at === axis ? size : Infinity)),
  );
}

const quantize: Handler = (call) => {
  const x = ops.cast(call.x(0), 'float32');
  const type = call.has(2)
    ? call.type(2)
    : call.int('output_dtype', 0) === 0
      ? 'UINT8'
      : call.typeNamed('output_dtype', 'UINT8');
  const scaled = ops.divide(x, spread(call, 1, x));
  const { range } = FORMATS[type];
  const zero = call.has(2) ? spread(call, 2, x) : undefined;
  if (!range) return converted(call, zero ? ops.add(scaled, zero) : scaled, 'FLOAT', type);
  const places = ops.round(scaled);
  return typed(ops.clip(zero ? ops.add(places, zero) : places, range[0], range[1]), type);
};

const dequantize: Handler = (call) => {
  const x = ops.cast(call.x(0), 'float32');
  const whole = call.has(2) ? ops.subtract(x, spread(call, 2, x)) : x;
  const type = call.int('output_dtype', 0) === 0 ? call.type(1) : call.typeNamed('output_dtype', 'FLOAT');
  return typed(ops.multiply(whole, spread(call, 1, x)), type);
};

/** Scale and zero point for uint8 of the smallest and largest number. */
const dynamicQuantize: Handler = (call) => {
  const x = call.x(0);
  const least = ops.minimum(ops.min(x), 0);
  const most = ops.maximum(ops.max(x), 0);
  const scale = ops.divide(ops.subtract(most, least), 255);
  const zero = ops.clip(ops.round(ops.divide(ops.negative(least), scale)), 0, 255);
  const places = ops.add(ops.round(ops.divide(x, scale)), zero);
  return [typed(ops.clip(places, 0, 255), 'UINT8'), typed(scale, 'FLOAT'), typed(zero, 'UINT8')];
};

const bitCast: Handler = (call) => {
  const to = call.typeNamed('to');
  const from = call.type();
  if (to === from) return call.value(0);
  const bits = (type: NumberType) => FORMATS[type].bits;
  const plain = ['FLOAT', 'INT32', 'UINT32'];
  if (plain.includes(to) && plain.includes(from)) {
    const x = ops.view(call.x(0), to === 'FLOAT' ? 'float32' : 'int32');
    return typed(x, to);
  }
  const isWhole = (type: NumberType) => isWholeType(type) || type === 'BOOL';
  if (bits(to) === bits(from) && bits(to) < 64 && isWhole(to) && isWhole(from))
    return wrapped(ops.cast(call.x(0), 'int32'), to);
  throw call.error('types of 32 bits, or whole numbers of as many bits', `${from} to ${to}`, 'DTYPE');
};

/** Conversions between types, and whole numbers that stand for floats. */
export const conversions: Handlers = {
  Cast: (call) => castTo(call, call.typeNamed('to')),
  CastLike: (call) => castTo(call, call.type(1)),
  BitCast: bitCast,
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
};
