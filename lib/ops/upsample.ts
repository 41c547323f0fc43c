import { type OptionNames, knownOptions, oneOf } from '../base/checks.js';
import { type Operand, type Outcome, apply } from '../core/apply.js';
import { avgPool2d } from './pool.js';
import { type DataFormat, type Pair, pair } from './window.js';
import { op } from '../core/op.js';

/** What `ops.upSampling2d` takes. */
export interface UpSampling2dOptions {
  /** How many times as high and wide. Default 2. */
  size?: Pair;
  /** Default `nearest`: each number becomes a rectangle of equal ones. */
  interpolation?: 'nearest' | 'bilinear';
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

const upSampling2dNames = {
  size: 'optional',
  interpolation: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<UpSampling2dOptions>;

/**
 * Images as many times as high and wide. `bilinear` takes numbers to lie in the middle of their pixels and repeats those at the
 * border, as TensorFlow 2 and PyTorch (without `align_corners`) do.
 *
 * @param x float32 [n, height, width, channels] (or as `dataFormat` says).
 * @returns [n, height · size, width · size, channels].
 * @throws EngineError `SHAPE` for another rank; `ATTRIBUTE`.
 */
export const upSampling2d = op(
  'upSampling2d',
  <X extends Operand>(x: X, options: UpSampling2dOptions = {}): Outcome<X> => {
    knownOptions('upSampling2d', options, upSampling2dNames);
    const { size = 2, interpolation = 'nearest', dataFormat = 'channelsLast' } = options;
    oneOf('upSampling2d', 'interpolation', interpolation, ['nearest', 'bilinear'], 'ATTRIBUTE');
    const sides = pair(size);
    const steps = apply('upSampling', [x], { size: sides, dataFormat });
    if (interpolation === 'nearest') return steps;
    // The mean over as many places as a step is wide goes in a straight line from one step's middle to the next. An even number of
    // places has its middle between two of them: there a mean over two follows.
    const [high, wide] = sides.map((n): [number, number] => [Math.floor(n / 2), Math.floor((n - 1) / 2)]);
    const lines = avgPool2d(steps, {
      ...{ poolSize: [sides[0], sides[1]], strides: 1, dataFormat },
      padding: [high, wide],
    });
    const [evenHigh, evenWide] = sides.map((n) => 1 - (n % 2));
    if (evenHigh + evenWide === 0) return lines as Outcome<X>;
    return avgPool2d(lines, {
      ...{ poolSize: [1 + evenHigh, 1 + evenWide], strides: 1, dataFormat },
      padding: [
        [0, evenHigh],
        [0, evenWide],
      ],
    }) as Outcome<X>;
  },
);
