import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import type { Architecture } from './application.js';
import { activation, conv, padded } from './blocks.js';
import { type PretrainedOptions, pretrained } from './pretrained.js';

/** One block: what comes in, its filters and strides, and whether the shortcut is a projection. */
interface Block {
  readonly name: string;
  readonly filters: number;
  readonly strides: number;
  readonly projected: boolean;
}

const norm = (x: KerasTensor, name: string) =>
  layers.batchNormalization({ epsilon: 1.001e-5, name: `${name}_bn` }).apply(x);

const normRelu = (x: KerasTensor, name: string) => activation(norm(x, name), 'relu', `${name}_relu`);

const added = (name: string, shortcut: KerasTensor, x: KerasTensor) =>
  layers.add({ name }).apply([shortcut, x]);

/** 1 × 1, 3 × 3 and 1 × 1 with four times the filters, each with a bias. */
function bottleneck(input: KerasTensor, { name, filters, strides, projected }: Block): KerasTensor {
  const useBias = true;
  const shortcut = projected
    ? norm(conv(input, 4 * filters, 1, { strides, useBias, name: `${name}_0_conv` }), `${name}_0`)
    : input;
  let x = normRelu(conv(input, filters, 1, { strides, useBias, name: `${name}_1_conv` }), `${name}_1`);
  x = normRelu(conv(x, filters, 3, { padding: 'same', useBias, name: `${name}_2_conv` }), `${name}_2`);
  x = norm(conv(x, 4 * filters, 1, { useBias, name: `${name}_3_conv` }), `${name}_3`);
  return activation(added(`${name}_add`, shortcut, x), 'relu', `${name}_out`);
}

/** Two of 3 × 3. */
function basic(input: KerasTensor, { name, filters, strides, projected }: Block): KerasTensor {
  const shortcut = projected
    ? norm(conv(input, filters, 1, { strides, name: `${name}_0_conv` }), `${name}_0`)
    : input;
  let x = conv(padded(input, 1, `${name}_1_pad`), filters, 3, { strides, name: `${name}_1_conv` });
  x = conv(normRelu(x, `${name}_1`), filters, 3, { padding: 'same', name: `${name}_2_conv` });
  return activation(added(`${name}_add`, shortcut, norm(x, `${name}_2`)), 'relu', `${name}_out`);
}

/** {@link bottleneck} with normalization and activation before each convolution; without a projection, strides thin out the shortcut. */
function bottleneckV2(input: KerasTensor, { name, filters, strides, projected }: Block): KerasTensor {
  const first = normRelu(input, `${name}_preact`);
  let shortcut = input;
  if (projected) shortcut = conv(first, 4 * filters, 1, { strides, useBias: true, name: `${name}_0_conv` });
  else if (strides > 1) shortcut = layers.maxPooling2d({ poolSize: 1, strides }).apply(input);
  let x = normRelu(conv(first, filters, 1, { name: `${name}_1_conv` }), `${name}_1`);
  x = conv(padded(x, 1, `${name}_2_pad`), filters, 3, { strides, name: `${name}_2_conv` });
  x = conv(normRelu(x, `${name}_2`), 4 * filters, 1, { useBias: true, name: `${name}_3_conv` });
  return added(`${name}_out`, shortcut, x);
}

/** {@link basic} with normalization and activation before each convolution. */
function basicV2(input: KerasTensor, { name, filters, strides, projected }: Block): KerasTensor {
  const first = normRelu(input, `${name}_preact`);
  const shortcut = projected ? conv(first, filters, 1, { strides, name: `${name}_0_conv` }) : input;
  let x = conv(padded(first, 1, `${name}_1_pad`), filters, 3, { strides, name: `${name}_1_conv` });
  x = conv(normRelu(x, `${name}_1`), filters, 3, { padding: 'same', name: `${name}_2_conv` });
  return added(`${name}_out`, shortcut, x);
}

/** Where the blocks of one size of image stand. */
interface Stack {
  readonly name: string;
  readonly filters: number;
  readonly blocks: number;
  /** Whether it halves the image. */
  readonly halves: boolean;
}

/**
 * A net of four stacks of such blocks. Its first block projects the shortcut; it has the strides, or in the second version with
 * bottlenecks, the last block has.
 */
