import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import type { Architecture } from './application.js';
import { activation, channelsOf, conv, padded } from './blocks.js';
import { type PretrainedOptions, kerasFiles, pretrained } from './pretrained.js';

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

/** The MD5 of the files of Keras's weights, with top and without. */
const HASHES = {
  densenet121: ['9d60b8095a5708f2dcce2bca79d332c7', '30ee3e1110167f948a6b9946edeeb738'],
  densenet169: ['d699b8f76981ab1b30698df4c175e90b', 'b8c4d4c20dd625c148057b9ff1c1176b'],
  densenet201: ['1ceb130c1ea1b78c3bf6114dbdfd8807', 'c13680b51ded0fb44dff2d8f86ac8bb1'],
} as const;

const denseNetOf = (
  who: string,
  name: keyof typeof HASHES,
  counts: readonly number[],
  options?: PretrainedOptions,
) => pretrained(who, denseNet(name, counts), options, kerasFiles(`densenet/${name}`, HASHES[name]));

/**
 * DenseNet121 (Huang et al., 2016, https://arxiv.org/abs/1608.06993).
 * Images go through `applications.preprocessInput(images, { mode: 'torch' })` first. https://keras.io/api/applications/densenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.denseNet121({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const denseNet121 = (options?: PretrainedOptions): Promise<Model> =>
  denseNetOf('denseNet121', 'densenet121', [6, 12, 24, 16], options);

/**
 * DenseNet169 (Huang et al., 2016, https://arxiv.org/abs/1608.06993).
 * Images go through `applications.preprocessInput(images, { mode: 'torch' })` first. https://keras.io/api/applications/densenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.denseNet169({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const denseNet169 = (options?: PretrainedOptions): Promise<Model> =>
  denseNetOf('denseNet169', 'densenet169', [6, 12, 32, 32], options);

/**
 * DenseNet201 (Huang et al., 2016, https://arxiv.org/abs/1608.06993).
 * Images go through `applications.preprocessInput(images, { mode: 'torch' })` first. https://keras.io/api/applications/densenet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.denseNet201({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const denseNet201 = (options?: PretrainedOptions): Promise<Model> =>
  denseNetOf('denseNet201', 'densenet201', [6, 12, 48, 32], options);
