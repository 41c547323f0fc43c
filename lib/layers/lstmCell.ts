import type { OptionNames } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { atLeast, mapTuple } from '../base/list.js';
import type { InitializerLike } from '../initializers/registry.js';
import * as ops from '../ops/index.js';
import { recurrent } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import { ForgetBias } from './forgetBias.js';
import { GatedCell, type GatedCellOptions } from './gatedCell.js';
import { type FusedCall, type StepContext, gateOf } from './rnnCell.js';

/** What `layers.lstmCell` takes. */
export interface LSTMCellOptions extends GatedCellOptions {
  /** Whether to start with 1 as bias of the forget gate (Jozefowicz et al., 2015). Default true. */
  unitForgetBias?: boolean;
}

const DEFAULTS = defaultsOf<LSTMCellOptions>()({ unitForgetBias: true });

/** A step of long short-term memory: made by `layers.lstmCell`, which says more. */
export class LSTMCell extends GatedCell<LSTMCellOptions & typeof DEFAULTS> {
  static override readonly optionNames = {
    ...GatedCell.optionNames,
    unitForgetBias: 'boolean',
  } satisfies OptionNames<LSTMCellOptions>;
  readonly className = 'LSTMCell';
  protected readonly gates = 4;

  constructor(options: LSTMCellOptions, who?: string) {
    super(withDefaults(options, DEFAULTS), who);
  }

  override get stateSize(): readonly [h: number, c: number] {
    const { units } = this.options;
    return [units, units];
  }

  /** @internal */
  get isFused(): boolean {
    return this.isStandard && this.step === LSTMCell.prototype.step;
  }

  protected override get biasInitializer(): InitializerLike {
    const { units, unitForgetBias } = this.options;
    return unitForgetBias ? new ForgetBias(super.biasInitializer, units) : super.biasInitializer;
  }

  /** @internal */
  fused({ projections, states = [], masks, attrs }: FusedCall): readonly Sym[] {
    return recurrent<Sym>('lstm', [projections, this.recurrentKernel, ...states], masks, attrs, 2);
  }

  /** @internal */
  step(x: Sym, states: readonly Sym[], context: StepContext): readonly Sym[] {
    const [h, c] = atLeast(states, 2);
    const { units } = this.options;
    const z = ops.add(x, this.product(h, context));
    const [i, f, o] = mapTuple([0, 1, 3], (gate) => this.gateActivation(gateOf(z, gate, units)));
    const next = ops.add(ops.multiply(f, c), ops.multiply(i, this.activation(gateOf(z, 2, units))));
    return [ops.multiply(o, this.activation(next)), next];
  }

  override getConfig() {
    return { ...super.getConfig(), unitForgetBias: this.options.unitForgetBias };
  }
}

/**
 * A step of long short-term memory, for `layers.rnn`: called with a list, float32 [n, features] and the states h and c [n, units], it gives
 * the output h and the states. In `layers.rnn` it is as fast as `layers.lstm`. https://keras.io/api/layers/recurrent_layers/lstm_cell/
 *
 * Weights: those of `layers.lstm`.
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer, rates outside of [0, 1) and unknown names.
 * @example layers.rnn({ cell: layers.lstmCell({ units: 8 }), returnSequences: true });
 */
export const lstmCell = (options: LSTMCellOptions) => new LSTMCell(options);
