import { type OptionNames, integer } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import * as ops from '../ops/index.js';
import { pair } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseConv2D, type BaseConv2DOptions } from './baseConv2d.js';
import { type KernelOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What `layers.conv2d` takes. */
export interface Conv2DOptions extends BaseConv2DOptions, KernelOptions {
  /** How many channels the result has. */
  filters: number;
  /** Default 1. */
  groups?: number;
}

/** A convolution of images: made by `layers.conv2d`, which says more. */
export class Conv2D extends BaseConv2D<Conv2DOptions> {
  static override readonly optionNames = {
    ...BaseConv2D.optionNames,
    filters: 'required',
    groups: 'optional',
    ...weightNames('kernel'),
  } satisfies OptionNames<Conv2DOptions>;
  readonly className = 'Conv2D';
  #kernel!: Variable;

  constructor(options: Conv2DOptions) {
    super('conv2d', options);
    integer('conv2d', 'filters', options.filters);
    integer('conv2d', 'groups', options.groups ?? 1);
  }

  protected buildKernels(channels: number): number {
    const { filters, kernelSize, groups = 1 } = this.options;
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw new EngineError(
        'SHAPE',
        `expected channels and filters in multiples of ${groups} groups, received ${channels} and ${filters}`,
      );
    }
    const shape = [...pair(kernelSize), channels / groups, filters];
    this.#kernel = this.addWeight({ name: 'kernel', shape, ...weightOptions(this.options, 'kernel') });
    return filters;
  }

  protected convolve(x: Sym): Sym {
    const { strides, padding, dilationRate: dilations, groups, dataFormat } = this.options;
    return ops.conv2d(x, this.#kernel, { strides, padding, dilations, groups, dataFormat });
  }

  override getConfig() {
    const { filters, groups = 1 } = this.options;
    return { ...super.getConfig(), filters, groups, ...weightConfig(this.options, 'kernel') };
  }
}

/**
 * activation(convolution + bias): float32 images [n, height, width, channels] to [n, outHeight, outWidth, filters]. With padding
 * `valid` a side becomes (side − kernel) / strides + 1, rounded down; with `same` side / strides, rounded up.
 * https://keras.io/api/layers/convolution_layers/convolution2d/
 *
 * Weights, in order: kernel [kernelHeight, kernelWidth, channels / groups, filters], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank,
 *   an unknown number of channels, one that `groups` does not divide, and an image smaller than the kernel.
 * @example layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' });
 */
export const conv2d = (options: Conv2DOptions) => new Conv2D(options);
