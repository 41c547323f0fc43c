import type { OptionNames } from '../base/checks.js';
import type { ObjectConfig } from '../base/registry.js';
import { BaseRNN, type BaseRNNOptions } from './baseRNN.js';
import { layerRegistry } from './layerRegistry.js';
import type { RNNCell } from './rnnCell.js';
import { cellFrom } from './stackedRNNCells.js';

/** What `layers.rnn` takes. */
export interface RNNOptions extends BaseRNNOptions {
  /** What it does at each step: a cell of the library, an own one, or the configuration of one. */
  cell: RNNCell | ObjectConfig;
}

/** Goes through sequences with a cell: made by `layers.rnn`, which says more. */
export class RNN extends BaseRNN<RNNCell, RNNOptions> {
  static override readonly optionNames = {
    ...BaseRNN.optionNames,
    cell: 'required',
  } satisfies OptionNames<RNNOptions>;
  readonly className = 'RNN';

  constructor(options: RNNOptions) {
    super(options, (who) => cellFrom(who, options.cell));
  }

  protected cellConfig() {
    return { cell: layerRegistry.config(this.cell) };
  }
}

/**
 * Goes through a sequence [n, steps, …] with a cell: a layer that is called with a list, the step [n, …] and the states before it, and gives
 * a list, the output and the states after it. Its `stateSize` is the length of the state, or a list for several; `outputSize` that of the
 * output, if it is not as long as the first state; `getInitialState(x)` gives the first states, if they are not zeros. The step of an own
 * cell is traced once and runs as a compiled loop, gradients included. Called with a list the layer takes the first states after the input.
 * https://keras.io/api/layers/recurrent_layers/rnn/
 *
 * Weights: those of the cell.
 *
 * @throws EngineError `ARGUMENT` for what is no cell; when applied, `SHAPE` for an input of lower rank, `STATE` for a cell that changes
 *   variables or adds losses in a loop that is not unrolled.
 * @example
 *     class Average extends layers.Layer {
 *       readonly className = 'Average';
 *       readonly stateSize = 3;
 *       call([x, mean]: readonly Sym[]) {
 *         const next = ops.add(ops.multiply(mean, 0.9), ops.multiply(x, 0.1));
 *         return [next, next];
 *       }
 *     }
 *     layers.rnn({ cell: new Average() }).apply(layers.input({ shape: [10, 3] })); // [n, 3]
 */
export const rnn = (options: RNNOptions) => new RNN(options);
