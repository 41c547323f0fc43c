import { type OptionNames, integer } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { type Pair, pair } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseConv2D, type BaseConv2DOptions } from './baseConv2d.js';
import { checkPair } from './check.js';
import { type KernelOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What `layers.conv2dTranspose` takes. */
export interface Conv2DTransposeOptions extends BaseConv2DOptions, KernelOptions {
  /** How many channels the result has. */
  filters: number;
  /** Rows and columns added at the end, fewer than the strides. By default as many as a convolution with these strides would drop. */
  outputPadding?: Pair | null;
}

/** A transposed convolution of images: made by `layers.conv2dTranspose`, which says more. */
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
    integer('conv2dTranspose', 'filters', options.filters);
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

/**
 * activation(transposed convolution + bias), which enlarges images: float32 [n, height, width, channels] to [n, outHeight, outWidth,
 * filters]. A side becomes side · strides with padding `same`, (side − 1) · strides + max(kernel, strides) with `valid`.
 * https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
 *
 * Weights, in order: kernel [kernelHeight, kernelWidth, filters, channels], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.conv2dTranspose({ filters: 32, kernelSize: 2, strides: 2 }); // twice as high and wide
 */
export const conv2dTranspose = (options: Conv2DTransposeOptions) => new Conv2DTranspose(options);
