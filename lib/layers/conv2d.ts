import type { Shape } from '../engine.js';
import { EngineError } from '../errors.js';
import { type ActivationFunction, type ActivationName, activationOf } from '../activations.js';
import { type InitializerLike, initializerConfig, initializerOf } from '../initializers/index.js';
import * as ops from '../ops/index.js';
import { type DataFormat, type Pair, pair } from '../ops/window.js';
import type { Sym } from '../sym.js';
import type { Variable } from '../variable.js';
import { checkCount, checkPair, checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

export interface Conv2DOptions extends LayerOptions {
  filters: number;
  kernelSize: Pair;
  /** Default 1. */
  strides?: Pair;
  /** Default `valid`. */
  padding?: 'valid' | 'same';
  /** Default 1. */
  dilationRate?: Pair;
  /** Default 1. */
  groups?: number;
  /** Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** Default none. */
  activation?: ActivationName | ActivationFunction;
  /** Default true. */
  useBias?: boolean;
  /** Default `glorotUniform`. */
  kernelInitializer?: InitializerLike;
  /** Default `zeros`. */
  biasInitializer?: InitializerLike;
}

/**
 * activation(convolution + bias): [n, height, width, channels] to [n, outHeight, outWidth, filters], with a kernel
 * [kernelHeight, kernelWidth, channels / groups, filters]. https://keras.io/api/layers/convolution_layers/convolution2d/
 */
export class Conv2D extends Layer {
  readonly className = 'Conv2D';
  readonly options: Conv2DOptions;
  readonly #activation: ActivationFunction;
  #kernel!: Variable;
  #bias: Variable | undefined;

  constructor(options: Conv2DOptions) {
    super(options);
    const { filters, kernelSize, strides = 1, dilationRate = 1, groups = 1 } = options;
    checkCount('conv2d', 'filters', filters);
    checkPair('conv2d', 'kernelSize', kernelSize);
    checkPair('conv2d', 'strides', strides);
    checkPair('conv2d', 'dilationRate', dilationRate);
    checkCount('conv2d', 'groups', groups);
    this.options = options;
    this.#activation = activationOf(options.activation);
  }

  override build(shape: Shape): void {
    const { filters, kernelSize, groups = 1, dataFormat, useBias = true } = this.options;
    checkRank('conv2d', shape, 4, '[n, height, width, channels]');
    const channels = shape[dataFormat === 'channelsFirst' ? 1 : 3];
    if (channels < 1 || channels % groups !== 0 || filters % groups !== 0) {
      throw new EngineError(
        'SHAPE',
        `expected channels and filters in multiples of ${groups} groups, received ${channels} and ${filters}`,
      );
    }
    this.#kernel = this.addWeight({
      name: 'kernel',
      shape: [...pair(kernelSize), channels / groups, filters],
      initializer: this.options.kernelInitializer,
    });
    if (!useBias) return;
    const initializer = this.options.biasInitializer ?? 'zeros';
    this.#bias = this.addWeight({ name: 'bias', shape: [filters], initializer });
  }

  call(x: Sym): Sym {
    const { strides, padding, dilationRate, groups, dataFormat } = this.options;
    const y = ops.conv2d(x, this.#kernel, { strides, padding, dilations: dilationRate, groups, dataFormat });
    return this.#activation(this.#bias ? ops.biasAdd(y, this.#bias, { dataFormat }) : y);
  }

  override getConfig() {
    const {
      filters,
      kernelSize,
      strides = 1,
      padding = 'valid',
      dilationRate = 1,
      groups = 1,
    } = this.options;
    const { dataFormat = 'channelsLast', activation = 'linear', useBias = true } = this.options;
    return {
      ...super.getConfig(),
      ...{ filters, kernelSize, strides, padding, dilationRate, groups, dataFormat, activation, useBias },
      kernelInitializer: initializerConfig(initializerOf(this.options.kernelInitializer ?? 'glorotUniform')),
      biasInitializer: initializerConfig(initializerOf(this.options.biasInitializer ?? 'zeros')),
    };
  }
}

/** See {@link Conv2D}. @example layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }) */
export const conv2d = (options: Conv2DOptions) => new Conv2D(options);
