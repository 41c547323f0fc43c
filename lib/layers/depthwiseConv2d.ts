import { type OptionNames, integer } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { pair } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseConv2D, type BaseConv2DOptions } from './baseConv2d.js';
import { type DepthwiseOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What `layers.depthwiseConv2d` takes. */
export interface DepthwiseConv2DOptions extends BaseConv2DOptions, DepthwiseOptions {
  /** How many kernels each channel has. Default 1. */
  depthMultiplier?: number;
}

/** A convolution of each channel alone: made by `layers.depthwiseConv2d`, which says more. */
export class DepthwiseConv2D extends BaseConv2D<DepthwiseConv2DOptions> {
  static override readonly optionNames = {
    ...BaseConv2D.optionNames,
    depthMultiplier: 'optional',
    ...weightNames('depthwise'),
  } satisfies OptionNames<DepthwiseConv2DOptions>;
  readonly className = 'DepthwiseConv2D';
  #kernel!: Variable;

  constructor(options: DepthwiseConv2DOptions) {
    super('depthwiseConv2d', options);
    integer('depthwiseConv2d', 'depthMultiplier', options.depthMultiplier ?? 1);
  }

  protected buildKernels(channels: number): number {
    const { kernelSize, depthMultiplier = 1 } = this.options;
    const shape = [...pair(kernelSize), channels, depthMultiplier];
    this.#kernel = this.addWeight({ name: 'kernel', shape, ...weightOptions(this.options, 'depthwise') });
    return channels * depthMultiplier;
  }

  protected convolve(x: Sym): Sym {
    const { strides, padding, dilationRate: dilations, dataFormat } = this.options;
    return ops.depthwiseConv2d(x, this.#kernel, { strides, padding, dilations, dataFormat });
  }

  override getConfig() {
    const { depthMultiplier = 1 } = this.options;
    return { ...super.getConfig(), depthMultiplier, ...weightConfig(this.options, 'depthwise') };
  }
}

/**
 * activation(convolution of each channel alone + bias): float32 [n, height, width, channels] to [n, outHeight, outWidth, channels ·
 * depthMultiplier], with the sides of {@link conv2d}. https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
 *
 * Weights, in order: kernel [kernelHeight, kernelWidth, channels, depthMultiplier], bias [channels · depthMultiplier].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.depthwiseConv2d({ kernelSize: 3, padding: 'same' });
 */
export const depthwiseConv2d = (options: DepthwiseConv2DOptions) => new DepthwiseConv2D(options);
