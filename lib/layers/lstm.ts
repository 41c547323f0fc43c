import type { OptionNames } from '../base/checks.js';
import { type ActivationFunction, activationConfig, activationOf } from '../activations/registry.js';
import { Initializer } from '../initializers/initializer.js';
import { type InitializerLike, initializerOf } from '../initializers/registry.js';
import * as ops from '../ops/index.js';
import { recurrent } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import { type Tensor, ones } from '../core/tensor.js';
import { type GatedRNNOptions, RNN, type RNNCall, gateOf } from './rnn.js';

/** What `layers.lstm` takes. */
export interface LSTMOptions extends GatedRNNOptions {
  /** Whether to start with 1 as bias of the forget gate (Jozefowicz et al., 2015). Default true. */
  unitForgetBias?: boolean;
}

/** Long short-term memory: made by `layers.lstm`, which says more. */
export class LSTM extends RNN<LSTMOptions> {
  static override readonly optionNames = {
    ...RNN.optionNames,
    recurrentActivation: 'optional',
    unitForgetBias: 'boolean',
  } satisfies OptionNames<LSTMOptions>;
  readonly className = 'LSTM';
  protected readonly gates = 4;
  protected readonly stateCount = 2;
  readonly #gate: ActivationFunction;

  constructor(options: LSTMOptions) {
    super(options);
    this.#gate = activationOf(options.recurrentActivation ?? 'sigmoid');
  }

  protected get isFused(): boolean {
    return this.activation === activationOf('tanh') && this.#gate === activationOf('sigmoid');
  }

  protected override get biasInitializer(): InitializerLike {
    const { units, unitForgetBias = true } = this.options;
    return unitForgetBias ? new ForgetBias(super.biasInitializer, units) : super.biasInitializer;
  }

  protected fused({ projections, states = [], recurrentKernel, mask, attrs }: RNNCall): readonly Sym[] {
    return recurrent<Sym>('lstm', [projections, recurrentKernel, ...states], mask, attrs, 2);
  }

  protected step(x: Sym, [h, c]: readonly Sym[], call: RNNCall): readonly Sym[] {
    const { units } = this.options;
    const z = ops.add(x, this.product(h, call));
    const [i, f, o] = [0, 1, 3].map((gate) => this.#gate(gateOf(z, gate, units)));
    const next = ops.add(ops.multiply(f, c), ops.multiply(i, this.activation(gateOf(z, 2, units))));
    return [ops.multiply(o, this.activation(next)), next];
  }

  override getConfig() {
    const { recurrentActivation = 'sigmoid', unitForgetBias = true } = this.options;
    return {
      ...super.getConfig(),
      recurrentActivation: activationConfig(recurrentActivation),
      unitForgetBias,
    };
  }
}

/** Ones for the forget gate, and what another initializer gives for the rest. */
class ForgetBias extends Initializer {
  readonly className = 'forgetBias';
  readonly #rest: Initializer;

  constructor(
    rest: InitializerLike,
    readonly units: number,
  ) {
    super();
    this.#rest = initializerOf(rest);
  }

  protected draw(): Tensor {
    const { units } = this;
    const parts = [this.#rest.tensor([units]), ones([units]), this.#rest.tensor([2 * units])];
    return ops.concatenate(parts, { axis: -1 });
  }
}

/**
 * Long short-term memory: float32 [n, steps, features] to [n, units], with states h and c [n, units]. Applied to a list it takes the
 * first states behind the input. Hochreiter and Schmidhuber, 1997. https://keras.io/api/layers/recurrent_layers/lstm/
 *
 * Weights, in order: kernel [features, 4 units], recurrent kernel [units, 4 units], bias [4 units], gates in the order input, forget,
 * candidate, output.
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer, rates outside of [0, 1) and unknown names; `SHAPE`, when
 *   applied, for another rank.
 * @example
 *     layers.lstm({ units: 128 });
 *     const x = layers.input({ shape: [10, 3] });
 *     const [y, h, c] = layers.lstm({ units: 4, returnState: true }).applyAll(x);
 */
export const lstm = (options: LSTMOptions) => new LSTM(options);
