import type { OptionNames } from '../base/checks.js';
import { type ActivationFunction, activationConfig, activationOf } from '../activations/registry.js';
import * as ops from '../ops/index.js';
import { recurrent } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { type GatedRNNOptions, RNN, type RNNCall, gateOf } from './rnn.js';

/** What `layers.gru` takes. */
export interface GRUOptions extends GatedRNNOptions {
  /** Whether the reset gate acts behind the recurrent product, which then has a bias of its own, as cuDNN does. Default true. */
  resetAfter?: boolean;
}

/** Gated recurrent units: made by `layers.gru`, which says more. */
export class GRU extends RNN<GRUOptions> {
  static override readonly optionNames = {
    ...RNN.optionNames,
    recurrentActivation: 'optional',
    resetAfter: 'boolean',
  } satisfies OptionNames<GRUOptions>;
  readonly className = 'GRU';
  protected readonly gates = 3;
  protected readonly stateCount = 1;
  readonly #gate: ActivationFunction;

  constructor(options: GRUOptions) {
    super(options);
    this.#gate = activationOf(options.recurrentActivation ?? 'sigmoid');
  }

  get #resetAfter(): boolean {
    return this.options.resetAfter ?? true;
  }

  protected get isFused(): boolean {
    return this.activation === activationOf('tanh') && this.#gate === activationOf('sigmoid');
  }

  protected override get biasShape(): number[] {
    const columns = this.gates * this.options.units;
    return this.#resetAfter ? [2, columns] : [columns];
  }

  protected override inputBias(bias: Variable | undefined): Sym | Variable | undefined {
    return bias && this.#resetAfter ? this.#row(bias, 0) : bias;
  }

  protected fused({ projections, states = [], recurrentKernel, bias, mask, attrs }: RNNCall): readonly Sym[] {
    const resetAfter = this.#resetAfter;
    const operands: (Sym | Variable | Tensor)[] = [projections, recurrentKernel];
    if (resetAfter)
      operands.push(bias ? this.#row(bias, 1) : ops.broadcastTo(0, [this.gates * this.options.units]));
    return recurrent<Sym>('gru', [...operands, ...states], mask, { ...attrs, resetAfter }, 1);
  }

  protected step(x: Sym, [h]: readonly Sym[], call: RNNCall): readonly Sym[] {
    const { units } = this.options;
    const { recurrentKernel, bias } = call;
    // Without resetAfter the last third is not read.
    const product = this.product(h, call);
    const p = bias && this.#resetAfter ? ops.add(product, this.#row(bias, 1)) : product;
    const [z, r] = [0, 1].map((gate) => this.#gate(ops.add(gateOf(x, gate, units), gateOf(p, gate, units))));
    const inner = this.#resetAfter
      ? ops.multiply(r, gateOf(p, 2, units))
      : ops.matmul(ops.multiply(r, this.seen(h, 2, call)), gateOf(recurrentKernel, 2, units));
    const candidate = this.activation(ops.add(gateOf(x, 2, units), inner));
    return [ops.add(ops.multiply(z, h), ops.multiply(ops.subtract(1, z), candidate))];
  }

  #row(bias: Variable, row: number): Sym {
    return ops.reshape(ops.stridedSlice<Sym | Variable>(bias, row, row + 1), [
      this.gates * this.options.units,
    ]);
  }

  override getConfig() {
    const { recurrentActivation = 'sigmoid' } = this.options;
    return {
      ...super.getConfig(),
      recurrentActivation: activationConfig(recurrentActivation),
      resetAfter: this.#resetAfter,
    };
  }
}

/**
 * Gated recurrent units: float32 [n, steps, features] to [n, units], with a state h [n, units]. Applied to a list it takes the first
 * state behind the input. Cho et al., 2014. https://keras.io/api/layers/recurrent_layers/gru/
 *
 * Weights, in order: kernel [features, 3 units], recurrent kernel [units, 3 units], and a bias, [2, 3 units] (the input's and the
 * recurrent one) or without `resetAfter` [3 units]; gates in the order update, reset, candidate.
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer, rates outside of [0, 1) and unknown names; `SHAPE`, when
 *   applied, for another rank.
 * @example layers.gru({ units: 128, returnSequences: true });
 */
export const gru = (options: GRUOptions) => new GRU(options);
