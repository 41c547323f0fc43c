import { type Tensor, type layers, tensor } from '../../lib/index.js';

/** A layer that changes images. */
export type ImageLayer = layers.BaseImagePreprocessingLayer<object>;

export const numbersOf = (x: Tensor) => Array.from(x.dataSync());

/** Images of bytes, all different. */
export const picture = (n = 3, channels = 3) =>
  tensor(
    Float32Array.from({ length: n * 5 * 6 * channels }, (_, i) => (i * 37) % 256),
    [n, 5, 6, channels],
  );
