import { type OptionNames, knownOptions } from '../base/checks.js';
import type { DType } from '../engine/engine.js';
import { type Operand, type Outcome, apply, applyFloat } from '../core/apply.js';
import { op } from '../core/op.js';
import { asBool } from './asBool.js';

/** −x. float32 or int32. Also as `ops.neg`, TF.js's name. */
export const negative = op('negative', <T extends Operand>(x: T): Outcome<T> => apply('negative', [x]));
/** |x|, with gradient 0 at 0. float32 or int32. Also as `ops.absolute` and `ops.fabs`. */
export const abs = op('abs', <T extends Operand>(x: T): Outcome<T> => apply('abs', [x]));
/** −1, 0 or 1. float32 or int32. */
export const sign = op('sign', <T extends Operand>(x: T): Outcome<T> => apply('sign', [x]));
/** x². float32 or int32. */
export const square = op('square', <T extends Operand>(x: T): Outcome<T> => apply('square', [x]));
// From here on float32, of whole numbers too, as in Keras.

/** eˣ. */
export const exp = op('exp', <T extends Operand>(x: T): Outcome<T> => applyFloat('exp', [x]));
/** The natural logarithm: −∞ at 0, NaN below. */
export const log = op('log', <T extends Operand>(x: T): Outcome<T> => applyFloat('log', [x]));
/** log(1 + x), exact for small x. */
export const log1p = op('log1p', <T extends Operand>(x: T): Outcome<T> => applyFloat('log1p', [x]));
/** √x. */
export const sqrt = op('sqrt', <T extends Operand>(x: T): Outcome<T> => applyFloat('sqrt', [x]));
/** 1 / √x. */
export const rsqrt = op('rsqrt', <T extends Operand>(x: T): Outcome<T> => applyFloat('rsqrt', [x]));
/** 1 / x. */
export const reciprocal = op('reciprocal', <T extends Operand>(x: T): Outcome<T> =>
  applyFloat('reciprocal', [x]),
);
/** The largest whole number that is not above x; gradient 0. */
export const floor = op('floor', <T extends Operand>(x: T): Outcome<T> => applyFloat('floor', [x]));
/** The error function. */
export const erf = op('erf', <T extends Operand>(x: T): Outcome<T> => applyFloat('erf', [x]));

/** max(x, 0), float32, with gradient 0 at 0. */
export const relu = op('relu', <T extends Operand>(x: T): Outcome<T> => apply('relu', [x]));
/** What `ops.leakyRelu` takes. */
export interface LeakyReluOptions {
  /** The slope below 0. Default 0.2. */
  negativeSlope?: number;
}

const leakyReluNames = { negativeSlope: 'optional' } satisfies OptionNames<LeakyReluOptions>;

/** x above 0, negativeSlope · x below. Default 0.2; of layers.leakyReLU it is 0.3, as in Keras. */
export const leakyRelu = op(
  'leakyRelu',
  <T extends Operand>(x: T, options: LeakyReluOptions = {}): Outcome<T> => {
    knownOptions('leakyRelu', options, leakyReluNames);
    return applyFloat('leakyRelu', [x], { negativeSlope: options.negativeSlope ?? 0.2 });
  },
);
/** What `ops.elu` takes. */
export interface EluOptions {
  /** What the output tends to below 0, negated. Default 1. */
  alpha?: number;
}

const eluNames = { alpha: 'optional' } satisfies OptionNames<EluOptions>;

/** x above 0, alpha · (eˣ − 1) below (Clevert et al. 2015). Default 1. */
export const elu = op('elu', <T extends Operand>(x: T, options: EluOptions = {}): Outcome<T> => {
  knownOptions('elu', options, eluNames);
  return applyFloat('elu', [x], { alpha: options.alpha ?? 1 });
});
/** What `ops.gelu` takes. */
export interface GeluOptions {
  /** Whether to take the tanh approximation. Default true. */
  approximate?: boolean;
}

const geluNames = { approximate: 'boolean' } satisfies OptionNames<GeluOptions>;

/** x · Φ(x) (Hendrycks and Gimpel 2016), exact or by its tanh approximation (the default; the activation 'gelu' is exact, as in Keras). */
export const gelu = op('gelu', <T extends Operand>(x: T, options: GeluOptions = {}): Outcome<T> => {
  knownOptions('gelu', options, geluNames);
  return applyFloat('gelu', [x], { approximate: options.approximate ?? true });
});
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = op('sigmoid', <T extends Operand>(x: T): Outcome<T> => applyFloat('sigmoid', [x]));
/** The hyperbolic tangent. */
export const tanh = op('tanh', <T extends Operand>(x: T): Outcome<T> => applyFloat('tanh', [x]));
/** log(1 + eˣ). */
export const softplus = op('softplus', <T extends Operand>(x: T): Outcome<T> => applyFloat('softplus', [x]));

/** x in another dtype: floats are cut towards 0, bool is x ≠ 0. No gradient flows through integers. */
export const cast = op('cast', <T extends Operand>(x: T, dtype: DType): Outcome<T> =>
  apply('cast', [x], { dtype }),
);
/** x as it is, as a new value. Also as `ops.conj`, `ops.conjugate` and `ops.real`: all numbers are real. */
export const copy = op('copy', <T extends Operand>(x: T): Outcome<T> => apply('identity', [x]));
/** x, but a constant for gradients. */
export const stopGradient = op('stopGradient', <T extends Operand>(x: T): Outcome<T> =>
  apply('stopGradient', [x]),
);
/** Whether x is not true (is 0); bool. */
export const logicalNot = op(
  'logicalNot',
  <T extends Operand>(x: T): Outcome<T> => apply('logicalNot', [asBool(x)]) as Outcome<T>,
);
