import { itemAt } from '../base/list.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { varianceScaling } from '../initializers/index.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import { type Architecture, averaged, predictions } from './application.js';
import { activation, conv, divisible, paddedForStrides } from './blocks.js';
import { type PretrainedOptions, pretrained } from './pretrained.js';

/** A stage: `blocks` of one kind, of which the first has the strides. */
interface Stage {
  readonly kernelSize: number;
  readonly blocks: number;
  readonly filters: number;
  readonly expansion: number;
  readonly strides: number;
}

const STAGES: readonly Stage[] = [
  { kernelSize: 3, blocks: 1, filters: 16, expansion: 1, strides: 1 },
  { kernelSize: 3, blocks: 2, filters: 24, expansion: 6, strides: 2 },
  { kernelSize: 5, blocks: 2, filters: 40, expansion: 6, strides: 2 },
  { kernelSize: 3, blocks: 3, filters: 80, expansion: 6, strides: 2 },
  { kernelSize: 5, blocks: 3, filters: 112, expansion: 6, strides: 1 },
  { kernelSize: 5, blocks: 4, filters: 192, expansion: 6, strides: 2 },
  { kernelSize: 3, blocks: 1, filters: 320, expansion: 6, strides: 1 },
];

/** What tells one net of the family from another. */
export interface EfficientNetSizes {
  readonly name: string;
  /** The sides of the images. */
  readonly size: number;
  /** The factor of filters. */
  readonly width: number;
  /** The factor of blocks. */
  readonly depth: number;
  /** The rate of the dropout before the classes. */
  readonly dropout: number;
  /** Whether it is made for small machines: ReLU6, no squeeze-and-excite, first and last stages as they are, images from -1 to 1. */
  readonly lite?: boolean;
}

/** The largest rate of the dropout of whole blocks. */
const DROP_CONNECT = 0.2;

const kernels = varianceScaling({ scale: 2, mode: 'fanOut', distribution: 'truncatedNormal' });
const headKernels = varianceScaling({ scale: 1 / 3, mode: 'fanOut', distribution: 'uniform' });

const plainConv = (x: KerasTensor, filters: number, name: string) =>
  conv(x, filters, 1, { padding: 'same', kernelInitializer: kernels, name });

const norm = (x: KerasTensor, name: string) => layers.batchNormalization({ name }).apply(x);

/** One block: what its stage does not say. */
interface Block extends Stage {
  readonly name: string;
  /** How many channels come in. */
  readonly channels: number;
  readonly act: string;
  readonly squeezed: boolean;
  /** The rate of the dropout of the whole block. */
  readonly drop: number;
}

/** A factor for each channel from the mean of the image. */
function squeezeAndExcite(input: KerasTensor, { name, channels, expansion, act }: Block): KerasTensor {
  const filters = channels * expansion;
  const settings = { padding: 'same', useBias: true, kernelInitializer: kernels } as const;
  let x: KerasTensor = layers.globalAveragePooling2d({ name: `${name}se_squeeze` }).apply(input);
  x = layers.reshape({ targetShape: [1, 1, filters], name: `${name}se_reshape` }).apply(x);
  const reduced = Math.max(1, Math.trunc(channels * 0.25));
  x = conv(x, reduced, 1, { ...settings, activation: act, name: `${name}se_reduce` });
  x = conv(x, filters, 1, { ...settings, activation: 'sigmoid', name: `${name}se_expand` });
  return layers.multiply({ name: `${name}se_excite` }).apply([input, x]);
}

function blockOf(input: KerasTensor, block: Block): KerasTensor {
  const { name, channels, filters, expansion, kernelSize, strides, act, squeezed, drop } = block;
  let x = input;
  if (expansion > 1) {
    x = norm(plainConv(x, channels * expansion, `${name}expand_conv`), `${name}expand_bn`);
    x = activation(x, act, `${name}expand_activation`);
  }
  if (strides > 1) x = paddedForStrides(x, kernelSize, `${name}dwconv_pad`);
  const padding = strides > 1 ? 'valid' : 'same';
  const settings = { padding, useBias: false, depthwiseInitializer: kernels } as const;
  x = layers.depthwiseConv2d({ kernelSize, strides, ...settings, name: `${name}dwconv` }).apply(x);
  x = activation(norm(x, `${name}bn`), act, `${name}activation`);
  if (squeezed) x = squeezeAndExcite(x, block);
  x = norm(plainConv(x, filters, `${name}project_conv`), `${name}project_bn`);
  if (strides > 1 || channels !== filters) return x;
  if (drop > 0) x = layers.dropout({ rate: drop, noiseShape: [null, 1, 1, 1], name: `${name}drop` }).apply(x);
  return layers.add({ name: `${name}add` }).apply([x, input]);
}

/** The standard deviations of ImageNet's red, green and blue from 0 to 1. */
const DEVIATIONS = [0.229, 0.224, 0.225];