function resnet(name: string, counts: readonly number[], deep: boolean, version: 1 | 2): Architecture {
  const preactivated = version === 2;
  const lastHalves = deep && preactivated;
  const block = deep ? (preactivated ? bottleneckV2 : bottleneck) : preactivated ? basicV2 : basic;

  function stacked(x: KerasTensor, stack: Stack): KerasTensor {
    const { filters, blocks, halves } = stack;
    let y = x;
    for (let i = 1; i <= blocks; i++) {
      const strides = halves && i === (lastHalves ? blocks : 1) ? 2 : 1;
      // Basic blocks of the first stack have as many filters as the image that comes in.
      const projected = i === 1 && (deep || halves);
      y = block(y, { name: `${stack.name}_block${i}`, filters, strides, projected });
    }
    return y;
  }

  return {
    name,
    body(image) {
      let x = conv(padded(image, 3, 'conv1_pad'), 64, 7, { strides: 2, useBias: deep, name: 'conv1_conv' });
      if (!preactivated) x = normRelu(x, 'conv1');
      x = layers
        .maxPooling2d({ poolSize: 3, strides: 2, name: 'pool1_pool' })
        .apply(padded(x, 1, 'pool1_pad'));
      for (const [i, blocks] of counts.entries()) {
        const halves = lastHalves ? i < counts.length - 1 : i > 0;
        x = stacked(x, { name: `conv${i + 2}`, filters: 64 << i, blocks, halves });
      }
      return preactivated ? normRelu(x, 'post') : x;
    },
  };
}

const made = (
  who: string,
  counts: readonly number[],
  kind: 'basic' | 'bottleneck',
  version: 1 | 2,
  options?: PretrainedOptions,
) => pretrained(who, resnet(who.toLowerCase(), counts, kind === 'bottleneck', version), options);

/**
 * ResNet18 (He et al., 2015, https://arxiv.org/abs/1512.03385), which Keras has not.
 * Images go through `applications.preprocessInput(images, { mode: 'caffe' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet18({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet18 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet18', [2, 2, 2, 2], 'basic', 1, options);

/**
 * ResNet34 (He et al., 2015, https://arxiv.org/abs/1512.03385), which Keras has not.
 * Images go through `applications.preprocessInput(images, { mode: 'caffe' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet34({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet34 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet34', [3, 4, 6, 3], 'basic', 1, options);

/**
 * ResNet50 (He et al., 2015, https://arxiv.org/abs/1512.03385).
 * Images go through `applications.preprocessInput(images, { mode: 'caffe' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet50({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet50 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet50', [3, 4, 6, 3], 'bottleneck', 1, options);

/**
 * ResNet101 (He et al., 2015, https://arxiv.org/abs/1512.03385).
 * Images go through `applications.preprocessInput(images, { mode: 'caffe' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet101({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet101 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet101', [3, 4, 23, 3], 'bottleneck', 1, options);

/**
 * ResNet152 (He et al., 2015, https://arxiv.org/abs/1512.03385).
 * Images go through `applications.preprocessInput(images, { mode: 'caffe' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet152({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet152 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet152', [3, 8, 36, 3], 'bottleneck', 1, options);

/**
 * ResNet18V2 (He et al., 2016, https://arxiv.org/abs/1603.05027), which Keras has not.
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet18V2({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet18V2 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet18V2', [2, 2, 2, 2], 'basic', 2, options);

/**
 * ResNet34V2 (He et al., 2016, https://arxiv.org/abs/1603.05027), which Keras has not.
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet34V2({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet34V2 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet34V2', [3, 4, 6, 3], 'basic', 2, options);

/**
 * ResNet50V2 (He et al., 2016, https://arxiv.org/abs/1603.05027).
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet50V2({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet50V2 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet50V2', [3, 4, 6, 3], 'bottleneck', 2, options);

/**
 * ResNet101V2 (He et al., 2016, https://arxiv.org/abs/1603.05027).
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet101V2({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet101V2 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet101V2', [3, 4, 23, 3], 'bottleneck', 2, options);

/**
 * ResNet152V2 (He et al., 2016, https://arxiv.org/abs/1603.05027).
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/resnet/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.resNet152V2({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const resNet152V2 = (options?: PretrainedOptions): Promise<Model> =>
  made('resNet152V2', [3, 8, 36, 3], 'bottleneck', 2, options);
