import { type OptionNames } from '../base/checks.js';
import type { BaseRNNOptions } from './baseRNN.js';
import type { LayerOptions } from './layer.js';
import type { RNNCellOptions } from './rnnCell.js';
import { SimpleRNNCell } from './simpleRNNCell.js';
import { UnitsRNN } from './unitsRNN.js';

/** What `layers.simpleRNN` takes. */
export interface SimpleRNNOptions extends BaseRNNOptions, Omit<RNNCellOptions, keyof LayerOptions> {}

/** A recurrent layer without gates: made by `layers.simpleRNN`, which says more. */
export class SimpleRNN extends UnitsRNN<SimpleRNNCell, SimpleRNNOptions> {
  static override readonly optionNames = {
    ...UnitsRNN.optionNames,
    ...SimpleRNNCell.optionNames,
  } satisfies OptionNames<SimpleRNNOptions>;
  readonly className = 'SimpleRNN';

  constructor(options: SimpleRNNOptions) {
    super(options, SimpleRNNCell);
  }
}

/**
 * h' = activation(x · kernel + h · recurrentKernel + bias), step by step: float32 [n, steps, features] to [n, units], with a state h
 * [n, units]. Applied to a list it takes the first state after the input. Elman, 1990.
 * https://keras.io/api/layers/recurrent_layers/simple_rnn/
 *
 * Weights, in order: kernel [features, units], recurrent kernel [units, units], bias [units].
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer, rates outside of [0, 1) and unknown names; `SHAPE`, when
 *   applied, for another rank.
 * @example layers.simpleRNN({ units: 32 });
 */
export const simpleRNN = (options: SimpleRNNOptions) => new SimpleRNN(options);
