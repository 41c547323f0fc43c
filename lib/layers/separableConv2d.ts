import { type OptionNames, integer } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { pair } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseConv2D, type BaseConv2DOptions } from './baseConv2d.js';
import {
  type DepthwiseOptions,
  type PointwiseOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What `layers.separableConv2d` takes. */
export interface SeparableConv2DOptions extends BaseConv2DOptions, DepthwiseOptions, PointwiseOptions {
  /** How many channels the result has. */
  filters: number;
  /** How many kernels each channel has in the first convolution. Default 1. */
  depthMultiplier?: number;
}

/** A convolution of each channel alone, and one of 1 × 1 over all: made by `layers.separableConv2d`, which says more. */
export class SeparableConv2D extends BaseConv2D<SeparableConv2DOptions> {
  static override readonly optionNames = {
    ...BaseConv2D.optionNames,
    filters: 'required',
    depthMultiplier: 'optional',
    ...weightNames('depthwise'),
    ...weightNames('pointwise'),
  } satisfies OptionNames<SeparableConv2DOptions>;
  readonly className = 'SeparableConv2D';
  #depthwise!: Variable;
  #pointwise!: Variable;

  constructor(options: SeparableConv2DOptions) {
    super('separableConv2d', options);
    integer('separableConv2d', 'filters', options.filters);
    integer('separableConv2d', 'depthMultiplier', options.depthMultiplier ?? 1);
  }

  protected buildKernels(channels: number): number {
    const { filters, kernelSize, depthMultiplier = 1 } = this.options;
    this.#depthwise = this.addWeight({
      ...{ name: 'depthwiseKernel', shape: [...pair(kernelSize), channels, depthMultiplier] },
      ...weightOptions(this.options, 'depthwise'),
    });
    this.#pointwise = this.addWeight({
      ...{ name: 'pointwiseKernel', shape: [1, 1, channels * depthMultiplier, filters] },
      ...weightOptions(this.options, 'pointwise'),
    });
    return filters;
  }

  protected convolve(x: Sym): Sym {
    const { strides, padding, dilationRate: dilations, dataFormat } = this.options;
    const each = ops.depthwiseConv2d(x, this.#depthwise, { strides, padding, dilations, dataFormat });
    return ops.conv2d(each, this.#pointwise, { dataFormat });
  }

  override getConfig() {
    const { filters, depthMultiplier = 1 } = this.options;
    return {
      ...super.getConfig(),
      ...{ filters, depthMultiplier },
      ...weightConfig(this.options, 'depthwise'),
      ...weightConfig(this.options, 'pointwise'),
    };
  }
}

/**
 * activation(1 × 1 convolution of a convolution of each channel alone + bias): float32 [n, height, width, channels] to [n, outHeight,
 * outWidth, filters], with the sides of {@link conv2d}. Chollet, 2017.
 * https://keras.io/api/layers/convolution_layers/separable_convolution2d/
 *
 * Weights, in order: depthwise kernel [kernelHeight, kernelWidth, channels, depthMultiplier], pointwise kernel [1, 1, channels ·
 * depthMultiplier, filters], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.separableConv2d({ filters: 64, kernelSize: 3, padding: 'same' });
 */
export const separableConv2d = (options: SeparableConv2DOptions) => new SeparableConv2D(options);
