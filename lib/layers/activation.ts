import type { OptionNames } from '../checks.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations.js';
import type { Sym } from '../sym.js';
import { Layer, type LayerOptions } from './layer.js';

export interface ActivationOptions extends LayerOptions {
  activation: ActivationLike;
}

/** An activation by name or function, element by element. https://keras.io/api/layers/core_layers/activation/ */
export class Activation extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    activation: 'required',
  } satisfies OptionNames<ActivationOptions>;
  readonly className = 'Activation';
  readonly activation: ActivationLike;
  readonly #function: ActivationFunction;

  constructor(options: ActivationOptions) {
    super(options);
    this.activation = options.activation;
    this.#function = activationOf(options.activation);
  }

  call(x: Sym): Sym {
    return this.#function(x);
  }

  override getConfig() {
    return { ...super.getConfig(), activation: activationConfig(this.activation) };
  }
}

/** See {@link Activation}. @example layers.activation({ activation: 'relu' }) */
export const activation = (options: ActivationOptions) => new Activation(options);
