import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import { type Architecture, predictions } from './application.js';
import { conv } from './blocks.js';
import { type PretrainedOptions, pretrained } from './pretrained.js';

/** Five blocks of so many convolutions of 3 × 3, each with a pooling at its end. */
function vgg(name: string, repeats: readonly number[]): Architecture {
  return {
    name,
    poolingName: false,
    body(image) {
      let x = image;
      for (const [i, count] of repeats.entries()) {
        const block = `block${i + 1}`;
        const settings = { activation: 'relu', padding: 'same', useBias: true } as const;
        for (let k = 1; k <= count; k++) {
          x = conv(x, Math.min(512, 64 << i), 3, { ...settings, name: `${block}_conv${k}` });
        }
        x = layers.maxPooling2d({ poolSize: 2, strides: 2, name: `${block}_pool` }).apply(x);
      }
      return x;
    },
    top(features, classes) {
      let x: KerasTensor = layers.flatten({ name: 'flatten' }).apply(features);
      for (const name of ['fc1', 'fc2']) {
        x = layers.dense({ units: 4096, activation: 'relu', name }).apply(x);
      }
      return predictions(x, classes);
    },
  };
}

const sixteen = vgg('vgg16', [2, 2, 3, 3, 3]);
const nineteen = vgg('vgg19', [2, 2, 4, 4, 4]);

/**
 * VGG16 (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556): 138,357,544 parameters with its top of 1,000 classes.
 * Images go through `applications.preprocessInput(images, { mode: 'caffe' })` first. https://keras.io/api/applications/vgg/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.vgg16({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const vgg16 = (options?: PretrainedOptions): Promise<Model> => pretrained('vgg16', sixteen, options);

/**
 * VGG19 (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556): 143,667,240 parameters with its top of 1,000 classes.
 * Images go through `applications.preprocessInput(images, { mode: 'caffe' })` first. https://keras.io/api/applications/vgg/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.vgg19({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const vgg19 = (options?: PretrainedOptions): Promise<Model> => pretrained('vgg19', nineteen, options);
