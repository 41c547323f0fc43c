import { factoryName } from '../base/names.js';
import { type OptionNames, integer } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import type { Sides } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseConv, type BaseConvOptions } from './baseConv.js';
import { checkSides } from './check.js';
import type { Length, Pair, Triple } from './spatial.js';
import { type KernelOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What `layers.conv2dTranspose` and, with other numbers of axes, `layers.conv1dTranspose` and `layers.conv3dTranspose` take. */
export interface ConvTransposeOptions<S extends Sides = Sides> extends BaseConvOptions<S>, KernelOptions {
  /** How many channels the result has. */
  filters: number;
  /** How many elements are added at the end of each spatial axis, fewer than the strides. By default as many as a convolution with these strides would drop. */
  outputPadding?: S | null;
}

const DEFAULTS = defaultsOf<ConvTransposeOptions>()({ outputPadding: null });

/** What transposed convolutions of sequences, images and volumes share. */
export abstract class ConvTranspose<O extends ConvTransposeOptions = ConvTransposeOptions> extends BaseConv<
  O & typeof DEFAULTS
> {
  static override readonly optionNames = {
    ...BaseConv.optionNames,
    filters: 'required',
    outputPadding: 'optional',
    ...weightNames('kernel'),
  } satisfies OptionNames<ConvTransposeOptions>;
  #kernel!: Variable;

  constructor(spatial: number, options: O) {
    super(spatial, withDefaults(options, DEFAULTS));
    const who = factoryName(new.target.name);
    integer(who, 'filters', options.filters);
    if (options.outputPadding != null) checkSides(who, 'outputPadding', options.outputPadding, spatial, 0);
  }

  protected buildKernels(channels: number): number {
    const { filters } = this.options;
    const shape = [...this.sides, filters, channels];
    this.#kernel = this.addWeight({ name: 'kernel', shape, ...weightOptions(this.options, 'kernel') });
    return filters;
  }

  protected convolve(x: Sym): Sym {
    const { strides, padding, outputPadding, dilationRate, dataFormat } = this.options;
    return ops.convTranspose(x, this.#kernel, { strides, padding, outputPadding, dilationRate, dataFormat });
  }

  override getConfig() {
    const { filters, outputPadding } = this.options;
    return { ...super.getConfig(), filters, outputPadding, ...weightConfig(this.options, 'kernel') };
  }
}

/** A transposed convolution of sequences: made by `layers.conv1dTranspose`, which says more. */
export class Conv1DTranspose extends ConvTranspose<ConvTransposeOptions<Length>> {
  readonly className = 'Conv1DTranspose';

  constructor(options: ConvTransposeOptions<Length>) {
    super(1, options);
  }
}

/**
 * activation(transposed convolution + bias), which enlarges sequences: float32 [n, length, channels] to
 * [n, outLength, filters]. A side becomes side · strides with padding `same`, (side − 1) · strides + max(kernel, strides) with `valid`.
 * https://keras.io/api/layers/convolution_layers/convolution1d_transpose/
 *
 * Weights, in order: kernel [kernelLength, filters, channels], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.conv1dTranspose({ filters: 32, kernelSize: 2, strides: 2 }); // each side twice as long
 */
export const conv1dTranspose = (options: ConvTransposeOptions<Length>) => new Conv1DTranspose(options);

/** A transposed convolution of images: made by `layers.conv2dTranspose`, which says more. */
export class Conv2DTranspose extends ConvTranspose<ConvTransposeOptions<Pair>> {
  readonly className = 'Conv2DTranspose';

  constructor(options: ConvTransposeOptions<Pair>) {
    super(2, options);
  }
}

/**
 * activation(transposed convolution + bias), which enlarges images: float32 [n, height, width, channels] to
 * [n, outHeight, outWidth, filters]. A side becomes side · strides with padding `same`, (side − 1) · strides + max(kernel, strides) with `valid`.
 * https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
 *
 * Weights, in order: kernel [kernelHeight, kernelWidth, filters, channels], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.conv2dTranspose({ filters: 32, kernelSize: 2, strides: 2 }); // each side twice as long
 */
export const conv2dTranspose = (options: ConvTransposeOptions<Pair>) => new Conv2DTranspose(options);

/** A transposed convolution of volumes: made by `layers.conv3dTranspose`, which says more. */
export class Conv3DTranspose extends ConvTranspose<ConvTransposeOptions<Triple>> {
  readonly className = 'Conv3DTranspose';

  constructor(options: ConvTransposeOptions<Triple>) {
    super(3, options);
  }
}

/**
 * activation(transposed convolution + bias), which enlarges volumes: float32 [n, depth, height, width, channels] to
 * [n, outDepth, outHeight, outWidth, filters]. A side becomes side · strides with padding `same`, (side − 1) · strides + max(kernel, strides) with `valid`.
 * https://keras.io/api/layers/convolution_layers/convolution3d_transpose/
 *
 * Weights, in order: kernel [kernelDepth, kernelHeight, kernelWidth, filters, channels], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank or
 *   an unknown number of channels.
 * @example layers.conv3dTranspose({ filters: 32, kernelSize: 2, strides: 2 }); // each side twice as long
 */
export const conv3dTranspose = (options: ConvTransposeOptions<Triple>) => new Conv3DTranspose(options);
