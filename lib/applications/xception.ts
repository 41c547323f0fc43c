import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import type { Architecture } from './application.js';
import { activation, conv } from './blocks.js';
import { type PretrainedOptions, pretrained } from './pretrained.js';

const norm = (x: KerasTensor, name?: string) => layers.batchNormalization({ name }).apply(x);
const relu = (x: KerasTensor, name: string) => activation(x, 'relu', name);

/** A separable convolution and its normalization. */
function separable(x: KerasTensor, filters: number, name: string): KerasTensor {
  const settings = { kernelSize: 3, padding: 'same', useBias: false, name } as const;
  return norm(layers.separableConv2d({ filters, ...settings }).apply(x), `${name}_bn`);
}

/** The sum of a projection with strides of 2, and of two separable convolutions with a pooling. */
function halving(input: KerasTensor, number: number, first: number, second: number): KerasTensor {
  const name = `block${number}`;
  const shortcut = norm(conv(input, second, 1, { strides: 2, padding: 'same' }));
  // The second block's input went through ReLU already.
  let x = number === 2 ? input : relu(input, `${name}_sepconv1_act`);
  x = relu(separable(x, first, `${name}_sepconv1`), `${name}_sepconv2_act`);
  x = separable(x, second, `${name}_sepconv2`);
  x = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same', name: `${name}_pool` }).apply(x);
  return layers.add().apply([x, shortcut]);
}

const architecture: Architecture = {
  name: 'xception',
  size: 299,
  leastSide: 71,
  poolingName: false,
  body(image) {
    let x = norm(conv(image, 32, 3, { strides: 2, name: 'block1_conv1' }), 'block1_conv1_bn');
    x = norm(conv(relu(x, 'block1_conv1_act'), 64, 3, { name: 'block1_conv2' }), 'block1_conv2_bn');
    x = relu(x, 'block1_conv2_act');
    for (const [i, filters] of [128, 256, 728].entries()) x = halving(x, i + 2, filters, filters);
    for (let number = 5; number <= 12; number++) {
      const shortcut = x;
      for (let k = 1; k <= 3; k++) {
        const name = `block${number}_sepconv${k}`;
        x = separable(relu(x, `${name}_act`), 728, name);
      }
      x = layers.add().apply([x, shortcut]);
    }
    x = halving(x, 13, 728, 1024);
    for (const [i, filters] of [1536, 2048].entries()) {
      const name = `block14_sepconv${i + 1}`;
      x = relu(separable(x, filters, name), `${name}_act`);
    }
    return x;
  },
};

/**
 * Xception (Chollet, 2016, https://arxiv.org/abs/1610.02357).
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/xception/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.xception({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const xception = (options?: PretrainedOptions): Promise<Model> =>
  pretrained('xception', architecture, options);
