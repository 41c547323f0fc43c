// The types of numbers in ONNX's files, how they are written there, and what the engine computes them in.
import { halfToFloat } from '../base/half.js';
import type { DType } from '../engine/engine.js';
import { ONNX_SCHEMA } from './schema.js';

const { values: CODES } = ONNX_SCHEMA.nested.onnx.nested.TensorProto.nested.DataType;

/** The name of a type of numbers: `FLOAT`, `INT64`, … */
export type OnnxType = Exclude<keyof typeof CODES, 'UNDEFINED'>;

/** The number of a type in files. */
export const typeCode = (type: OnnxType): number => CODES[type];

const BY_CODE = new Map(Object.entries(CODES).map(([name, code]) => [code, name as OnnxType]));
BY_CODE.delete(0);

/** The type with a number in files; undefined for one that is not known. */
export const typeOfCode = (code: number): OnnxType | undefined => BY_CODE.get(code);

/** How the numbers of a type look. */
export interface NumberFormat {
  /** Bits of one number. */
  readonly bits: number;
  /** The number that such bits mean, of types that are not those of a typed array. */
  readonly decode?: (bits: number) => number;
  /** What the engine computes them in. */
  readonly dtype: DType;
  /** The smallest and largest whole number. */
  readonly range?: readonly [least: number, most: number];
  /** Of floats that are narrower than float32: what they can hold. */
  readonly float?: SmallFloat;
}

/** What a narrow float can hold. */
export interface SmallFloat {
  /** Bits of the fraction. */
  readonly fraction: number;
  /** The exponent of the smallest number that is not subnormal. */
  readonly least: number;
  /** The largest finite number. */
  readonly most: number;
  /** Whether there are infinities. */
  readonly infinite: boolean;
  /** Whether there is a zero with a sign. */
  readonly negativeZero: boolean;
  /** Whether there is NaN. */
  readonly nan: boolean;
}

const whole = (bits: number, signed: boolean, dtype: DType = 'int32'): NumberFormat => ({
  bits,
  dtype,
  range: signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1],
  ...(bits < 8 && {
    decode: (n: number) => (signed && n >= 2 ** (bits - 1) ? n - 2 ** bits : n),
  }),
});

/** A float of a sign, an exponent and a fraction. `special`: what the bits without the sign mean that are no plain number. */
function small(
  fraction: number,
  exponent: number,
  bias: number,
  most: number,
  special: (magnitude: number, negative: boolean) => number | undefined,
  kind: { infinite: boolean; negativeZero: boolean; nan: boolean },
): NumberFormat {
  const bits = 1 + exponent + fraction;
  return {
    bits,
    dtype: 'float32',
    float: { fraction, least: 1 - bias, most, ...kind },
    decode: (code) => {
      const negative = code >= 2 ** (bits - 1);
      const magnitude = code % 2 ** (bits - 1);
      const known = special(magnitude, negative);
      if (known !== undefined) return known;
      const power = Math.floor(magnitude / 2 ** fraction);
      const part = (magnitude % 2 ** fraction) / 2 ** fraction;
      const value = power === 0 ? part * 2 ** (1 - bias) : (1 + part) * 2 ** (power - bias);
      return negative ? -value : value;
    },
  };
}

const bfloat16Bits = new Uint32Array(1);
const bfloat16Value = new Float32Array(bfloat16Bits.buffer);
const IEEE = { infinite: true, negativeZero: true, nan: true };
const FINITE = { infinite: false, negativeZero: true, nan: true };
const UNSIGNED_ZERO = { infinite: false, negativeZero: false, nan: true };
const nanAtMinusZero = (magnitude: number, negative: boolean) =>
  magnitude === 0 && negative ? NaN : undefined;

/** The types that tensors of numbers have. */
export const FORMATS: Readonly<
  Record<Exclude<OnnxType, 'STRING' | 'COMPLEX64' | 'COMPLEX128'>, NumberFormat>
> = {
  FLOAT: { bits: 32, dtype: 'float32' },
  DOUBLE: { bits: 64, dtype: 'float32' },
  FLOAT16: {
    bits: 16,
    dtype: 'float32',
    decode: halfToFloat,
    float: { fraction: 10, least: -14, most: 65504, ...IEEE },
  },
  BFLOAT16: {
    bits: 16,
    dtype: 'float32',
    decode: (bits) => {
      bfloat16Bits[0] = bits << 16;
      return bfloat16Value[0] ?? 0;
    },
    float: { fraction: 7, least: -126, most: 2 ** 127 * (2 - 2 ** -7), ...IEEE },
  },
  FLOAT8E4M3FN: small(3, 4, 7, 448, (m) => (m === 127 ? NaN : undefined), FINITE),
  FLOAT8E4M3FNUZ: small(3, 4, 8, 240, nanAtMinusZero, UNSIGNED_ZERO),
  FLOAT8E5M2: small(
    ...([2, 5, 15, 57344] as const),
    (m, negative) => (m < 124 ? undefined : m > 124 ? NaN : negative ? -Infinity : Infinity),
    IEEE,
  ),
  FLOAT8E5M2FNUZ: small(2, 5, 16, 57344, nanAtMinusZero, UNSIGNED_ZERO),
  FLOAT8E8M0: { bits: 8, dtype: 'float32', decode: (bits) => (bits === 255 ? NaN : 2 ** (bits - 127)) },
  FLOAT4E2M1: small(1, 2, 1, 6, () => undefined, { ...FINITE, nan: false }),
  BOOL: { bits: 8, dtype: 'bool' },
  UINT8: whole(8, false, 'uint8'),
  INT8: whole(8, true),
  UINT16: whole(16, false),
  INT16: whole(16, true),
  UINT32: whole(32, false),
  INT32: whole(32, true),
  UINT64: whole(64, false),
  INT64: whole(64, true),
  UINT4: whole(4, false, 'uint8'),
  INT4: whole(4, true),
  UINT2: whole(2, false, 'uint8'),
  INT2: whole(2, true),
};

/** A type of {@link FORMATS}. */
export type NumberType = keyof typeof FORMATS;

/** Whether tensors of a type hold numbers. */
export const isNumberType = (type: OnnxType | undefined): type is NumberType =>
  type !== undefined && Object.hasOwn(FORMATS, type);
