import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import type { Architecture } from './application.js';
import { activation, channelsOf, conv, padded } from './blocks.js';
import { type PretrainedOptions, pretrained } from './pretrained.js';

/** How many channels each block adds. */
const GROWTH = 32;

const normRelu = (x: KerasTensor, name: string) =>
  activation(
    layers.batchNormalization({ epsilon: 1.001e-5, name: `${name}bn` }).apply(x),
    'relu',
    `${name}relu`,
  );

/** What comes in, and new channels made of it. */
function block(input: KerasTensor, name: string): KerasTensor {
  let x = conv(normRelu(input, `${name}_0_`), 4 * GROWTH, 1, { name: `${name}_1_conv` });
  x = conv(normRelu(x, `${name}_1_`), GROWTH, 3, { padding: 'same', name: `${name}_2_conv` });
  return layers.concatenate({ name: `${name}_concat` }).apply([input, x]);
}

/** Half the channels and half the sides. */
function transition(input: KerasTensor, name: string): KerasTensor {
  const x = conv(normRelu(input, `${name}_`), Math.trunc(channelsOf(input) / 2), 1, { name: `${name}_conv` });
  return layers.averagePooling2d({ poolSize: 2, strides: 2, name: `${name}_pool` }).apply(x);
}

function denseNet(name: string, counts: readonly number[]): Architecture {
  return {
    name,
    body(image) {
      let x = normRelu(conv(padded(image, 3), 64, 7, { strides: 2, name: 'conv1_conv' }), 'conv1_');
      x = layers.maxPooling2d({ poolSize: 3, strides: 2, name: 'pool1' }).apply(padded(x, 1));
      for (const [i, count] of counts.entries()) {
        if (i > 0) x = transition(x, `pool${i + 1}`);
        for (let k = 1; k <= count; k++) x = block(x, `conv${i + 2}_block${k}`);
      }
      return normRelu(x, '');
    },
  };
}

/**
 * DenseNet121 (Huang et al., 2016, https://arxiv.org/abs/1608.06993).
 * Images go through `applications.preprocessInput(images, { mode: 'torch' })` first. https://keras.io/api/applications/densenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.denseNet121({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const denseNet121 = (options?: PretrainedOptions): Promise<Model> =>
  pretrained('denseNet121', denseNet('densenet121', [6, 12, 24, 16]), options);

/**
 * DenseNet169 (Huang et al., 2016, https://arxiv.org/abs/1608.06993).
 * Images go through `applications.preprocessInput(images, { mode: 'torch' })` first. https://keras.io/api/applications/densenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.denseNet169({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const denseNet169 = (options?: PretrainedOptions): Promise<Model> =>
  pretrained('denseNet169', denseNet('densenet169', [6, 12, 32, 32]), options);

/**
 * DenseNet201 (Huang et al., 2016, https://arxiv.org/abs/1608.06993).
 * Images go through `applications.preprocessInput(images, { mode: 'torch' })` first. https://keras.io/api/applications/densenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.denseNet201({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const denseNet201 = (options?: PretrainedOptions): Promise<Model> =>
  pretrained('denseNet201', denseNet('densenet201', [6, 12, 48, 32]), options);
