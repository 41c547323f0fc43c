import type { Shape } from '../engine.js';
import { EngineError } from '../errors.js';
import { type ActivationFunction, type ActivationName, activationOf } from '../activations.js';
import { type InitializerLike, initializerConfig, initializerOf } from '../initializers/index.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import type { Variable } from '../variable.js';
import { checkCount } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

export interface DenseOptions extends LayerOptions {
  units: number;
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
 * activation(x · kernel + bias) over the last axis: [..., inputs] to [..., units], with a kernel [inputs, units].
 * https://keras.io/api/layers/core_layers/dense/
 */
export class Dense extends Layer {
  readonly className = 'Dense';
  readonly options: DenseOptions;
  readonly #activation: ActivationFunction;
  #kernel!: Variable;
  #bias: Variable | undefined;

  constructor(options: DenseOptions) {
    super(options);
    checkCount('dense', 'units', options.units);
    this.options = options;
    this.#activation = activationOf(options.activation);
  }

  override build(shape: Shape): void {
    const { units, useBias = true, kernelInitializer, biasInitializer = 'zeros' } = this.options;
    const inputs = shape.at(-1);
    if (shape.length < 2 || inputs === undefined || inputs < 1) {
      throw new EngineError(
        'SHAPE',
        `expected an input [batch, ..., features] with a known number of features, received [${shape.join(', ')}]`,
      );
    }
    this.#kernel = this.addWeight({ name: 'kernel', shape: [inputs, units], initializer: kernelInitializer });
    if (useBias) this.#bias = this.addWeight({ name: 'bias', shape: [units], initializer: biasInitializer });
  }

  call(x: Sym): Sym {
    // Rows are flattened, so that any rank is one matrix product.
    const [inputs, units] = this.#kernel.shape;
    const flat = x.rank > 2 ? ops.reshape(x, [-1, inputs]) : x;
    const product = ops.matmul(flat, this.#kernel);
    const sum = this.#bias ? ops.add(product, this.#bias) : product;
    const y = x.rank > 2 ? ops.reshape(sum, rows(x.shape, units)) : sum;
    return this.#activation(y);
  }

  override getConfig() {
    const { units, activation, useBias = true, kernelInitializer, biasInitializer } = this.options;
    return {
      ...super.getConfig(),
      units,
      activation: activation ?? 'linear',
      useBias,
      kernelInitializer: initializerConfig(initializerOf(kernelInitializer ?? 'glorotUniform')),
      biasInitializer: initializerConfig(initializerOf(biasInitializer ?? 'zeros')),
    };
  }
}

/** The shape of x with units as last axis; one more unknown axis than the batch cannot be told to reshape. */
function rows(shape: Shape, units: number): number[] {
  return [...shape.slice(0, -1), units];
}

/** See {@link Dense}. @example layers.dense({ units: 10, activation: 'softmax' }) */
export const dense = (options: DenseOptions) => new Dense(options);
