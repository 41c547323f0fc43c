import { type OptionNames, knownOptions } from '../base/checks.js';
import type { Attrs } from '../engine/engine.js';
import { EngineError } from '../base/errors.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { max, mean } from './reduce.js';
import { type DataFormat, type Padding, type Pair, dataFormatOf, pair, paddingAttrs } from './window.js';
import { op } from '../core/op.js';

/** What `ops.maxPool2d` and `ops.avgPool2d` take. */
export interface Pool2dOptions {
  /** The height and width of the window, or one number for both. Default 2. */
  poolSize?: Pair;
  /** The steps between windows, down and to the right, or one number for both. Default: `poolSize`. */
  strides?: Pair;
  /** How far the window reaches over the sides: see {@link Padding}. Default `valid`. */
  padding?: Padding;
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** What `ops.globalMaxPool2d` and `ops.globalAvgPool2d` take. */
export interface GlobalPool2dOptions {
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** Keep height and width as axes of size 1. Default false. */
  keepDims?: boolean;
}

const poolNames = {
  poolSize: 'optional',
  strides: 'optional',
  padding: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<Pool2dOptions>;
const globalPoolNames = {
  dataFormat: 'optional',
  keepDims: 'boolean',
} satisfies OptionNames<GlobalPool2dOptions>;

/**
 * The largest number of each window; padding never wins, and of equal numbers the first gets the gradient.
 *
 * @param x float32 [n, height, width, channels] (or as `dataFormat` says).
 * @returns [n, outHeight, outWidth, channels].
 * @throws EngineError `SHAPE` where the window is larger than the padded input, `ATTRIBUTE`.
 * @example ops.maxPool2d(zeros([1, 4, 4, 3]), { poolSize: 2 });
 */
export const maxPool2d = op(
  'maxPool2d',
  <X extends Operand>(x: X, options: Pool2dOptions = {}): Outcome<X> => {
    return apply('maxPool', [x], poolAttrs('maxPool2d', options));
  },
);

/**
 * The mean of each window, padding not counted.
 *
 * @param x float32 [n, height, width, channels] (or as `dataFormat` says).
 * @returns [n, outHeight, outWidth, channels].
 * @throws EngineError as {@link maxPool2d}.
 * @example ops.avgPool2d(zeros([1, 4, 4, 3]), { poolSize: 2 });
 */
export const avgPool2d = op(
  'avgPool2d',
  <X extends Operand>(x: X, options: Pool2dOptions = {}): Outcome<X> => {
    return apply('averagePool', [x], poolAttrs('avgPool2d', options));
  },
);

/** The largest number of each channel, float32: [n, height, width, channels] to [n, channels]. @throws EngineError `SHAPE` for another rank. */
export const globalMaxPool2d = op(
  'globalMaxPool2d',
  <X extends Operand>(x: X, options: GlobalPool2dOptions = {}): Outcome<X> => {
    return max(x, { axis: imageAxes('globalMaxPool2d', x, options), keepDims: options.keepDims });
  },
);

/** The mean of each channel, float32: [n, height, width, channels] to [n, channels]. @throws EngineError `SHAPE` for another rank. */
export const globalAvgPool2d = op(
  'globalAvgPool2d',
  <X extends Operand>(x: X, options: GlobalPool2dOptions = {}): Outcome<X> => {
    return mean(x, { axis: imageAxes('globalAvgPool2d', x, options), keepDims: options.keepDims });
  },
);

function imageAxes(op: string, x: Operand, options: GlobalPool2dOptions): readonly number[] {
  knownOptions(op, options, globalPoolNames);
  const { shape } = typeOf(x);
  if (shape.length !== 4) {
    throw new EngineError(
      'SHAPE',
      `[${op}] expected an image [n, height, width, channels], received shape [${shape.join(', ')}]`,
    );
  }
  return dataFormatOf(op, options.dataFormat, 'ATTRIBUTE') === 'channelsFirst' ? [2, 3] : [1, 2];
}

function poolAttrs(op: string, options: Pool2dOptions): Attrs {
  knownOptions(op, options, poolNames);
  const { poolSize = 2, strides = poolSize, padding = 'valid', dataFormat = 'channelsLast' } = options;
  return { poolSize: pair(poolSize), strides: pair(strides), dataFormat, ...paddingAttrs(op, padding) };
}
