import type { OptionNames } from '../checks.js';
import * as ops from '../ops/index.js';
import { type Pair, pair } from '../ops/window.js';
import type { Sym } from '../sym.js';
import type { Variable } from '../variable.js';
import { BaseConv2D, type BaseConv2DOptions } from './baseConv2d.js';
import { checkCount, checkPair } from './check.js';
import { type OptionsOf, weightConfig, weightNames, weightOptions } from './weightOptions.js';

export interface Conv2DTransposeOptions extends BaseConv2DOptions, OptionsOf<'kernel'> {
  filters: number;
  /** Rows and columns added at the end, fewer than the strides. By default as many as a convolution with these strides would drop. */
  outputPadding?: Pair | null;
}

/**
 * activation(transposed convolution + bias): [n, height, width, channels] to [n, outHeight, outWidth, filters], with a kernel
 * [kernelHeight, kernelWidth, filters, channels]. {@link ops.conv2dTranspose} tells the sizes.
 * https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
 */
export class Conv2DTranspose extends BaseConv2D<Conv2DTransposeOptions> {
  static override readonly optionNames = {
    ...BaseConv2D.optionNames,
    filters: 'required',
    outputPadding: 'optional',
    ...weightNames('kernel'),
  } satisfies OptionNames<Conv2DTransposeOptions>;
  readonly className = 'Conv2DTranspose';
  #kernel!: Variable;

  constructor(options: Conv2DTransposeOptions) {
    super('conv2dTranspose', options);
    checkCount('conv2dTranspose', 'filters', options.filters);
    if (options.outputPadding != null)
      checkPair('conv2dTranspose', 'outputPadding', options.outputPadding, 0);
  }

  protected buildKernels(channels: number): number {
    const { filters, kernelSize } = this.options;
    const shape = [...pair(kernelSize), filters, channels];
    this.#kernel = this.addWeight({ name: 'kernel', shape, ...weightOptions(this.options, 'kernel') });
    return filters;
  }

  protected convolve(x: Sym): Sym {
    const { strides, padding, outputPadding, dilationRate: dilations, dataFormat } = this.options;
    return ops.conv2dTranspose(x, this.#kernel, { strides, padding, outputPadding, dilations, dataFormat });
  }

  override getConfig() {
    const { filters, outputPadding = null } = this.options;
    return { ...super.getConfig(), filters, outputPadding, ...weightConfig(this.options, 'kernel') };
  }
}

/** See {@link Conv2DTranspose}. @example layers.conv2dTranspose({ filters: 32, kernelSize: 2, strides: 2 }) */
export const conv2dTranspose = (options: Conv2DTransposeOptions) => new Conv2DTranspose(options);
