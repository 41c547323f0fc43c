import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import * as ops from '../ops/index.js';
import { type OptionNames, fraction, positive } from '../base/checks.js';
import type { Architecture } from './application.js';
import { activation, channelsOf, conv, divisible, paddedForStrides } from './blocks.js';
import { type PretrainedOptions, pretrained, pretrainedNames } from './pretrained.js';
import { decimal } from './weightFiles.js';

/** What `applications.mobileNetV3Small` and `applications.mobileNetV3Large` take. */
export interface MobileNetV3Options extends PretrainedOptions {
  /** The factor of all numbers of filters. Default 1. */
  alpha?: number;
  /** Whether it does without squeeze-and-excite, hard swish and 5 × 5 convolutions. Default false. */
  minimalistic?: boolean;
  /** The rate of the dropout before the classes. Default 0.2. */
  dropoutRate?: number;
  /** Whether images from 0 to 255 are scaled to -1 to 1 in the model. Default true. */
  includePreprocessing?: boolean;
}

/** One block, as a row of the paper's tables 1 and 2: `large` kernels and `swish` are left out of minimalistic nets. */
interface Row {
  /** The factor of channels inside the block; none in the first. */
  readonly expansion?: number;
  readonly filters: number;
  readonly strides?: number;
  /** Whether its kernel is 5 × 5. */
  readonly large?: boolean;
  /** Whether it has squeeze-and-excite. */
  readonly squeezed?: boolean;
  /** Whether its activation is hard swish and not ReLU. */
  readonly swish?: boolean;
}

const SMALL: readonly Row[] = [
  { filters: 16, strides: 2, squeezed: true },
  { expansion: 72 / 16, filters: 24, strides: 2 },
  { expansion: 88 / 24, filters: 24 },
  { expansion: 4, filters: 40, strides: 2, large: true, squeezed: true, swish: true },
  { expansion: 6, filters: 40, large: true, squeezed: true, swish: true },
  { expansion: 6, filters: 40, large: true, squeezed: true, swish: true },
  { expansion: 3, filters: 48, large: true, squeezed: true, swish: true },
  { expansion: 3, filters: 48, large: true, squeezed: true, swish: true },
  { expansion: 6, filters: 96, strides: 2, large: true, squeezed: true, swish: true },
  { expansion: 6, filters: 96, large: true, squeezed: true, swish: true },
  { expansion: 6, filters: 96, large: true, squeezed: true, swish: true },
];

const LARGE: readonly Row[] = [
  { filters: 16 },
  { expansion: 4, filters: 24, strides: 2 },
  { expansion: 3, filters: 24 },
  { expansion: 3, filters: 40, strides: 2, large: true, squeezed: true },
  { expansion: 3, filters: 40, large: true, squeezed: true },
  { expansion: 3, filters: 40, large: true, squeezed: true },
  { expansion: 6, filters: 80, strides: 2, swish: true },
  { expansion: 2.5, filters: 80, swish: true },
  { expansion: 2.3, filters: 80, swish: true },
  { expansion: 2.3, filters: 80, swish: true },
  { expansion: 6, filters: 112, squeezed: true, swish: true },
  { expansion: 6, filters: 112, squeezed: true, swish: true },
  { expansion: 6, filters: 160, strides: 2, large: true, squeezed: true, swish: true },
  { expansion: 6, filters: 160, large: true, squeezed: true, swish: true },
  { expansion: 6, filters: 160, large: true, squeezed: true, swish: true },
];

const norm = (x: KerasTensor, name: string) =>
  layers.batchNormalization({ epsilon: 1e-3, momentum: 0.999, name }).apply(x);

const relu = (x: KerasTensor) => layers.relu().apply(x);
const hardSwish = (x: KerasTensor) => activation(x, 'hardSwish');

/** A factor for each channel from the mean of the image. */
function squeezeAndExcite(input: KerasTensor, prefix: string): KerasTensor {
  const channels = channelsOf(input);
  const part = `${prefix}squeeze_excite_`;
  const settings = { padding: 'same', useBias: true } as const;
  let x = layers.globalAveragePooling2d({ keepDims: true, name: `${part}avg_pool` }).apply(input);
  x = conv(x, divisible(channels * 0.25), 1, { ...settings, name: `${part}conv` });
  x = layers.relu({ name: `${part}relu` }).apply(x);
  x = conv(x, channels, 1, { ...settings, name: `${part}conv_1` });
  const factors = ops.multiply(layers.relu({ maxValue: 6 }).apply(ops.add(x, 3)), 1 / 6);
  return layers.multiply({ name: `${part}mul` }).apply([input, factors]);
}

