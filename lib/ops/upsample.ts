import { type OptionNames, knownOptions, mismatch, oneOf } from '../base/checks.js';
import { type Operand, type Outcome, apply } from '../core/apply.js';
import { op } from '../core/op.js';
import { averagePool } from './pool.js';
import { type DataFormat, type Sides, sidesOf, spatialOf, windowAttrs } from './window.js';

/** What `ops.upSampling` takes. */
export interface UpSamplingOptions {
  /** How many times as long each spatial axis becomes, or one number for all. Default 2. */
  size?: Sides;
  /** `nearest`: each number becomes a block of equal ones; `bilinear`, of pictures alone. Default `nearest`. */
  interpolation?: 'nearest' | 'bilinear';
  /** The order of the axes: `channelsLast`, [n, …, channels], or `channelsFirst`, [n, channels, …]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

const upSamplingNames = {
  size: 'optional',
  interpolation: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<UpSamplingOptions>;

/**
 * Larger images. `bilinear` takes numbers to be in the middle of their pixels and repeats those at the border, as TensorFlow 2 and
 * PyTorch (without `align_corners`) do.
 *
 * @param x float32: sequences [n, length, channels], pictures [n, height, width, channels] or volumes [n, depth, height, width, channels].
 * @returns [n, side · size …, channels].
 * @throws EngineError `SHAPE` for another rank; `ATTRIBUTE`, also for `bilinear` of anything but pictures.
 */
export const upSampling = op(
  'upSampling',
  <X extends Operand>(x: X, options: UpSamplingOptions = {}): Outcome<X> => {
    knownOptions('upSampling', options, upSamplingNames);
    const { size = 2, interpolation = 'nearest', dataFormat } = options;
    oneOf('upSampling', 'interpolation', interpolation, ['nearest', 'bilinear'], 'ATTRIBUTE');
    const sides = sidesOf(size, spatialOf(x));
    const steps = apply('upSampling', [x], windowAttrs('upSampling', x, { size: sides, dataFormat }));
    if (interpolation === 'nearest') return steps;
    if (sides.length !== 2) {
      throw mismatch(
        'upSampling',
        "pictures [n, height, width, channels] for 'bilinear'",
        `${sides.length} spatial axes`,
        'ATTRIBUTE',
      );
    }
    // The mean over as many places as a step is wide goes in a straight line from one step's middle to the next. An even number of
    // places has its middle between two of them: there a mean over two follows.
    const padding = sides.map((n): [number, number] => [Math.floor(n / 2), Math.floor((n - 1) / 2)]);
    const lines = averagePool(steps, { poolSize: sides, strides: 1, padding, dataFormat });
    const even = sides.map((n) => 1 - (n % 2));
    if (even.every((n) => n === 0)) return lines as Outcome<X>;
    return averagePool(lines, {
      ...{ poolSize: even.map((n) => 1 + n), strides: 1, dataFormat },
      padding: even.map((n): [number, number] => [0, n]),
    }) as Outcome<X>;
  },
);
