import type { OptionNames } from '../base/checks.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations/registry.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.activation` takes. */
export interface ActivationOptions extends LayerOptions {
  /** A name, such as 'relu', or a function of the ops. */
  activation: ActivationLike;
}

/** A layer that applies an activation. Made by `layers.activation`, where its documentation is. */
export class Activation extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    activation: 'required',
  } satisfies OptionNames<ActivationOptions>;
  readonly className = 'Activation';
  override readonly supportsMasking = true;
  /** The activation as given. */
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

/**
 * Applies an activation to each number: [n, ...] to the same shape, float32. It has no weights.
 * https://keras.io/api/layers/core_layers/activation/
 *
 * @throws EngineError `ARGUMENT` for an unknown name, telling the nearest.
 * @example layers.activation({ activation: 'relu' });
 */
export const activation = (options: ActivationOptions) => new Activation(options);
