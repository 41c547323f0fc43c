import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import { type OptionNames, fraction, integer, positive } from '../base/checks.js';
import type { Architecture } from './application.js';
import { activation, conv } from './blocks.js';
import { type PretrainedOptions, pretrained, pretrainedNames } from './pretrained.js';
import { sideOf } from './weightFiles.js';

/** What `applications.mobileNet` takes. */
export interface MobileNetOptions extends PretrainedOptions {
  /** The factor of all numbers of filters. Default 1. */
  alpha?: number;
  /** How many kernels each channel has in the depthwise convolutions. Default 1. */
  depthMultiplier?: number;
  /** The rate of the dropout before the classes. Default 0.001. */
  dropout?: number;
}

/** Filters and strides of the 13 blocks. */
const BLOCKS: readonly (readonly [filters: number, strides: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

const normRelu6 = (x: KerasTensor, name: string) =>
  layers
    .relu({ maxValue: 6, name: `${name}_relu` })
    .apply(layers.batchNormalization({ name: `${name}_bn` }).apply(x));

/** The net of the published weights; undefined where there are none. */
function publishedAs({ alpha = 1, depthMultiplier = 1, inputShape }: MobileNetOptions): string | undefined {
  if (depthMultiplier !== 1 || ![0.25, 0.5, 0.75, 1].includes(alpha)) return undefined;
  // 0.25 is 2_5 in the names of files.
  const factor = alpha === 1 ? '1_0' : (10 * alpha).toFixed(1).replace('.', '_');
  return `mobilenet_${factor}_${sideOf(inputShape, [128, 160, 192, 224])}`;
}

function mobileNetOf(who: string, options: MobileNetOptions): Architecture {
  const { alpha = 1, depthMultiplier = 1, dropout = 1e-3, inputShape } = options;
  positive(who, 'alpha', alpha);
  integer(who, 'depthMultiplier', depthMultiplier);
  fraction(who, 'dropout', dropout);
  const scaled = (filters: number) => Math.trunc(filters * alpha);
  return {
    name: `mobilenet_${alpha.toFixed(2)}_${inputShape?.[0] ?? 224}`,
    pretrained: publishedAs(options),
    poolingName: false,
    body(image) {
      let x = normRelu6(conv(image, scaled(32), 3, { padding: 'same', strides: 2, name: 'conv1' }), 'conv1');
      for (const [i, [filters, strides]] of BLOCKS.entries()) {
        const number = i + 1;
        if (strides > 1) {
          const padding: [[number, number], [number, number]] = [
            [0, 1],
            [0, 1],
          ];
          x = layers.zeroPadding2d({ padding, name: `conv_pad_${number}` }).apply(x);
        }
        const padding = strides > 1 ? 'valid' : 'same';
        const name = `conv_dw_${number}`;
        x = layers
          .depthwiseConv2d({ kernelSize: 3, padding, depthMultiplier, strides, useBias: false, name })
          .apply(x);
        x = conv(normRelu6(x, name), scaled(filters), 1, { padding: 'same', name: `conv_pw_${number}` });
        x = normRelu6(x, `conv_pw_${number}`);
      }
      return x;
    },
    top(features, { count, activation: kind }) {
      let x = layers.globalAveragePooling2d({ keepDims: true }).apply(features);
      x = layers.dropout({ rate: dropout, name: 'dropout' }).apply(x);
      x = conv(x, count, 1, { padding: 'same', useBias: true, name: 'conv_preds' });
      x = layers.reshape({ targetShape: [count], name: 'reshape_2' }).apply(x);
      return activation(x, kind, 'predictions');
    },
  };
}

const names = {
  ...pretrainedNames,
  alpha: 'optional',
  depthMultiplier: 'optional',
  dropout: 'optional',
} satisfies OptionNames<MobileNetOptions>;

/**
 * MobileNet (Howard et al., 2017, https://arxiv.org/abs/1704.04861).
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/mobilenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.mobileNet({ weights: null, alpha: 0.5, includeTop: false, inputShape: [96, 96, 3] });
 */
export function mobileNet(options: MobileNetOptions = {}): Promise<Model> {
  return pretrained('mobileNet', mobileNetOf('mobileNet', options), options, names);
}
