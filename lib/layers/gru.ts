import { type OptionNames } from '../base/checks.js';
import type { BaseRNNOptions } from './baseRNN.js';
import { GRUCell, type GRUCellOptions } from './gruCell.js';
import type { LayerOptions } from './layer.js';
import { type CudnnOptions, UnitsRNN } from './unitsRNN.js';

/** What `layers.gru` takes. */
export interface GRUOptions extends BaseRNNOptions, Omit<GRUCellOptions, keyof LayerOptions>, CudnnOptions {}

/** Gated recurrent units: made by `layers.gru`, which says more. */
export class GRU extends UnitsRNN<GRUCell, GRUOptions> {
  static override readonly optionNames = {
    ...UnitsRNN.optionNames,
    ...GRUCell.optionNames,
    useCudnn: 'optional',
  } satisfies OptionNames<GRUOptions>;
  readonly className = 'GRU';

  constructor(options: GRUOptions) {
    super(options, GRUCell);
  }
}

/**
 * Gated recurrent units: float32 [n, steps, features] to [n, units], with a state h [n, units]. Applied to a list it takes the first
 * state after the input. Cho et al., 2014. https://keras.io/api/layers/recurrent_layers/gru/
 *
 * Weights, in order: kernel [features, 3 units], recurrent kernel [units, 3 units], and a bias, [2, 3 units] (the input's and the
 * recurrent one) or without `resetAfter` [3 units]; gates in the order update, reset, candidate.
 *
 * @throws EngineError `ARGUMENT` for units that are no positive integer, rates outside of [0, 1) and unknown names; `SHAPE`, when
 *   applied, for another rank.
 * @example layers.gru({ units: 128, returnSequences: true });
 */
export const gru = (options: GRUOptions) => new GRU(options);
