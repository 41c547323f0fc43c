import { type OptionNames, integer, shapeOf, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations/registry.js';
import { affine } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { Layer, type LayerOptions } from './layer.js';
import {
  type QuantizationOptions,
  Quantizer,
  quantizationConfig,
  quantizationNames,
} from './quantization.js';
import {
  type BiasOptions,
  type KernelOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What `layers.dense` takes. */
export interface DenseOptions extends LayerOptions, KernelOptions, BiasOptions, QuantizationOptions {
  /** How many numbers come out: the size of the last axis of the result. */
  units: number;
  /** What is applied to the result: a name, such as 'relu', or a function. Default none. */
  activation?: ActivationLike;
  /** Whether a bias is added, one number for each unit. Default true. */
  useBias?: boolean;
}

const DEFAULTS = defaultsOf<DenseOptions>()({ useBias: true });

/** A densely connected layer: made by `layers.dense`, which says more. */
export class Dense extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    units: 'required',
    activation: 'optional',
    useBias: 'boolean',
    ...weightNames('kernel'),
    ...weightNames('bias'),
    ...quantizationNames,
  } satisfies OptionNames<DenseOptions>;
  readonly className = 'Dense';
  override readonly supportsMasking = true;
  /** The options as given, and the defaults of the others. */
  readonly options: DenseOptions & typeof DEFAULTS;
  readonly #quantizer: Quantizer;
  readonly #activation: ActivationFunction;
  #kernel!: Variable;
  #bias: Variable | undefined;

  constructor(options: DenseOptions) {
    super(options);
    integer('dense', 'units', options.units);
    this.options = withDefaults(options, DEFAULTS);
    this.#activation = activationOf(options.activation);
    this.#quantizer = new Quantizer('dense', options.quantizationConfig, () => {
      this.callsChanged();
    });
  }

  /** @internal */
  override get quantizer(): Quantizer {
    return this.#quantizer;
  }

  override build(shape: Shape): void {
    const { units, useBias } = this.options;
    const inputs = shapeOf(this.name, shape, 'unknown').at(-1);
    if (shape.length < 2 || inputs === undefined || inputs < 1) {
      throw wrongShape(this.name, 'an input [batch, ..., features] with a known number of features', shape);
    }
    const kernel = weightOptions(this.options, 'kernel');
    this.#kernel = this.addWeight({ name: 'kernel', shape: [inputs, units], ...kernel });
    if (!useBias) return;
    const bias = weightOptions(this.options, 'bias');
    this.#bias = this.addWeight({ name: 'bias', shape: [units], ...bias });
  }

  call(x: Sym): Sym {
    return this.#activation(affine<Sym, Variable>(x, this.#kernel, this.#bias, this.#quantizer));
  }

  override getConfig() {
    const { units, activation, useBias } = this.options;
    return {
      ...super.getConfig(),
      ...{ units, activation: activationConfig(activation), useBias },
      ...weightConfig(this.options, 'kernel'),
      ...weightConfig(this.options, 'bias'),
      ...quantizationConfig(this.#quantizer),
    };
  }
}

/**
 * activation(x · kernel + bias) over the last axis: float32 [n, ..., inputs] to [n, ..., units].
 * https://keras.io/api/layers/core_layers/dense/
 *
 * Weights, in order: kernel [inputs, units], bias [units].
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer and unknown names; `SHAPE`, when applied, for an input without
 *   a known last axis.
 * @example layers.dense({ units: 10, activation: 'softmax' });
 */
export const dense = (options: DenseOptions) => new Dense(options);
