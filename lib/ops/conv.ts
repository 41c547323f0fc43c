import { type OptionNames, knownOptions, mismatch, wrongShape } from '../base/checks.js';
import { atLeast } from '../base/list.js';
import { type Operand, type Outcome, promote, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { add } from './binary.js';
import { reshape } from './shape.js';
import { type DataFormat, type Padding, type Sides, dataFormatOf, spatialOf, windowAttrs } from './window.js';

/** What `ops.depthwiseConv` and `ops.separableConv` take. */
export interface DepthwiseConvOptions {
  /** The steps of the kernel along the spatial axes, or one number for all. Default 1. */
  strides?: Sides;
  /** How far the kernel reaches over the sides: see {@link Padding}. Default `valid`. */
  padding?: Padding;
  /** The distance of the kernel's taps along the spatial axes, or one number for all. Default 1. */
  dilationRate?: Sides;
  /** The order of the axes: `channelsLast`, [n, …, channels], or `channelsFirst`, [n, channels, …]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** What `ops.conv` takes. */
export interface ConvOptions extends DepthwiseConvOptions {
  /** The channels are split into as many groups, each with its own kernels. Default 1. */
  groups?: number;
}

const depthwiseNames = {
  strides: 'optional',
  padding: 'optional',
  dilationRate: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<DepthwiseConvOptions>;
const convNames = { ...depthwiseNames, groups: 'optional' } satisfies OptionNames<ConvOptions>;

/**
 * The convolution (cross-correlation, as in every framework) of images with kernels, over as many spatial axes as x has: sequences
 * [n, length, channels], pictures [n, height, width, channels] or volumes [n, depth, height, width, channels]. Also as `ops.conv1d`,
 * `ops.conv2d` and `ops.conv3d`, TF.js's names. https://keras.io/api/ops/nn/
 *
 * @param x float32 of rank 3 to 5.
 * @param kernel float32 [kernel sizes …, channels / groups, filters], for either format.
 * @returns [n, sides …, filters].
 * @throws EngineError `SHAPE` for other ranks, channels that differ, a kernel larger than the padded input; `ATTRIBUTE`.
 * @example ops.conv(zeros([1, 8, 8, 3]), zeros([3, 3, 3, 16]), { padding: 'same', strides: 2 }); // [1, 4, 4, 16]
 */
export const conv = op(
  'conv',
  <X extends Operand, K extends Operand>(x: X, kernel: K, options: ConvOptions = {}): Outcome<X | K> => {
    knownOptions('conv', options, convNames);
    const { groups = 1, dilationRate, ...window } = options;
    const attrs = windowAttrs('conv', x, { ...window, dilations: dilationRate });
    return promote<X | K>('conv', [x, kernel], { ...attrs, groups });
  },
);

/**
 * The convolution of each channel with its own kernels: those of one channel follow one another in the result. Also as
 * `ops.depthwiseConv2d`, TF.js's name. https://keras.io/api/ops/nn/
 *
 * @param x float32 of rank 3 to 5, as {@link conv} takes it.
 * @param kernel float32 [kernel sizes …, channels, multiplier], for either format.
 * @returns [n, sides …, channels · multiplier].
 * @throws EngineError as {@link conv}.
 */
export const depthwiseConv = op(
  'depthwiseConv',
  <X extends Operand, K extends Operand>(
    x: X,
    kernel: K,
    options: DepthwiseConvOptions = {},
  ): Outcome<X | K> => {
    knownOptions('depthwiseConv', options, depthwiseNames);
    const { shape } = typeOf(kernel);
    if (shape.length !== spatialOf(x) + 2 || shape.includes(-1)) {
      const rank = typeOf(x).shape.length;
      throw wrongShape(
        'depthwiseConv',
        `a kernel [sizes …, channels, multiplier] of known size for rank ${rank}`,
        shape,
      );
    }
    const [channels, multiplier] = atLeast(shape.slice(-2), 2);
    const apart = reshape(kernel, [...shape.slice(0, -2), 1, channels * multiplier]);
    return conv(x, apart, { ...options, groups: channels }) as Outcome<X | K>;
  },
);

/**
 * {@link depthwiseConv} and then a convolution with kernels of size 1 over all channels. Also as `ops.separableConv2d`, TF.js's name.
 * https://keras.io/api/ops/nn/
 *
 * @param x float32 of rank 3 to 5, as {@link conv} takes it.
 * @param depthwiseKernel float32 [kernel sizes …, channels, multiplier].
 * @param pointwiseKernel float32 [1 …, channels · multiplier, filters].
 * @returns [n, sides …, filters].
 * @throws EngineError as {@link conv}.
 */
export const separableConv = op(
  'separableConv',
  <X extends Operand, D extends Operand, P extends Operand>(
    x: X,
    depthwiseKernel: D,
    pointwiseKernel: P,
    options: DepthwiseConvOptions = {},
  ): Outcome<X | D | P> => {
    knownOptions('separableConv', options, depthwiseNames);
    const each = depthwiseConv(x, depthwiseKernel, options);
    return conv(each, pointwiseKernel, { dataFormat: options.dataFormat }) as Outcome<X | D | P>;
  },
);

/** What `ops.convTranspose` takes. */
export interface ConvTransposeOptions extends Omit<DepthwiseConvOptions, 'padding'> {
  /** What is undone: the padding of the convolution. Default `valid`. */
  padding?: 'valid' | 'same';
  /** How many elements are added at the end of each spatial axis, fewer than the strides. By default as many as a convolution with these strides would drop. */
  outputPadding?: Sides | null;
}

const convTransposeNames = {
  ...depthwiseNames,
  outputPadding: 'optional',
} satisfies OptionNames<ConvTransposeOptions>;

/**
 * The transposed convolution: what {@link conv} does to gradients on their way from its output to its input. A side of `in`
 * becomes, with a kernel of k (dilated), in · strides with padding `same` and (in − 1) · strides + max(k, strides) with `valid`;
 * with an outputPadding p, (in − 1) · strides + k % 2 + p and (in − 1) · strides + k + p. Also as `ops.conv2dTranspose` and
 * `ops.conv3dTranspose`, TF.js's names. https://keras.io/api/ops/nn/
 *
 * @param x float32 of rank 3 to 5, as {@link conv} takes it.
 * @param kernel float32 [kernel sizes …, filters, channels], for either format.
 * @returns [n, sides …, filters].
 * @throws EngineError `SHAPE` for other ranks or channels that differ; `ATTRIBUTE`.
 * @example ops.convTranspose(zeros([1, 4, 4, 16]), zeros([3, 3, 8, 16]), { strides: 2, padding: 'same' }); // [1, 8, 8, 8]
 */
export const convTranspose = op(
  'convTranspose',
  <X extends Operand, K extends Operand>(
    x: X,
    kernel: K,
    options: ConvTransposeOptions = {},
  ): Outcome<X | K> => {
    knownOptions('convTranspose', options, convTransposeNames);
    const { dilationRate, ...window } = options;
    const attrs = windowAttrs('convTranspose', x, { ...window, dilations: dilationRate });
    return promote<X | K>('convTranspose', [x, kernel], attrs);
  },
);

/** What `ops.biasAdd` takes. */
export interface BiasAddOptions {
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

const biasAddNames = { dataFormat: 'optional' } satisfies OptionNames<BiasAddOptions>;

/**
 * Adds one number to each channel.
 *
 * @param x float32 of rank 2 or more, channels last unless `dataFormat` says `channelsFirst` (then axis 1).
 * @param bias float32 [channels].
 */
export const biasAdd = op(
  'biasAdd',
  <X extends Operand, B extends Operand>(x: X, bias: B, options: BiasAddOptions = {}): Outcome<X | B> => {
    knownOptions('biasAdd', options, biasAddNames);
    const dataFormat = dataFormatOf('biasAdd', options.dataFormat, 'ATTRIBUTE');
    const { rank, channels } = biasTypes(x, bias, dataFormat);
    if (dataFormat !== 'channelsFirst') return add<X, B>(x, bias);
    const shape = [channels, ...Array<number>(rank - 2).fill(1)];
    return add(x, reshape(bias, shape)) as Outcome<X | B>;
  },
);

function biasTypes(x: Operand, bias: Operand, format: DataFormat) {
  const given = typeOf(x).shape;
  const biases = typeOf(bias).shape;
  const [count] = biases;
  const channels = given[format === 'channelsFirst' ? 1 : given.length - 1];
  if (
    given.length < 2 ||
    count === undefined ||
    biases.length !== 1 ||
    (channels !== -1 && channels !== count)
  ) {
    throw mismatch(
      'biasAdd',
      'x of rank 2 or more and one bias a channel',
      `[${given.join(', ')}] and [${biases.join(', ')}]`,
      'SHAPE',
    );
  }
  return { rank: given.length, channels: count };
}
