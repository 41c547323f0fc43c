import { type OptionNames, expected, integer, integers, knownOptions, positive } from '../../base/checks.js';
import { asSym } from '../composed.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { op } from '../../core/op.js';
import { add, divide, multiply, subtract } from '../binary.js';
import { mean } from '../reduce.js';
import { reshape, transpose } from '../shape.js';
import { toFloat32 } from '../toFloat32.js';
import { square } from '../unary.js';
import { type Pair, type Windows, filtered, gaussian } from './windowed.js';
import { type ImageOptions, asImages, imageAxes, imageNames } from './images.js';
import type { Sym } from '../../core/sym.js';

/** What `ops.image.gaussianBlur` takes. */
export interface GaussianBlurOptions extends ImageOptions {
  /** [height, width] of the kernel. Default [3, 3]. */
  kernelSize?: readonly [height: number, width: number];
  /** The standard deviations in pixels, of the columns first, as in Keras. Default [1, 1]. */
  sigma?: readonly [x: number, y: number];
}

/** What `ops.image.ssim` takes. */
export interface SsimOptions extends ImageOptions {
  /** The largest number that a pixel may be. Default 1. */
  maxVal?: number;
  /** The side of the Gaussian windows in which images are compared. Default 11. */
  filterSize?: number;
  /** The standard deviation of the windows, in pixels. Default 1.5. */
  filterSigma?: number;
  /** Keeps the comparison of means from dividing by 0. Default 0.01. */
  k1?: number;
  /** Keeps the comparison of variances from dividing by 0. Default 0.03. */
  k2?: number;
}

const blurNames = {
  kernelSize: 'optional',
  sigma: 'optional',
  ...imageNames,
} satisfies OptionNames<GaussianBlurOptions>;
const ssimNames = {
  maxVal: 'optional',
  filterSize: 'optional',
  filterSigma: 'optional',
  k1: 'optional',
  k2: 'optional',
  ...imageNames,
} satisfies OptionNames<SsimOptions>;

/**
 * Images seen through a Gaussian window; beyond the border are zeros. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch). Whole numbers are rounded and keep their dtype.
 * @returns Of their shape.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const gaussianBlur = op(
  'gaussianBlur',
  <X extends Operand>(images: X, options: GaussianBlurOptions = {}): Outcome<X> => {
    knownOptions('gaussianBlur', options, blurNames);
    const { kernelSize = [3, 3], sigma = [1, 1] } = options;
    const pair = (name: string, value: unknown): Pair => {
      if (Array.isArray(value) && value.length === 2) return value as unknown as Pair;
      throw expected('gaussianBlur', `two numbers for ${name}`, value);
    };
    const [sides, spreads] = [pair('kernelSize', kernelSize), pair('sigma', sigma)];
    for (const side of integers('gaussianBlur', 'kernelSize', sides))
      integer('gaussianBlur', 'kernelSize', side);
    for (const spread of spreads) positive('gaussianBlur', 'sigma', spread);
    const window = gaussian('gaussianBlur', sides, spreads);
    const made = filtered('gaussianBlur', images, window, 'same', options);
    return asImages(made, typeOf(images).dtype) as Outcome<X>;
  },
);

const SOBEL: Windows = {
  height: 3,
  width: 3,
  numbers: [
    [-1, -2, -1, 0, 0, 0, 1, 2, 1],
    [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  ],
};

/**
 * How fast images change downwards and to the right, by Sobel's windows; beyond the border are zeros. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch), height, width and channels known.
 * @returns float32 of the images' shape with a last axis of 2: downwards, to the right.
 * @throws EngineError `SHAPE`.
 */
export const sobelEdges = op(
  'sobelEdges',
  <X extends Operand>(images: X, options: ImageOptions = {}): Outcome<X> => {
    knownOptions('sobelEdges', options, imageNames);
    const { channels, shape } = imageAxes('sobelEdges', images, options.dataFormat);
    const both = filtered('sobelEdges', images, SOBEL, 'same', options);
    const last = channels === shape.length - 1;
    const apart = reshape(both, [...shape.slice(0, channels + 1), 2, ...shape.slice(channels + 1)]);
    if (last) return apart as Outcome<X>;
    const axes = [...typeOf(apart).shape.keys()];
    return transpose(apart, [...axes.filter((axis) => axis !== channels + 1), channels + 1]) as Outcome<X>;
  },
);

/**
 * How alike images are to the eye: 1 for the same, about 0 for unlike ones, down to -1. The mean over windows and channels. Wang et al., Image
 * quality assessment: from error visibility to structural similarity, 2004. https://keras.io/api/ops/image/
 *
 * @param image1 Of rank 3 (one) or 4 (a batch), at least as large as a window.
 * @param image2 Of the same shape.
 * @returns float32 [n]; of one image a scalar.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 */
export const ssim = op(
  'ssim',
  <A extends Operand, B extends Operand>(image1: A, image2: B, options: SsimOptions = {}): Outcome<A | B> => {
    knownOptions('ssim', options, ssimNames);
    const { maxVal = 1, filterSize = 11, filterSigma = 1.5, k1 = 0.01, k2 = 0.03 } = options;
    integer('ssim', 'filterSize', filterSize);
    positive('ssim', 'filterSigma', filterSigma);
    positive('ssim', 'maxVal', maxVal);
    const [a, b] = [toFloat32(asSym(image1)), toFloat32(asSym(image2))];
    const { shape } = imageAxes('ssim', a, options.dataFormat);
    imageAxes('ssim', b, options.dataFormat);
    const window = gaussian('ssim', [filterSize, filterSize], [filterSigma, filterSigma]);
    const seen = (x: Sym): Sym => asSym(filtered('ssim', x, window, 'valid', options));
    const [m1, m2] = [seen(a), seen(b)];
    const c1 = (k1 * maxVal) ** 2;
    const c2 = (k2 * maxVal) ** 2;
    const variances = subtract(add(seen(square(a)), seen(square(b))), add(square(m1), square(m2)));
    const covariance = subtract(seen(multiply(a, b)), multiply(m1, m2));
    const likeness = multiply(add(multiply(multiply(m1, m2), 2), c1), add(multiply(covariance, 2), c2));
    const scale = multiply(add(add(square(m1), square(m2)), c1), add(variances, c2));
    const axes = shape.length === 3 ? undefined : [1, 2, 3];
    return mean(divide(likeness, scale), { axis: axes }) as Outcome<A | B>;
  },
);
