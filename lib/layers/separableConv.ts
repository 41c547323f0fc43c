import { factoryName } from '../base/names.js';
import { type OptionNames, integer } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import type { Sides } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseConv, type BaseConvOptions } from './baseConv.js';
import type { Length, Pair } from './spatial.js';
import {
  type DepthwiseOptions,
  type PointwiseOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What `layers.separableConv2d` and, of sequences, `layers.separableConv1d` take. */
export interface SeparableConvOptions<S extends Sides = Sides>
  extends BaseConvOptions<S>, DepthwiseOptions, PointwiseOptions {
  /** How many channels the result has. */
  filters: number;
  /** How many kernels each channel has in the first convolution. Default 1. */
  depthMultiplier?: number;
}

const DEFAULTS = defaultsOf<SeparableConvOptions>()({ depthMultiplier: 1 });

/** What convolutions share of each channel alone, and then of size 1 over all. */
export abstract class SeparableConv<O extends SeparableConvOptions = SeparableConvOptions> extends BaseConv<
  O & typeof DEFAULTS
> {
  static override readonly optionNames = {
    ...BaseConv.optionNames,
    filters: 'required',
    depthMultiplier: 'optional',
    ...weightNames('depthwise'),
    ...weightNames('pointwise'),
  } satisfies OptionNames<SeparableConvOptions>;
  #depthwise!: Variable;
  #pointwise!: Variable;

  constructor(spatial: number, options: O) {
    super(spatial, withDefaults(options, DEFAULTS));
    const who = factoryName(new.target.name);
    integer(who, 'filters', options.filters);
    integer(who, 'depthMultiplier', this.options.depthMultiplier);
  }

  protected buildKernels(channels: number): number {
    const { filters, depthMultiplier } = this.options;
    this.#depthwise = this.addWeight({
      ...{ name: 'depthwiseKernel', shape: [...this.sides, channels, depthMultiplier] },
      ...weightOptions(this.options, 'depthwise'),
    });
    this.#pointwise = this.addWeight({
      ...{
        name: 'pointwiseKernel',
        shape: [...this.sides.map(() => 1), channels * depthMultiplier, filters],
      },
      ...weightOptions(this.options, 'pointwise'),
    });
    return filters;
  }

  protected convolve(x: Sym): Sym {
    const { strides, padding, dilationRate, dataFormat } = this.options;
    const options = { strides, padding, dilationRate, dataFormat };
    return ops.separableConv(x, this.#depthwise, this.#pointwise, options);
  }

  override getConfig() {
    const { filters, depthMultiplier } = this.options;
    return {
      ...super.getConfig(),
      ...{ filters, depthMultiplier },
      ...weightConfig(this.options, 'depthwise'),
      ...weightConfig(this.options, 'pointwise'),
    };
  }
}

/** A convolution of each channel of sequences alone, and one of size 1 over all: made by `layers.separableConv1d`, which says more. */
export class SeparableConv1D extends SeparableConv<SeparableConvOptions<Length>> {
  readonly className = 'SeparableConv1D';

  constructor(options: SeparableConvOptions<Length>) {
    super(1, options);
  }
}

/**
 * activation(convolution of size 1 over all channels of a convolution of each channel alone + bias) of sequences: float32
 * [n, length, channels] to [n, outLength, filters], with the sides of `layers.conv1d`.
 * https://keras.io/api/layers/convolution_layers/separable_convolution1d/
 *
 * Weights, in order: depthwiseKernel [kernelLength, channels, depthMultiplier], pointwiseKernel [1, channels ·
 * depthMultiplier, filters], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.separableConv1d({ filters: 32, kernelSize: 3 });
 */
export const separableConv1d = (options: SeparableConvOptions<Length>) => new SeparableConv1D(options);

/** A convolution of each channel of images alone, and one of size 1 over all: made by `layers.separableConv2d`, which says more. */
export class SeparableConv2D extends SeparableConv<SeparableConvOptions<Pair>> {
  readonly className = 'SeparableConv2D';

  constructor(options: SeparableConvOptions<Pair>) {
    super(2, options);
  }
}

/**
 * activation(convolution of size 1 over all channels of a convolution of each channel alone + bias) of images: float32
 * [n, height, width, channels] to [n, outHeight, outWidth, filters], with the sides of `layers.conv2d`.
 * https://keras.io/api/layers/convolution_layers/separable_convolution2d/
 *
 * Weights, in order: depthwiseKernel [kernelHeight, kernelWidth, channels, depthMultiplier], pointwiseKernel [1, 1, channels ·
 * depthMultiplier, filters], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.separableConv2d({ filters: 32, kernelSize: 3 });
 */
export const separableConv2d = (options: SeparableConvOptions<Pair>) => new SeparableConv2D(options);
