import type { OptionNames } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations/registry.js';
import { BaseRNNCell, type RNNCellOptions } from './rnnCell.js';

/** The same as {@link RNNCellOptions} for cells with gates. */
export interface GatedCellOptions extends RNNCellOptions {
  /** The activation of the gates: a name or a function. Default `sigmoid`. */
  recurrentActivation?: ActivationLike;
}

const DEFAULTS = defaultsOf<GatedCellOptions>()({ recurrentActivation: 'sigmoid' });

/** What cells with gates share. */
export abstract class GatedCell<O extends GatedCellOptions = GatedCellOptions> extends BaseRNNCell<
  O & typeof DEFAULTS
> {
  static override readonly optionNames = {
    ...BaseRNNCell.optionNames,
    recurrentActivation: 'optional',
  } satisfies OptionNames<GatedCellOptions>;
  protected readonly gateActivation: ActivationFunction;

  constructor(options: O, who?: string) {
    super(withDefaults(options, DEFAULTS), who);
    this.gateActivation = activationOf(this.options.recurrentActivation);
  }

  /** Whether both activations are those of the fused op. */
  protected get isStandard(): boolean {
    return this.activation === activationOf('tanh') && this.gateActivation === activationOf('sigmoid');
  }

  override getConfig(): Record<string, unknown> {
    const recurrentActivation = activationConfig(this.options.recurrentActivation);
    return { ...super.getConfig(), recurrentActivation };
  }
}