function block(
  input: KerasTensor,
  number: number,
  filters: number,
  row: Row,
  minimalistic: boolean,
): KerasTensor {
  const { expansion, strides = 1 } = row;
  const channels = channelsOf(input);
  const prefix = number > 0 ? `expanded_conv_${number}_` : 'expanded_conv_';
  const act = row.swish && !minimalistic ? hardSwish : relu;
  const kernelSize = row.large && !minimalistic ? 5 : 3;
  let x = input;
  if (expansion !== undefined) {
    x = conv(x, divisible(channels * expansion), 1, { padding: 'same', name: `${prefix}expand` });
    x = act(norm(x, `${prefix}expand_bn`));
  }
  if (strides > 1) x = paddedForStrides(x, kernelSize, `${prefix}depthwise_pad`);
  const padding = strides > 1 ? 'valid' : 'same';
  x = layers
    .depthwiseConv2d({ kernelSize, strides, padding, useBias: false, name: `${prefix}depthwise` })
    .apply(x);
  x = act(norm(x, `${prefix}depthwise_bn`));
  if (row.squeezed && !minimalistic) x = squeezeAndExcite(x, prefix);
  x = norm(conv(x, filters, 1, { padding: 'same', name: `${prefix}project` }), `${prefix}project_bn`);
  return strides === 1 && channels === filters ? layers.add({ name: `${prefix}add` }).apply([input, x]) : x;
}

function mobileNetV3Of(
  who: string,
  name: string,
  rows: readonly Row[],
  lastFilters: number,
  options: MobileNetV3Options,
): Architecture {
  const { alpha = 1, minimalistic = false, dropoutRate = 0.2, includePreprocessing = true } = options;
  positive(who, 'alpha', alpha);
  fraction(who, 'dropoutRate', dropoutRate);
  const act = minimalistic ? relu : hardSwish;
  return {
    name,
    pretrained: publishedAs(name, options),
    anySize: true,
    body(image) {
      let x = image;
      if (includePreprocessing) x = layers.rescaling({ scale: 1 / 127.5, offset: -1 }).apply(x);
      x = act(norm(conv(x, 16, 3, { strides: 2, padding: 'same', name: 'conv' }), 'conv_bn'));
      for (const [i, row] of rows.entries())
        x = block(x, i, divisible(row.filters * alpha), row, minimalistic);
      x = conv(x, divisible(channelsOf(x) * 6), 1, { padding: 'same', name: 'conv_1' });
      return act(norm(x, 'conv_1_bn'));
    },
    top(features, { count, activation: kind }) {
      const filters = alpha > 1 ? divisible(lastFilters * alpha) : lastFilters;
      const settings = { padding: 'same', useBias: true } as const;
      let x = layers.globalAveragePooling2d({ keepDims: true }).apply(features);
      x = act(conv(x, filters, 1, { ...settings, name: 'conv_2' }));
      if (dropoutRate > 0) x = layers.dropout({ rate: dropoutRate }).apply(x);
      x = layers.flatten().apply(conv(x, count, 1, { ...settings, name: 'logits' }));
      return activation(x, kind, 'predictions');
    },
  };
}

/** The net of the published weights; undefined where there are none. */
function publishedAs(
  name: string,
  { alpha = 1, minimalistic = false }: MobileNetV3Options,
): string | undefined {
  if (alpha !== 1 && (minimalistic || alpha !== 0.75)) return undefined;
  const size = name.endsWith('Small') ? 'small' : 'large';
  return `mobilenet_v3_${size}${minimalistic ? '_minimalistic' : ''}_224_${decimal(alpha)}`;
}

const names = {
  ...pretrainedNames,
  alpha: 'optional',
  minimalistic: 'boolean',
  dropoutRate: 'optional',
  includePreprocessing: 'boolean',
} satisfies OptionNames<MobileNetV3Options>;

/**
 * MobileNet V3, small (Howard et al., 2019, https://arxiv.org/abs/1905.02244).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/mobilenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.mobileNetV3Small({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export function mobileNetV3Small(options: MobileNetV3Options = {}): Promise<Model> {
  const architecture = mobileNetV3Of('mobileNetV3Small', 'MobileNetV3Small', SMALL, 1024, options);
  return pretrained('mobileNetV3Small', architecture, options, names);
}

/**
 * MobileNet V3, large (Howard et al., 2019, https://arxiv.org/abs/1905.02244).
 * It takes images from 0 to 255 as they are. https://keras.io/api/applications/mobilenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.mobileNetV3Large({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export function mobileNetV3Large(options: MobileNetV3Options = {}): Promise<Model> {
  const architecture = mobileNetV3Of('mobileNetV3Large', 'MobileNetV3Large', LARGE, 1280, options);
  return pretrained('mobileNetV3Large', architecture, options, names);
}
