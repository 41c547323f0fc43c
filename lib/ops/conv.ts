import { type OptionNames, knownOptions, wrongShape } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { type Operand, type Outcome, promote, typeOf } from '../core/apply.js';
import { type DataFormat, type Padding, type Pair, dataFormatOf, pair, paddingAttrs } from './window.js';
import { reshape } from './shape.js';
import { add } from './binary.js';
import { op } from '../core/op.js';

/** What `ops.conv2d` takes. */
export interface Conv2dOptions {
  /** The steps of the kernel, down and to the right, or one number for both. Default 1. */
  strides?: Pair;
  /** How far the kernel reaches over the sides: see {@link Padding}. Default `valid`. */
  padding?: Padding;
  /** The distance of the kernel's taps. Default 1. */
  dilations?: Pair;
  /** The channels are split into as many groups, each with kernels of its own. Default 1. */
  groups?: number;
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

const conv2dNames = {
  strides: 'optional',
  padding: 'optional',
  dilations: 'optional',
  groups: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<Conv2dOptions>;
const depthwiseNames = {
  strides: 'optional',
  padding: 'optional',
  dilations: 'optional',
  dataFormat: 'optional',
} satisfies OptionNames<Omit<Conv2dOptions, 'groups'>>;

/**
 * The 2-D convolution (cross-correlation, as in every framework) of images with kernels.
 *
 * @param x float32 [n, height, width, channels] (or as `dataFormat` says).
 * @param kernel float32 [kernelHeight, kernelWidth, channels / groups, filters], for either format.
 * @returns [n, outHeight, outWidth, filters].
 * @throws EngineError `SHAPE` for other ranks, channels that differ, a kernel larger than the padded input; `ATTRIBUTE`.
 * @example ops.conv2d(zeros([1, 8, 8, 3]), zeros([3, 3, 3, 16]), { padding: 'same', strides: 2 }); // [1, 4, 4, 16]
 */
export const conv2d = op(
  'conv2d',
  <X extends Operand, K extends Operand>(x: X, kernel: K, options: Conv2dOptions = {}): Outcome<X | K> => {
    knownOptions('conv2d', options, conv2dNames);
    const {
      strides = 1,
      padding = 'valid',
      dilations = 1,
      groups = 1,
      dataFormat = 'channelsLast',
    } = options;
    return promote<X | K>('conv', [x, kernel], {
      strides: pair(strides),
      dilations: pair(dilations),
      groups,
      dataFormat,
      ...paddingAttrs('conv2d', padding),
    });
  },
);

/**
 * The convolution of each channel with kernels of its own: those of one channel lie one after another in the result.
 *
 * @param x float32 [n, height, width, channels] (or as `dataFormat` says).
 * @param kernel float32 [kernelHeight, kernelWidth, channels, multiplier], for either format.
 * @returns [n, outHeight, outWidth, channels · multiplier].
 * @throws EngineError as {@link conv2d}.
 */
export const depthwiseConv2d = op(
  'depthwiseConv2d',
  <X extends Operand, K extends Operand>(
    x: X,
    kernel: K,
    options: Omit<Conv2dOptions, 'groups'> = {},
  ): Outcome<X | K> => {
    knownOptions('depthwiseConv2d', options, depthwiseNames);
    const { shape } = typeOf(kernel);
    if (shape.length !== 4 || shape.includes(-1)) {
      throw wrongShape('depthwiseConv2d', 'a kernel [kh, kw, channels, multiplier] of known size', shape);
    }
    const [height, width, channels, multiplier] = shape;
    const apart = reshape(kernel, [height, width, 1, channels * multiplier]);
    return conv2d<Operand, Operand>(x, apart, { ...options, groups: channels }) as Outcome<X | K>;
  },
);

/** What `ops.conv2dTranspose` takes. */
export interface Conv2dTransposeOptions extends Omit<Conv2dOptions, 'padding' | 'groups'> {
  /** What is undone: the padding of the convolution. Default `valid`. */
  padding?: 'valid' | 'same';
  /** Rows and columns added at the end, fewer than the strides. By default as many as a convolution with these strides would drop. */
  outputPadding?: Pair | null;
}

const conv2dTransposeNames = {
  strides: 'optional',
  padding: 'optional',
  dilations: 'optional',
  dataFormat: 'optional',
  outputPadding: 'optional',
} satisfies OptionNames<Conv2dTransposeOptions>;

/**
 * The transposed convolution: what {@link conv2d} does to gradients on their way from its output to its input. A side of `in`
 * becomes, with a kernel of k (dilated), in · strides with padding `same` and (in − 1) · strides + max(k, strides) with `valid`;
 * with an outputPadding p, (in − 1) · strides + k % 2 + p and (in − 1) · strides + k + p.
 *
 * @param x float32 [n, height, width, channels] (or as `dataFormat` says).
 * @param kernel float32 [kernelHeight, kernelWidth, filters, channels], for either format.
 * @returns [n, outHeight, outWidth, filters].
 * @throws EngineError `SHAPE` for other ranks or channels that differ; `ATTRIBUTE`.
 * @example ops.conv2dTranspose(zeros([1, 4, 4, 16]), zeros([3, 3, 8, 16]), { strides: 2, padding: 'same' }); // [1, 8, 8, 8]
 */
export const conv2dTranspose = op(
  'conv2dTranspose',
  <X extends Operand, K extends Operand>(
    x: X,
    kernel: K,
    options: Conv2dTransposeOptions = {},
  ): Outcome<X | K> => {
    knownOptions('conv2dTranspose', options, conv2dTransposeNames);
    const { strides = 1, padding = 'valid', outputPadding, dilations = 1 } = options;
    return promote<X | K>('convTranspose', [x, kernel], {
      strides: pair(strides),
      dilations: pair(dilations),
      padding,
      outputPadding: outputPadding == null ? [] : pair(outputPadding),
      dataFormat: options.dataFormat ?? 'channelsLast',
    });
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
    dataFormatOf('biasAdd', options.dataFormat, 'ATTRIBUTE');
    const { rank, channels } = biasTypes(x, bias, options.dataFormat);
    if (options.dataFormat !== 'channelsFirst') return add<X, B>(x, bias);
    const shape = [channels, ...Array<number>(rank - 2).fill(1)];
    return add<Operand, Operand>(x, reshape(bias, shape)) as Outcome<X | B>;
  },
);

function biasTypes(x: Operand, bias: Operand, format: DataFormat = 'channelsLast') {
  const given = typeOf(x).shape;
  const biases = typeOf(bias).shape;
  const channels = given[format === 'channelsFirst' ? 1 : given.length - 1];
  if (given.length < 2 || biases.length !== 1 || (channels !== -1 && channels !== biases[0])) {
    throw new EngineError(
      'SHAPE',
      `[biasAdd] expected x of rank 2 or more and one bias a channel, ` +
        `received [${given.join(', ')}] and [${biases.join(', ')}]`,
    );
  }
  return { rank: given.length, channels: biases[0] };
}
