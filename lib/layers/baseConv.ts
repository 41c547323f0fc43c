import { factoryName } from '../base/names.js';
import { type OptionNames, oneOfAnyCase, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { itemAt } from '../base/list.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations/registry.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { type Sides, dataFormatOf, sidesOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { checkSides } from './check.js';
import { Layer } from './layer.js';
import { type SpatialOptions, checkSpatial, spatialDefaults } from './spatial.js';
import { type BiasOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What the convolution layers take, with one number or one for each spatial axis for sizes and steps. */
export interface BaseConvOptions<S extends Sides = Sides> extends SpatialOptions, BiasOptions {
  /** The size of the kernel along the spatial axes, or one number for all. */
  kernelSize: S;
  /** The steps of the kernel along the spatial axes, or one number for all. Default 1. */
  strides?: S;
  /** `valid`: the kernel stays within the image; `same`: zeros around it, so that with strides of 1 it keeps its size. Default `valid`. */
  padding?: 'valid' | 'same';
  /** The distance of the kernel's taps along the spatial axes, or one number for all. Default 1. */
  dilationRate?: S;
  /** What is applied to the result: a name, such as 'relu', or a function. Default none. */
  activation?: ActivationLike;
  /** Whether a bias is added, one number for each channel of the output. Default true. */
  useBias?: boolean;
}

const DEFAULTS = {
  ...spatialDefaults,
  ...defaultsOf<BaseConvOptions>()({ strides: 1, padding: 'valid', dilationRate: 1, useBias: true }),
};

/** The options of any convolution layer, as their base reads them. */
type AnyOptions = Omit<BaseConvOptions, 'padding'> & { padding?: string };

/**
 * What the convolution layers share: activation(convolution + bias), the bias one number for each channel of the output. A leaf fixes
 * the number of spatial axes.
 */
export abstract class BaseConv<O extends AnyOptions = BaseConvOptions> extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    kernelSize: 'required',
    strides: 'optional',
    padding: 'optional',
    dilationRate: 'optional',
    dataFormat: 'optional',
    activation: 'optional',
    useBias: 'boolean',
    ...weightNames('bias'),
  } satisfies OptionNames<BaseConvOptions>;
  /** The options as given, and the defaults of the others. */
  readonly options: O & Omit<typeof DEFAULTS, 'padding'>;
  readonly #activation: ActivationFunction;
  #bias: Variable | undefined;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    options: O,
    paddings: readonly string[] = ['valid', 'same'],
  ) {
    super(options);
    const who = factoryName(new.target.name);
    const given = withDefaults(options, DEFAULTS);
    const { kernelSize, strides, dilationRate } = given;
    checkSides(who, 'kernelSize', kernelSize, spatial);
    checkSides(who, 'strides', strides, spatial);
    checkSides(who, 'dilationRate', dilationRate, spatial);
    this.options = {
      ...given,
      padding: oneOfAnyCase(who, 'padding', given.padding, paddings),
      dataFormat: dataFormatOf(who, given.dataFormat),
    };
    this.#activation = activationOf(options.activation);
  }

  /** Adds the weights of the convolution itself, and says how many channels come out. */
  protected abstract buildKernels(channels: number): number;

  protected abstract convolve(x: Sym): Sym;

  /** The kernel's size along each spatial axis. */
  protected get sides(): readonly number[] {
    return sidesOf(this.options.kernelSize, this.spatial);
  }

  override build(shape: Shape): void {
    const { dataFormat, useBias } = this.options;
    checkSpatial(this.name, shape, this.spatial);
    const channels = itemAt(shape, dataFormat === 'channelsFirst' ? 1 : shape.length - 1);
    if (channels < 1) {
      throw wrongShape(this.name, 'an image with a known number of channels', shape);
    }
    const outputs = this.buildKernels(channels);
    if (!useBias) return;
    const bias = weightOptions(this.options, 'bias');
    this.#bias = this.addWeight({ name: 'bias', shape: [outputs], ...bias });
  }

  call(x: Sym): Sym {
    const { dataFormat } = this.options;
    const y = this.convolve(x);
    return this.#activation(this.#bias ? ops.biasAdd(y, this.#bias, { dataFormat }) : y);
  }

  override getConfig(): Record<string, unknown> {
    const { kernelSize, strides, padding, dilationRate, dataFormat, activation, useBias } = this.options;
    return {
      ...super.getConfig(),
      ...{
        kernelSize,
        strides,
        padding,
        dilationRate,
        dataFormat,
        activation: activationConfig(activation),
        useBias,
      },
      ...weightConfig(this.options, 'bias'),
    };
  }
}
