import { activationOf } from '../activations/registry.js';
import * as ops from '../ops/index.js';
import { recurrent } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import { RNN, type RNNCall, type RNNOptions } from './rnn.js';

/** A recurrent layer without gates: made by `layers.simpleRNN`, which says more. */
export class SimpleRNN extends RNN {
  readonly className = 'SimpleRNN';
  protected readonly gates = 1;
  protected readonly stateCount = 1;

  protected get isFused(): boolean {
    return this.activation === activationOf('tanh');
  }

  protected fused({ projections, states = [], recurrentKernel, mask, attrs }: RNNCall): readonly Sym[] {
    return recurrent<Sym>('simpleRnn', [projections, recurrentKernel, ...states], mask, attrs, 1);
  }

  protected step(x: Sym, [h]: readonly Sym[], call: RNNCall): readonly Sym[] {
    return [this.activation(ops.add(x, this.product(h, call)))];
  }
}

/**
 * h' = activation(x · kernel + h · recurrentKernel + bias), step by step: float32 [n, steps, features] to [n, units], with a state h
 * [n, units]. Applied to a list it takes the first state behind the input. Elman, 1990.
 * https://keras.io/api/layers/recurrent_layers/simple_rnn/
 *
 * Weights, in order: kernel [features, units], recurrent kernel [units, units], bias [units].
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer, rates outside of [0, 1) and unknown names; `SHAPE`, when
 *   applied, for another rank.
 * @example layers.simpleRNN({ units: 32 });
 */
export const simpleRNN = (options: RNNOptions) => new SimpleRNN(options);
