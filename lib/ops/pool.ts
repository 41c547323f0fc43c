import { type OptionNames, knownOptions } from '../checks.js';
import type { Attrs } from '../engine.js';
import { type Operand, type Outcome, apply } from './apply.js';
import { max, mean } from './reduce.js';
import { type DataFormat, type Padding, type Pair, dataFormatOf, pair, paddingAttrs } from './window.js';

export interface Pool2dOptions {
  /** The window. Default 2. */
  poolSize?: Pair;
  /** Default `poolSize`. */
  strides?: Pair;
  /** Default `valid`. */
  padding?: Padding;
  /** Default `channelsLast`. */
  dataFormat?: DataFormat;
}

export interface GlobalPool2dOptions {
  /** Default `channelsLast`. */
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
 */
export function maxPool2d<X extends Operand>(x: X, options: Pool2dOptions = {}): Outcome<X> {
  return apply('maxPool2d', [x], poolAttrs('maxPool2d', options));
}

/** The mean of each window, padding not counted. Shapes and errors as {@link maxPool2d}. */
export function avgPool2d<X extends Operand>(x: X, options: Pool2dOptions = {}): Outcome<X> {
  return apply('avgPool2d', [x], poolAttrs('avgPool2d', options));
}

/** The largest number of each channel: [n, height, width, channels] to [n, channels]. */
export function globalMaxPool2d<X extends Operand>(x: X, options: GlobalPool2dOptions = {}): Outcome<X> {
  return max(x, { axis: imageAxes('globalMaxPool2d', options), keepDims: options.keepDims });
}

/** The mean of each channel: [n, height, width, channels] to [n, channels]. */
export function globalAvgPool2d<X extends Operand>(x: X, options: GlobalPool2dOptions = {}): Outcome<X> {
  return mean(x, { axis: imageAxes('globalAvgPool2d', options), keepDims: options.keepDims });
}

function imageAxes(op: string, options: GlobalPool2dOptions): readonly number[] {
  knownOptions(op, options, globalPoolNames);
  return dataFormatOf(op, options.dataFormat, 'ATTRIBUTE') === 'channelsFirst' ? [2, 3] : [1, 2];
}

function poolAttrs(op: string, options: Pool2dOptions): Attrs {
  knownOptions(op, options, poolNames);
  const { poolSize = 2, strides = poolSize, padding = 'valid', dataFormat = 'channelsLast' } = options;
  return { poolSize: pair(poolSize), strides: pair(strides), dataFormat, ...paddingAttrs(op, padding) };
}
