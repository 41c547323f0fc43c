import { type OptionNames, oneOf, wrongShape } from '../base/checks.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations/index.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { type DataFormat, type Pair, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { checkPair, checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';
import { type BiasOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What the convolution layers take. */
export interface BaseConv2DOptions extends LayerOptions, BiasOptions {
  /** The height and width of the kernel, or one number for both. */
  kernelSize: Pair;
  /** The steps of the kernel, down and to the right, or one number for both. Default 1. */
  strides?: Pair;
  /** `valid`: the kernel stays within the image; `same`: zeros around it, so that with strides of 1 it keeps its size. Default `valid`. */
  padding?: 'valid' | 'same';
  /** The distance of the kernel's taps, down and to the right, or one number for both. Default 1. */
  dilationRate?: Pair;
  /** The order of the axes: `channelsLast`, [n, height, width, channels], or `channelsFirst`, [n, channels, height, width]. Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** What is applied to the result: a name, such as 'relu', or a function. Default none. */
  activation?: ActivationLike;
  /** Whether a bias is added, one number for each channel of the output. Default true. */
  useBias?: boolean;
}

/** What the convolution layers share: activation(convolution + bias), the bias one number for each channel of the output. */
export abstract class BaseConv2D<O extends BaseConv2DOptions = BaseConv2DOptions> extends Layer {
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
  } satisfies OptionNames<BaseConv2DOptions>;
  readonly #activation: ActivationFunction;
  #bias: Variable | undefined;

  constructor(
    kind: string,
    /** The options as given. */
    readonly options: O,
  ) {
    super(options);
    const { kernelSize, strides = 1, dilationRate = 1 } = options;
    checkPair(kind, 'kernelSize', kernelSize);
    checkPair(kind, 'strides', strides);
    checkPair(kind, 'dilationRate', dilationRate);
    oneOf(kind, 'padding', options.padding ?? 'valid', ['valid', 'same']);
    dataFormatOf(kind, options.dataFormat);
    this.#activation = activationOf(options.activation);
  }

  /** Adds the weights of the convolution itself, and says how many channels come out. */
  protected abstract buildKernels(channels: number): number;

  protected abstract convolve(x: Sym): Sym;

  override build(shape: Shape): void {
    const { dataFormat, useBias = true } = this.options;
    checkRank(this.name, shape, 4, '[n, height, width, channels]');
    const channels = shape[dataFormat === 'channelsFirst' ? 1 : 3];
    if (channels < 1) {
      throw wrongShape(this.name, 'an image with a known number of channels', shape);
    }
    const outputs = this.buildKernels(channels);
    if (!useBias) return;
    const bias = weightOptions(this.options, 'bias', 'zeros');
    this.#bias = this.addWeight({ name: 'bias', shape: [outputs], ...bias });
  }

  call(x: Sym): Sym {
    const { dataFormat } = this.options;
    const y = this.convolve(x);
    return this.#activation(this.#bias ? ops.biasAdd(y, this.#bias, { dataFormat }) : y);
  }

  override getConfig(): Record<string, unknown> {
    const { kernelSize, strides = 1, padding = 'valid', dilationRate = 1 } = this.options;
    const { dataFormat = 'channelsLast', activation, useBias = true } = this.options;
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
      ...weightConfig(this.options, 'bias', 'zeros'),
    };
  }
}
