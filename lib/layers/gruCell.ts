import type { OptionNames } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { firstOf, mapTuple } from '../base/list.js';
import * as ops from '../ops/index.js';
import { recurrent } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { GatedCell, type GatedCellOptions } from './gatedCell.js';
import { type FusedCall, type StepContext, gateOf } from './rnnCell.js';

/** What `layers.gruCell` takes. */
export interface GRUCellOptions extends GatedCellOptions {
  /** Whether the reset gate acts after the recurrent product, which then has a second bias, as cuDNN does. Default true. */
  resetAfter?: boolean;
}

const DEFAULTS = defaultsOf<GRUCellOptions>()({ resetAfter: true });

/** A step of gated recurrent units: made by `layers.gruCell`, which says more. */
export class GRUCell extends GatedCell<GRUCellOptions & typeof DEFAULTS> {
  static override readonly optionNames = {
    ...GatedCell.optionNames,
    resetAfter: 'boolean',
  } satisfies OptionNames<GRUCellOptions>;
  readonly className = 'GRUCell';
  protected readonly gates = 3;

  constructor(options: GRUCellOptions, who?: string) {
    super(withDefaults(options, DEFAULTS), who);
  }

  get #resetAfter(): boolean {
    return this.options.resetAfter;
  }

  /** @internal */
  get isFused(): boolean {
    return this.isStandard && this.step === GRUCell.prototype.step;
  }

  protected override get biasShape(): number[] {
    const columns = this.gates * this.options.units;
    return this.#resetAfter ? [2, columns] : [columns];
  }

  protected override get inputBias(): Sym | Variable | undefined {
    return this.bias && this.#resetAfter ? this.#row(this.bias, 0) : this.bias;
  }

  /** @internal */
  fused({ projections, states = [], masks, attrs }: FusedCall): readonly Sym[] {
    const resetAfter = this.#resetAfter;
    const { bias } = this;
    const operands: (Sym | Variable | Tensor)[] = [projections, this.recurrentKernel];
    if (resetAfter)
      operands.push(bias ? this.#row(bias, 1) : ops.broadcastTo(0, [this.gates * this.options.units]));
    return recurrent<Sym>('gru', [...operands, ...states], masks, { ...attrs, resetAfter }, 1);
  }

  /** @internal */
  step(x: Sym, states: readonly Sym[], context: StepContext): readonly Sym[] {
    const h = firstOf(states);
    const { units } = this.options;
    const { recurrentKernel, bias } = this;
    // Without resetAfter the last third is not read.
    const product = this.product(h, context);
    const p = bias && this.#resetAfter ? ops.add(product, this.#row(bias, 1)) : product;
    const [z, r] = mapTuple([0, 1], (gate) =>
      this.gateActivation(ops.add(gateOf(x, gate, units), gateOf(p, gate, units))),
    );
    const inner = this.#resetAfter
      ? ops.multiply(r, gateOf(p, 2, units))
      : ops.matmul(ops.multiply(r, this.seen(h, 2, context)), gateOf(recurrentKernel, 2, units));
    const candidate = this.activation(ops.add(gateOf(x, 2, units), inner));
    return [ops.add(ops.multiply(z, h), ops.multiply(ops.subtract(1, z), candidate))];
  }

  #row(bias: Variable, row: number): Sym {
    return ops.reshape(ops.stridedSlice<Sym | Variable>(bias, row, row + 1), [
      this.gates * this.options.units,
    ]);
  }

  override getConfig() {
    return { ...super.getConfig(), resetAfter: this.#resetAfter };
  }
}

/**
 * A step of gated recurrent units, for `layers.rnn`: called with a list, float32 [n, features] and the state h [n, units], it gives the
 * output h and the state. In `layers.rnn` it is as fast as `layers.gru`. https://keras.io/api/layers/recurrent_layers/gru_cell/
 *
 * Weights: those of `layers.gru`.
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer, rates outside of [0, 1) and unknown names.
 * @example layers.rnn({ cell: layers.gruCell({ units: 8 }), returnSequences: true });
 */
export const gruCell = (options: GRUCellOptions) => new GRUCell(options);
