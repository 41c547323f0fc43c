import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import { type OptionNames, positive } from '../base/checks.js';
import { type Architecture, predictions } from './application.js';
import { channelsOf, conv, divisible, paddedForStrides } from './blocks.js';
import { type PretrainedOptions, pretrained, pretrainedNames } from './pretrained.js';
import { decimal, sideOf } from './weightFiles.js';

/** What `applications.mobileNetV2` takes. */
export interface MobileNetV2Options extends PretrainedOptions {
  /** The factor of all numbers of filters. Default 1. */
  alpha?: number;
}

/** Filters, blocks and strides of the first of them. */
const STAGES: readonly (readonly [filters: number, blocks: number, strides: number])[] = [
  [16, 1, 1],
  [24, 2, 2],
  [32, 3, 2],
  [64, 4, 2],
  [96, 3, 1],
  [160, 3, 2],
  [320, 1, 1],
];

const norm = (x: KerasTensor, name: string) =>
  layers.batchNormalization({ epsilon: 1e-3, momentum: 0.999, name }).apply(x);

const relu6 = (x: KerasTensor, name: string) => layers.relu({ maxValue: 6, name }).apply(x);

/** Out to six times the channels (but in the first block), a depthwise convolution, and back. */
function block(input: KerasTensor, number: number, filters: number, strides: number): KerasTensor {
  const channels = channelsOf(input);
  const prefix = number > 0 ? `block_${number}_` : 'expanded_conv_';
  let x = input;
  if (number > 0) {
    x = conv(x, 6 * channels, 1, { padding: 'same', name: `${prefix}expand` });
    x = relu6(norm(x, `${prefix}expand_BN`), `${prefix}expand_relu`);
  }
  if (strides > 1) x = paddedForStrides(x, 3, `${prefix}pad`);
  const padding = strides > 1 ? 'valid' : 'same';
  x = layers
    .depthwiseConv2d({ kernelSize: 3, strides, useBias: false, padding, name: `${prefix}depthwise` })
    .apply(x);
  x = relu6(norm(x, `${prefix}depthwise_BN`), `${prefix}depthwise_relu`);
  x = norm(conv(x, filters, 1, { padding: 'same', name: `${prefix}project` }), `${prefix}project_BN`);
  return channels === filters && strides === 1 ? layers.add({ name: `${prefix}add` }).apply([input, x]) : x;
}

/** The nets of which there are published weights. */
const ALPHAS = [0.35, 0.5, 0.75, 1, 1.3, 1.4];
const SIDES = [96, 128, 160, 192, 224];

function mobileNetV2Of(who: string, options: MobileNetV2Options): Architecture {
  const { alpha = 1, inputShape } = options;
  positive(who, 'alpha', alpha);
  return {
    name: `mobilenetv2_${alpha.toFixed(2)}_${inputShape?.[0] ?? 224}`,
    pretrained: ALPHAS.includes(alpha)
      ? `mobilenet_v2_${decimal(alpha)}_${sideOf(inputShape, SIDES)}`
      : undefined,
    poolingName: false,
    body(image) {
      let x = conv(image, divisible(32 * alpha), 3, { strides: 2, padding: 'same', name: 'Conv1' });
      x = relu6(norm(x, 'bn_Conv1'), 'Conv1_relu');
      let number = 0;
      for (const [filters, blocks, strides] of STAGES) {
        for (let i = 0; i < blocks; i++) {
          x = block(x, number++, divisible(Math.trunc(filters * alpha)), i === 0 ? strides : 1);
        }
      }
      const last = alpha > 1 ? divisible(1280 * alpha) : 1280;
      return relu6(norm(conv(x, last, 1, { name: 'Conv_1' }), 'Conv_1_bn'), 'out_relu');
    },
    top: (features, classes) => predictions(layers.globalAveragePooling2d().apply(features), classes),
  };
}

const names = {
  ...pretrainedNames,
  alpha: 'optional',
} satisfies OptionNames<MobileNetV2Options>;

/**
 * MobileNet V2 (Sandler et al., 2018, https://arxiv.org/abs/1801.04381).
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/mobilenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.mobileNetV2({ weights: null, alpha: 0.5, includeTop: false, inputShape: [96, 96, 3] });
 */
export function mobileNetV2(options: MobileNetV2Options = {}): Promise<Model> {
  return pretrained('mobileNetV2', mobileNetV2Of('mobileNetV2', options), options, names);
}
