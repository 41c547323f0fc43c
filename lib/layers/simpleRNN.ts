import { activationOf } from '../activations.js';
import * as ops from '../ops/index.js';
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

  protected fused({ x, states, kernel, recurrentKernel, bias, options }: RNNCall): readonly Sym[] {
    return ops.simpleRnn(x, kernel, recurrentKernel, bias, { ...options, initialState: states?.[0] });
  }

  protected step(x: Sym, _states: readonly Sym[], h: Sym, { recurrentKernel }: RNNCall): readonly Sym[] {
    return [this.activation(ops.add(x, ops.matmul(h, recurrentKernel)))];
  }
}

/** See {@link SimpleRNN}. @example layers.simpleRNN({ units: 32 }) */
export const simpleRNN = (options: RNNOptions) => new SimpleRNN(options);