/** A net of the family; the published weights were trained on images that were divided by the deviations, not by their roots. */
export function efficientNetOf(sizes: EfficientNetSizes, weights?: string | null): Architecture {
  const { name, size, width, depth, dropout, lite = false } = sizes;
  const act = lite ? 'relu6' : 'silu';
  const widened = (filters: number) => divisible(filters * width);
  // In lite nets the first and last stages have the blocks of B0.
  const counts = STAGES.map(({ blocks }, i) =>
    lite && (i === 0 || i === STAGES.length - 1) ? blocks : Math.ceil(depth * blocks),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);

  function prepared(image: KerasTensor): KerasTensor {
    if (lite) return image;
    const x = layers.normalization({ axis: -1 }).apply(layers.rescaling({ scale: 1 / 255 }).apply(image));
    if (weights !== 'imagenet') return x;
    return layers.rescaling({ scale: DEVIATIONS.map((deviation) => 1 / Math.sqrt(deviation)) }).apply(x);
  }

  return {
    name,
    size,
    body(image) {
      let x = paddedForStrides(prepared(image), 3, 'stem_conv_pad');
      let channels = lite ? 32 : widened(32);
      x = conv(x, channels, 3, { strides: 2, kernelInitializer: kernels, name: 'stem_conv' });
      x = activation(norm(x, 'stem_bn'), act, 'stem_activation');
      let before = 0;
      for (const [i, stage] of STAGES.entries()) {
        const filters = widened(stage.filters);
        for (let k = 0; k < itemAt(counts, i); k++) {
          const letter = String.fromCharCode('a'.charCodeAt(0) + k);
          x = blockOf(x, {
            ...stage,
            name: `block${i + 1}${letter}_`,
            channels,
            filters,
            strides: k === 0 ? stage.strides : 1,
            act,
            squeezed: !lite,
            drop: (DROP_CONNECT * before++) / total,
          });
          channels = filters;
        }
      }
      x = plainConv(x, lite ? 1280 : widened(1280), 'top_conv');
      return activation(norm(x, 'top_bn'), act, 'top_activation');
    },
    top(features, classes) {
      const x = layers.dropout({ rate: dropout, name: 'top_dropout' }).apply(averaged(features));
      return predictions(x, classes, { kernelInitializer: headKernels });
    },
  };
}

/** Sides, factors of filters and blocks, and dropout of B0 to B7: table 8 of the paper. */
const SIZES: readonly (readonly [size: number, width: number, depth: number, dropout: number])[] = [
  [224, 1, 1, 0.2],
  [240, 1, 1.1, 0.2],
  [260, 1.1, 1.2, 0.3],
  [300, 1.2, 1.4, 0.3],
  [380, 1.4, 1.8, 0.4],
  [456, 1.6, 2.2, 0.4],
  [528, 1.8, 2.6, 0.5],
  [600, 2, 3.1, 0.5],
];

function numbered(n: number, options: PretrainedOptions = {}): Promise<Model> {
  const [size, width, depth, dropout] = itemAt(SIZES, n);
  const name = `efficientnetb${n}`;
  const architecture = efficientNetOf({ name, size, width, depth, dropout }, options.weights);
  return pretrained(`efficientNetB${n}`, architecture, options);
}

/**
 * EfficientNet B0 (Tan and Le, 2019, https://arxiv.org/abs/1905.11946).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/efficientnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetB0({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const efficientNetB0 = (options?: PretrainedOptions): Promise<Model> => numbered(0, options);

/**
 * EfficientNet B1 (Tan and Le, 2019, https://arxiv.org/abs/1905.11946).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/efficientnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetB1({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const efficientNetB1 = (options?: PretrainedOptions): Promise<Model> => numbered(1, options);

/**
 * EfficientNet B2 (Tan and Le, 2019, https://arxiv.org/abs/1905.11946).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/efficientnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetB2({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const efficientNetB2 = (options?: PretrainedOptions): Promise<Model> => numbered(2, options);

/**
 * EfficientNet B3 (Tan and Le, 2019, https://arxiv.org/abs/1905.11946).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/efficientnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetB3({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const efficientNetB3 = (options?: PretrainedOptions): Promise<Model> => numbered(3, options);

/**
 * EfficientNet B4 (Tan and Le, 2019, https://arxiv.org/abs/1905.11946).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/efficientnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetB4({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const efficientNetB4 = (options?: PretrainedOptions): Promise<Model> => numbered(4, options);

/**
 * EfficientNet B5 (Tan and Le, 2019, https://arxiv.org/abs/1905.11946).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/efficientnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetB5({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const efficientNetB5 = (options?: PretrainedOptions): Promise<Model> => numbered(5, options);

/**
 * EfficientNet B6 (Tan and Le, 2019, https://arxiv.org/abs/1905.11946).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/efficientnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetB6({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const efficientNetB6 = (options?: PretrainedOptions): Promise<Model> => numbered(6, options);

/**
 * EfficientNet B7 (Tan and Le, 2019, https://arxiv.org/abs/1905.11946).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/efficientnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetB7({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const efficientNetB7 = (options?: PretrainedOptions): Promise<Model> => numbered(7, options);

/**
 * EfficientNet Lite0 (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite): B0 for small machines. Keras does
 * not have it. Images from 0 to 255 have 127 subtracted and are divided by 128 first.
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.efficientNetLite0({ includeTop: false, inputShape: [96, 96, 3] });
 */
export function efficientNetLite0(options: PretrainedOptions = {}): Promise<Model> {
  const sizes = { name: 'efficientnet-lite0', size: 224, width: 1, depth: 1, dropout: 0.2, lite: true };
  return pretrained('efficientNetLite0', efficientNetOf(sizes), options);
}
