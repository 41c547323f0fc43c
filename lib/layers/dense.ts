import type { OptionNames } from '../checks.js';
import type { Shape } from '../engine.js';
import { EngineError } from '../errors.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations.js';
import { affine } from '../ops/sequence.js';
import type { Sym } from '../sym.js';
import type { Variable } from '../variable.js';
import { checkCount } from './check.js';
import { Layer, type LayerOptions } from './layer.js';
import { type OptionsOf, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** The kernel begins as `glorotUniform`, the bias as `zeros`. */
export interface DenseOptions extends LayerOptions, OptionsOf<'kernel'>, OptionsOf<'bias'> {
  units: number;
  /** Default none. */
  activation?: ActivationLike;
  /** Default true. */
  useBias?: boolean;
}

/**
 * activation(x · kernel + bias) over the last axis: [..., inputs] to [..., units], with a kernel [inputs, units].
 * https://keras.io/api/layers/core_layers/dense/
 */
export class Dense extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    units: 'required',
    activation: 'optional',
    useBias: 'boolean',
    ...weightNames('kernel'),
    ...weightNames('bias'),
  } satisfies OptionNames<DenseOptions>;
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
    const { units, useBias = true } = this.options;
    const inputs = shape.at(-1);
    if (shape.length < 2 || inputs === undefined || inputs < 1) {
      throw new EngineError(
        'SHAPE',
        `expected an input [batch, ..., features] with a known number of features, received [${shape.join(', ')}]`,
      );
    }
    const kernel = weightOptions(this.options, 'kernel');
    this.#kernel = this.addWeight({ name: 'kernel', shape: [inputs, units], ...kernel });
    if (!useBias) return;
    const bias = weightOptions(this.options, 'bias', 'zeros');
    this.#bias = this.addWeight({ name: 'bias', shape: [units], ...bias });
  }

  call(x: Sym): Sym {
    return this.#activation(affine<Sym, Variable>(x, this.#kernel, this.#bias));
  }

  override getConfig() {
    const { units, activation, useBias = true } = this.options;
    return {
      ...super.getConfig(),
      ...{ units, activation: activationConfig(activation), useBias },
      ...weightConfig(this.options, 'kernel'),
      ...weightConfig(this.options, 'bias', 'zeros'),
    };
  }
}

/** See {@link Dense}. @example layers.dense({ units: 10, activation: 'softmax' }) */
export const dense = (options: DenseOptions) => new Dense(options);
