import { type OptionNames, finite, knownOptions, positive, seedOf } from '../../base/checks.js';
import type { Operand, Outcome } from '../../core/apply.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { multiply } from '../binary.js';
import { randomNormal } from '../random.js';
import { reshape } from '../shape.js';
import { concatenate, slice } from '../slice.js';
import { toFloat32 } from '../toFloat32.js';
import { gaussianBlur } from './filters.js';
import { imageAxes, knownSizes } from './images.js';
import { type AffineTransformOptions, affineNames, distorted } from './sampling.js';

/** What `ops.image.elasticTransform` takes. */
export interface ElasticTransformOptions extends AffineTransformOptions {
  /** How far pixels are moved: the factor of the smoothed noise. Default 20. */
  alpha?: number;
  /** The standard deviation of the noise, and of the Gaussian window that smooths it, in pixels. Default 5. */
  sigma?: number;
  /** By default each call draws anew, inside {@link compile} and in layers each step; with a seed the numbers are the same each time. */
  seed?: number;
}

const elasticNames = {
  alpha: 'optional',
  sigma: 'optional',
  seed: 'optional',
  ...affineNames,
} satisfies OptionNames<ElasticTransformOptions>;

/**
 * Images with their pixels moved by smoothed noise, all channels alike. Simard et al., Best practices for convolutional neural networks,
 * 2003. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch), height, width and channels known.
 * @param options `fillMode` is `reflect` by default.
 * @returns Of their shape.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const elasticTransform = op(
  'elasticTransform',
  <X extends Operand>(images: X, options: ElasticTransformOptions = {}): Outcome<X> => {
    knownOptions('elasticTransform', options, elasticNames);
    const { alpha = 20, sigma = 5, seed, fillMode = 'reflect', ...sampling } = options;
    finite('elasticTransform', 'alpha', alpha);
    positive('elasticTransform', 'sigma', sigma);
    if (seed !== undefined) seedOf('elasticTransform', seed);
    const { height, width, channels, shape } = imageAxes('elasticTransform', images, options.dataFormat);
    const [rows, columns] = knownSizes('elasticTransform', shape, [height, width]);
    // One number for each pixel: what the noise has the shape of.
    const start = shape.map(() => 0);
    const size = shape.map((_, axis) => (axis === channels ? 1 : -1));
    const plane = reshape(slice(toFloat32(images), start, size), [
      shape.length === 3 ? 1 : -1,
      rows,
      columns,
      1,
    ]);
    const pair = concatenate([plane, plane], { axis: -1 }) as Sym;
    const noise = randomNormal(pair, { stddev: sigma, seed });
    const window = Math.trunc(6 * sigma) | 1;
    const smooth = gaussianBlur(noise, { kernelSize: [window, window], sigma: [sigma, sigma] });
    return distorted('elasticTransform', images, multiply(smooth, alpha), {
      ...sampling,
      fillMode,
    }) as Outcome<X>;
  },
);
