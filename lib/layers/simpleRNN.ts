import { activationOf } from '../activations.js';
import * as ops from '../ops/index.js';
import { recurrent } from '../ops/sequence.js';
import type { Sym } from '../sym.js';
import { RNN, type RNNCall, type RNNOptions } from './rnn.js';

/**
 * h' = activation(x · kernel + h · recurrentKernel + bias): [n, steps, features] to [n, units], with a state h [n, units]. Its weights
 * are a kernel [features, units], a recurrent kernel [units, units] and a bias [units]. Elman, 1990.
 * https://keras.io/api/layers/recurrent_layers/simple_rnn/
 */
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

/** See {@link SimpleRNN}. @example layers.simpleRNN({ units: 32 }) */
export const simpleRNN = (options: RNNOptions) => new SimpleRNN(options);
