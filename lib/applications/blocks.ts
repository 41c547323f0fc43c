import { itemAt } from '../base/list.js';
import type { InitializerLike } from '../initializers/registry.js';
import * as layers from '../layers/index.js';
import type { KerasTensor } from '../core/kerasTensor.js';

/** What blocks set of a convolution; the others are the layer's defaults. */
interface ConvSettings {
  readonly strides?: number;
  readonly padding?: 'same' | 'valid';
  readonly useBias?: boolean;
  readonly activation?: string;
  readonly kernelInitializer?: InitializerLike;
  /** Without one the layer gets the name of its class. */
  readonly name?: string;
}

/** A convolution that batch normalization follows: without a bias unless one is asked for. */
export function conv(
  x: KerasTensor,
  filters: number,
  kernelSize: number | [number, number],
  settings: ConvSettings = {},
): KerasTensor {
  return layers.conv2d({ filters, kernelSize, useBias: false, ...settings }).apply(x);
}

/** An activation as a layer. */
export const activation = (x: KerasTensor, kind: string, name?: string): KerasTensor =>
  layers.activation({ activation: kind, name }).apply(x);

/** Zeros on all sides. */
export const padded = (x: KerasTensor, padding: number, name?: string): KerasTensor =>
  layers.zeroPadding2d({ padding, name }).apply(x);

/**
 * Zeros before a convolution with strides of 2 and the padding `valid`, such that it gives what TensorFlow's padding `same`
 * gives: one row and column less before than after where the side is even (or unknown).
 */
export function paddedForStrides(x: KerasTensor, kernelSize: number, name: string): KerasTensor {
  const half = Math.floor(kernelSize / 2);
  const margin = (axis: number): [number, number] => [half - (itemAt(x.shape, axis) % 2 === 1 ? 0 : 1), half];
  return layers.zeroPadding2d({ padding: [margin(1), margin(2)], name }).apply(x);
}

/** The multiple of 8 that is nearest to `size`, and not below 90 % of it. */
export function divisible(size: number): number {
  const rounded = Math.max(8, Math.floor((size + 4) / 8) * 8);
  return rounded < 0.9 * size ? rounded + 8 : rounded;
}

/** The number of channels of an image. */
export const channelsOf = (x: KerasTensor): number => itemAt(x.shape, x.rank - 1);
