import { type OptionNames, knownOptions, mismatch } from '../base/checks.js';
import type { Attrs } from '../engine/engine.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { max, mean } from './reduce.js';
import { type DataFormat, type Padding, type Sides, dataFormatOf, windowAttrs } from './window.js';

/** What `ops.maxPool` and `ops.averagePool` take. */
export interface PoolOptions {
  /** The size of the window along the spatial axes, or one number for all. Default 2. */
  poolSize?: Sides;
  /** The steps between windows along the spatial axes, or one number for all. Default: `poolSize`. */
  strides?: Sides | null;
  /** How far the window reaches over the sides: see {@link Padding}. Default `valid`. */
  padding?: Padding;
  /** The order of the axes: `channelsLast`, [n, …, channels], or `channelsFirst`, [n, channels, …]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** What `ops.globalMaxPool` and `ops.globalAveragePool` take. */
export interface GlobalPoolOptions {
  /** The order of the axes: `channelsLast`, [n, …, channels], or `channelsFirst`, [n, channels, …]. Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** Keep the spatial axes with a size of 1. Default false. */
  keepDims?: boolean;
}

const poolNames = {
  poolSize: 'optional',
  strides: 'optional',
  padding: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<PoolOptions>;
const globalPoolNames = {
  dataFormat: 'optional',
  keepDims: 'boolean',
} satisfies OptionNames<GlobalPoolOptions>;

/**
 * The largest number of each window; padding never wins, and of equal numbers the first gets the gradient. Also as `ops.maxPool2d` and
 * `ops.maxPool3d`, as TF.js and its users say. https://keras.io/api/ops/nn/
 *
 * @param x float32: sequences [n, length, channels], pictures [n, height, width, channels] or volumes [n, depth, height, width, channels].
 * @returns [n, sides …, channels].
 * @throws EngineError `SHAPE` for another rank and where the window is larger than the padded input, `ATTRIBUTE`.
 * @example ops.maxPool(zeros([1, 4, 4, 3]), { poolSize: 2 });
 */
export const maxPool = op('maxPool', <X extends Operand>(x: X, options: PoolOptions = {}): Outcome<X> => {
  return apply('maxPool', [x], poolAttrs('maxPool', x, options));
});

/**
 * The mean of each window, padding not counted. Also as `ops.avgPool`, `ops.avgPool2d` and `ops.avgPool3d`, as TF.js and its users say.
 * https://keras.io/api/ops/nn/
 *
 * @param x float32 of rank 3 to 5, as {@link maxPool} takes it.
 * @returns [n, sides …, channels].
 * @throws EngineError as {@link maxPool}.
 * @example ops.averagePool(zeros([1, 4, 4, 3]), { poolSize: 2 });
 */
export const averagePool = op(
  'averagePool',
  <X extends Operand>(x: X, options: PoolOptions = {}): Outcome<X> => {
    return apply('averagePool', [x], poolAttrs('averagePool', x, options));
  },
);

/** The largest number of each channel, float32: [n, …, channels], with 1 to 3 spatial axes, to [n, channels]. @throws EngineError `SHAPE` for another rank. */
export const globalMaxPool = op(
  'globalMaxPool',
  <X extends Operand>(x: X, options: GlobalPoolOptions = {}): Outcome<X> => {
    return max(x, { axis: spatialAxes('globalMaxPool', x, options), keepDims: options.keepDims });
  },
);

/** The mean of each channel, float32: [n, …, channels], with 1 to 3 spatial axes, to [n, channels]. @throws EngineError `SHAPE` for another rank. */
export const globalAveragePool = op(
  'globalAveragePool',
  <X extends Operand>(x: X, options: GlobalPoolOptions = {}): Outcome<X> => {
    return mean(x, { axis: spatialAxes('globalAveragePool', x, options), keepDims: options.keepDims });
  },
);

function spatialAxes(who: string, x: Operand, options: GlobalPoolOptions): readonly number[] {
  knownOptions(who, options, globalPoolNames);
  const { shape } = typeOf(x);
  if (shape.length < 3 || shape.length > 5) {
    throw mismatch(
      who,
      'an image [n, …, channels] with 1 to 3 spatial axes',
      `shape [${shape.join(', ')}]`,
      'SHAPE',
    );
  }
  const first = dataFormatOf(who, options.dataFormat, 'ATTRIBUTE') === 'channelsFirst' ? 2 : 1;
  return shape.slice(2).map((_, i) => first + i);
}

function poolAttrs(who: string, x: Operand, options: PoolOptions): Attrs {
  knownOptions(who, options, poolNames);
  const { poolSize = 2, ...window } = options;
  return windowAttrs(who, x, { poolSize, ...window });
}
