import { type OptionNames, finite } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.elu` takes. */
export interface ELUOptions extends LayerOptions {
  /** What the output tends to far below 0, negated. Default 1. */
  alpha?: number;
}

const DEFAULTS = defaultsOf<ELUOptions>()({ alpha: 1 });

/** An exponential linear unit: made by `layers.elu`, which says more. */
export class ELU extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    alpha: 'optional',
  } satisfies OptionNames<ELUOptions>;
  readonly className = 'ELU';
  override readonly supportsMasking = true;
  /** What the output tends to far below 0, negated. */
  readonly alpha: number;

  constructor(given: ELUOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.alpha = finite('elu', 'alpha', options.alpha);
  }

  call(x: Sym): Sym {
    return ops.elu(x, { alpha: this.alpha });
  }

  override getConfig() {
    return { ...super.getConfig(), alpha: this.alpha };
  }
}

/**
 * x above 0, alpha · (eˣ − 1) below: float32 of any shape, to the same. It has no weights. Clevert et al., 2015,
 * https://arxiv.org/abs/1511.07289, https://keras.io/api/layers/activation_layers/elu/
 *
 * @throws EngineError `ARGUMENT` for an alpha that is no finite number.
 * @example layers.elu({ alpha: 0.5 });
 */
export const elu = (options?: ELUOptions) => new ELU(options);
