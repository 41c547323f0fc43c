import { type OptionNames } from '../base/checks.js';
import type { LayerOptions } from './layer.js';
import { LSTMCell, type LSTMCellOptions } from './lstmCell.js';
import { type CudnnOptions, UnitsRNN } from './unitsRNN.js';
import type { BaseRNNOptions } from './baseRNN.js';

/** What `layers.lstm` takes. */
export interface LSTMOptions
  extends BaseRNNOptions, Omit<LSTMCellOptions, keyof LayerOptions>, CudnnOptions {}

/** Long short-term memory: made by `layers.lstm`, which says more. */
export class LSTM extends UnitsRNN<LSTMCell, LSTMOptions> {
  static override readonly optionNames = {
    ...UnitsRNN.optionNames,
    ...LSTMCell.optionNames,
    useCudnn: 'optional',
  } satisfies OptionNames<LSTMOptions>;
  readonly className = 'LSTM';

  constructor(options: LSTMOptions) {
    super(options, LSTMCell);
  }
}

/**
 * Long short-term memory: float32 [n, steps, features] to [n, units], with states h and c [n, units]. Applied to a list it takes the
 * first states after the input. Hochreiter and Schmidhuber, 1997. https://keras.io/api/layers/recurrent_layers/lstm/
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
