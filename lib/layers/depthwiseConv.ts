import { factoryName } from '../base/names.js';
import { type OptionNames, integer } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import type { Sides } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseConv, type BaseConvOptions } from './baseConv.js';
import type { Length, Pair } from './spatial.js';
import { type DepthwiseOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What `layers.depthwiseConv2d` and, of sequences, `layers.depthwiseConv1d` take. */
export interface DepthwiseConvOptions<S extends Sides = Sides> extends BaseConvOptions<S>, DepthwiseOptions {
  /** How many kernels each channel has. Default 1. */
  depthMultiplier?: number;
}

const DEFAULTS = defaultsOf<DepthwiseConvOptions>()({ depthMultiplier: 1 });

/** What convolutions of each channel alone share. */
export abstract class DepthwiseConv<O extends DepthwiseConvOptions = DepthwiseConvOptions> extends BaseConv<
  O & typeof DEFAULTS
> {
  static override readonly optionNames = {
    ...BaseConv.optionNames,
    depthMultiplier: 'optional',
    ...weightNames('depthwise'),
  } satisfies OptionNames<DepthwiseConvOptions>;
  #kernel!: Variable;

  constructor(spatial: number, options: O) {
    super(spatial, withDefaults(options, DEFAULTS));
    integer(factoryName(new.target.name), 'depthMultiplier', this.options.depthMultiplier);
  }

  protected buildKernels(channels: number): number {
    const { depthMultiplier } = this.options;
    const shape = [...this.sides, channels, depthMultiplier];
    this.#kernel = this.addWeight({ name: 'kernel', shape, ...weightOptions(this.options, 'depthwise') });
    return channels * depthMultiplier;
  }

  protected convolve(x: Sym): Sym {
    const { strides, padding, dilationRate, dataFormat } = this.options;
    return ops.depthwiseConv(x, this.#kernel, { strides, padding, dilationRate, dataFormat });
  }

  override getConfig() {
    const { depthMultiplier } = this.options;
    return { ...super.getConfig(), depthMultiplier, ...weightConfig(this.options, 'depthwise') };
  }
}

/** A convolution of each channel of sequences alone: made by `layers.depthwiseConv1d`, which says more. */
export class DepthwiseConv1D extends DepthwiseConv<DepthwiseConvOptions<Length>> {
  readonly className = 'DepthwiseConv1D';

  constructor(options: DepthwiseConvOptions<Length>) {
    super(1, options);
  }
}

/**
 * activation(convolution of each channel alone + bias) of sequences: float32 [n, length, channels] to
 * [n, outLength, channels · depthMultiplier], with the sides of `layers.conv1d`.
 * https://keras.io/api/layers/convolution_layers/depthwise_convolution1d/
 *
 * Weights, in order: kernel [kernelLength, channels, depthMultiplier], bias [channels · depthMultiplier].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.depthwiseConv1d({ kernelSize: 3, padding: 'same' });
 */
export const depthwiseConv1d = (options: DepthwiseConvOptions<Length>) => new DepthwiseConv1D(options);

/** A convolution of each channel of images alone: made by `layers.depthwiseConv2d`, which says more. */
export class DepthwiseConv2D extends DepthwiseConv<DepthwiseConvOptions<Pair>> {
  readonly className = 'DepthwiseConv2D';

  constructor(options: DepthwiseConvOptions<Pair>) {
    super(2, options);
  }
}

/**
 * activation(convolution of each channel alone + bias) of images: float32 [n, height, width, channels] to
 * [n, outHeight, outWidth, channels · depthMultiplier], with the sides of `layers.conv2d`.
 * https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
 *
 * Weights, in order: kernel [kernelHeight, kernelWidth, channels, depthMultiplier], bias [channels · depthMultiplier].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.depthwiseConv2d({ kernelSize: 3, padding: 'same' });
 */
export const depthwiseConv2d = (options: DepthwiseConvOptions<Pair>) => new DepthwiseConv2D(options);
