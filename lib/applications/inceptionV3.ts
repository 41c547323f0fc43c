import type { KerasTensor } from '../core/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Model } from '../models/index.js';
import type { Architecture } from './application.js';
import { activation, conv } from './blocks.js';
import { type PretrainedOptions, pretrained } from './pretrained.js';

type Kernel = number | [number, number];

/** Convolution, normalization without a scale, and ReLU. */
function unit(
  x: KerasTensor,
  filters: number,
  kernelSize: Kernel,
  strides = 1,
  padding: 'same' | 'valid' = 'same',
) {
  const y = conv(x, filters, kernelSize, { strides, padding });
  return activation(layers.batchNormalization({ scale: false }).apply(y), 'relu');
}

/** Units one after the other. */
const chain = (x: KerasTensor, ...units: readonly (readonly [filters: number, kernelSize: Kernel])[]) =>
  units.reduce((y, [filters, kernelSize]) => unit(y, filters, kernelSize), x);

const halved = (x: KerasTensor, filters: number) => unit(x, filters, 3, 2, 'valid');

const maxPooled = (x: KerasTensor) => layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(x);

const averagePooled = (x: KerasTensor, filters: number) =>
  unit(layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }).apply(x), filters, 1);

const mixed = (branches: KerasTensor[], name?: string) => layers.concatenate({ name }).apply(branches);

/** Kernels of 1, 5 and twice 3. */
const mixedOfFive = (x: KerasTensor, poolFilters: number, name: string) =>
  mixed(
    [
      unit(x, 64, 1),
      chain(x, [48, 1], [64, 5]),
      chain(x, [64, 1], [96, 3], [96, 3]),
      averagePooled(x, poolFilters),
    ],
    name,
  );

/** Kernels of 1, 7 and twice 7, those in two parts. */
const mixedOfSeven = (x: KerasTensor, n: number, name: string) =>
  mixed(
    [
      unit(x, 192, 1),
      chain(x, [n, 1], [n, [1, 7]], [192, [7, 1]]),
      chain(x, [n, 1], [n, [7, 1]], [n, [1, 7]], [n, [7, 1]], [192, [1, 7]]),
      averagePooled(x, 192),
    ],
    name,
  );

/** The channels of a convolution of [1, 3], then those of one of [3, 1]. */
const split = (x: KerasTensor, name?: string) => mixed([unit(x, 384, [1, 3]), unit(x, 384, [3, 1])], name);

const mixedOfThree = (x: KerasTensor, i: number) =>
  mixed(
    [
      unit(x, 320, 1),
      split(unit(x, 384, 1), `mixed9_${i}`),
      split(chain(x, [448, 1], [384, 3])),
      averagePooled(x, 192),
    ],
    `mixed${9 + i}`,
  );

const architecture: Architecture = {
  name: 'inception_v3',
  size: 299,
  leastSide: 75,
  poolingName: false,
  body(image) {
    let x = unit(unit(halved(image, 32), 32, 3, 1, 'valid'), 64, 3);
    x = unit(unit(maxPooled(x), 80, 1, 1, 'valid'), 192, 3, 1, 'valid');
    x = maxPooled(x);
    for (const [i, filters] of [32, 64, 64].entries()) x = mixedOfFive(x, filters, `mixed${i}`);
    x = mixed([halved(x, 384), halved(chain(x, [64, 1], [96, 3]), 96), maxPooled(x)], 'mixed3');
    for (const [i, filters] of [128, 160, 160, 192].entries()) x = mixedOfSeven(x, filters, `mixed${4 + i}`);
    const last = chain(x, [192, 1], [192, [1, 7]], [192, [7, 1]]);
    x = mixed([halved(unit(x, 192, 1), 320), halved(last, 192), maxPooled(x)], 'mixed8');
    return mixedOfThree(mixedOfThree(x, 0), 1);
  },
};

/**
 * Inception V3 (Szegedy et al., 2015, https://arxiv.org/abs/1512.00567).
 * Images go through `applications.preprocessInput(images, { mode: 'tf' })` first. https://keras.io/api/applications/inceptionv3/
 *
 * @throws EngineError `ARGUMENT` and `SHAPE` for wrong options; `IO` for a file that is not there or does not fit, `ABORTED` where a download is ended.
 * @example
 *     const base = await applications.inceptionV3({ weights: null, includeTop: false, inputShape: [96, 96, 3] });
 */
export const inceptionV3 = (options?: PretrainedOptions): Promise<Model> =>
  pretrained('inceptionV3', architecture, options);
