import { factoryName } from '../base/names.js';
import { type OptionNames, integer, mismatch } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { itemAt } from '../base/list.js';
import * as ops from '../ops/index.js';
import { type Sides, sidesOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseConv, type BaseConvOptions } from './baseConv.js';
import {
  type QuantizationOptions,
  Quantizer,
  quantizationConfig,
  quantizationNames,
} from './quantization.js';
import type { Length, Pair, Triple } from './spatial.js';
import { type KernelOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What `layers.conv2d` and, with other numbers of axes, `layers.conv1d` and `layers.conv3d` take. */
export interface ConvOptions<S extends Sides = Sides>
  extends BaseConvOptions<S>, KernelOptions, QuantizationOptions {
  /** How many channels the result has. */
  filters: number;
  /** Default 1. */
  groups?: number;
}

/** What `layers.conv1d` takes. */
export interface Conv1DOptions extends Omit<ConvOptions<Length>, 'padding'> {
  /** As of the others, or `causal`: zeros before the sequence alone, so that no output depends on later inputs. Default `valid`. */
  padding?: 'valid' | 'same' | 'causal';
}

const DEFAULTS = defaultsOf<ConvOptions>()({ groups: 1 });

/** What convolutions of sequences, images and volumes share. */
export abstract class Conv<
  O extends Omit<ConvOptions, 'padding'> & { padding?: 'valid' | 'same' | 'causal' } = ConvOptions,
> extends BaseConv<O & typeof DEFAULTS> {
  static override readonly optionNames = {
    ...BaseConv.optionNames,
    filters: 'required',
    groups: 'optional',
    ...weightNames('kernel'),
    ...quantizationNames,
  } satisfies OptionNames<ConvOptions>;
  readonly #quantizer: Quantizer;
  #kernel!: Variable;

  constructor(spatial: number, options: O, paddings?: readonly string[]) {
    super(spatial, withDefaults(options, DEFAULTS), paddings);
    const who = factoryName(new.target.name);
    integer(who, 'filters', options.filters);
    integer(who, 'groups', this.options.groups);
    this.#quantizer = new Quantizer(who, options.quantizationConfig, () => {
      this.callsChanged();
    });
  }

  /** @internal */
  override get quantizer(): Quantizer {
    return this.#quantizer;
  }

  protected buildKernels(channels: number): number {
    const { filters, groups } = this.options;
    if (channels % groups !== 0 || filters % groups !== 0) {
      throw mismatch(
        this.name,
        `channels and filters in multiples of ${groups} groups`,
        `${channels} and ${filters}`,
        'SHAPE',
      );
    }
    const shape = [...this.sides, channels / groups, filters];
    this.#kernel = this.addWeight({ name: 'kernel', shape, ...weightOptions(this.options, 'kernel') });
    return filters;
  }

  protected convolve(x: Sym): Sym {
    const { strides, padding: given, dilationRate, groups, dataFormat } = this.options;
    const padding = given === 'causal' ? this.#causal() : given;
    const kernel = this.#quantizer.kernel<Sym | Variable>(this.#kernel);
    return ops.conv(this.#quantizer.input(x), kernel, { strides, padding, dilationRate, groups, dataFormat });
  }

  // The last tap of the kernel meets the place of the output.
  #causal(): [number, number][] {
    const dilations = sidesOf(this.options.dilationRate, this.spatial);
    return this.sides.map((size, i): [number, number] => [(size - 1) * itemAt(dilations, i), 0]);
  }

  override getConfig() {
    const { filters, groups } = this.options;
    return {
      ...super.getConfig(),
      ...{ filters, groups },
      ...weightConfig(this.options, 'kernel'),
      ...quantizationConfig(this.#quantizer),
    };
  }
}

/** A convolution of sequences: made by `layers.conv1d`, which says more. */
export class Conv1D extends Conv<Conv1DOptions> {
  readonly className = 'Conv1D';

  constructor(options: Conv1DOptions) {
    super(1, options, ['valid', 'same', 'causal']);
  }
}

/**
 * activation(convolution + bias) of sequences: float32 [n, length, channels] to [n, outLength, filters]. With padding
 * `valid` a side becomes (side − kernel) / strides + 1, rounded down; with `same` side / strides, rounded up; with `causal`, too.
 * https://keras.io/api/layers/convolution_layers/convolution1d/
 *
 * Weights, in order: kernel [kernelLength, channels / groups, filters], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank,
 *   an unknown number of channels, one that `groups` does not divide, and an image smaller than the kernel.
 * @example layers.conv1d({ filters: 32, kernelSize: 3, padding: 'causal', activation: 'relu' });
 */
export const conv1d = (options: Conv1DOptions) => new Conv1D(options);

/** A convolution of images: made by `layers.conv2d`, which says more. */
export class Conv2D extends Conv<ConvOptions<Pair>> {
  readonly className = 'Conv2D';

  constructor(options: ConvOptions<Pair>) {
    super(2, options);
  }
}

/**
 * activation(convolution + bias) of images: float32 [n, height, width, channels] to [n, outHeight, outWidth, filters]. With padding
 * `valid` a side becomes (side − kernel) / strides + 1, rounded down; with `same` side / strides, rounded up.
 * https://keras.io/api/layers/convolution_layers/convolution2d/
 *
 * Weights, in order: kernel [kernelHeight, kernelWidth, channels / groups, filters], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank,
 *   an unknown number of channels, one that `groups` does not divide, and an image smaller than the kernel.
 * @example layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' });
 */
export const conv2d = (options: ConvOptions<Pair>) => new Conv2D(options);

/** A convolution of volumes: made by `layers.conv3d`, which says more. */
export class Conv3D extends Conv<ConvOptions<Triple>> {
  readonly className = 'Conv3D';

  constructor(options: ConvOptions<Triple>) {
    super(3, options);
  }
}

/**
 * activation(convolution + bias) of volumes: float32 [n, depth, height, width, channels] to [n, outDepth, outHeight, outWidth, filters]. With padding
 * `valid` a side becomes (side − kernel) / strides + 1, rounded down; with `same` side / strides, rounded up.
 * https://keras.io/api/layers/convolution_layers/convolution3d/
 *
 * Weights, in order: kernel [kernelDepth, kernelHeight, kernelWidth, channels / groups, filters], bias [filters].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers and unknown names; `SHAPE`, when applied, for another rank,
 *   an unknown number of channels, one that `groups` does not divide, and an image smaller than the kernel.
 * @example layers.conv3d({ filters: 8, kernelSize: [1, 3, 3], padding: 'same' });
 */
export const conv3d = (options: ConvOptions<Triple>) => new Conv3D(options);
