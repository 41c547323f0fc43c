import { firstOf } from '../base/list.js';
import { activationOf } from '../activations/registry.js';
import * as ops from '../ops/index.js';
import { recurrent } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import { BaseRNNCell, type FusedCall, type RNNCellOptions, type StepContext } from './rnnCell.js';

/** A step without gates: made by `layers.simpleRNNCell`, which says more. */
export class SimpleRNNCell extends BaseRNNCell {
  readonly className = 'SimpleRNNCell';
  protected readonly gates = 1;

  /** @internal */
  get isFused(): boolean {
    return this.activation === activationOf('tanh') && this.step === SimpleRNNCell.prototype.step;
  }

  /** @internal */
  fused({ projections, states = [], masks, attrs }: FusedCall): readonly Sym[] {
    return recurrent<Sym>('simpleRnn', [projections, this.recurrentKernel, ...states], masks, attrs, 1);
  }

  /** @internal */
  step(x: Sym, states: readonly Sym[], context: StepContext): readonly Sym[] {
    return [this.activation(ops.add(x, this.product(firstOf(states), context)))];
  }
}

/**
 * h' = activation(x · kernel + h · recurrentKernel + bias), for `layers.rnn`: called with a list, float32 [n, features] and the state h
 * [n, units], it gives the output h' and the state. In `layers.rnn` it is as fast as `layers.simpleRNN`.
 * https://keras.io/api/layers/recurrent_layers/simple_rnn_cell/
 *
 * Weights: those of `layers.simpleRNN`.
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer, rates outside of [0, 1) and unknown names.
 * @example layers.rnn({ cell: layers.simpleRNNCell({ units: 8 }) });
 */
export const simpleRNNCell = (options: RNNCellOptions) => new SimpleRNNCell(options);
