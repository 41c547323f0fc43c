import { knownOptionsOf } from '../base/checks.js';
import { withDefaults } from '../base/defaults.js';
import { Adam, type AdamOptions } from './adam.js';

/** The optimizer that {@link adamW} makes. */
export class AdamW extends Adam {
  override readonly className = 'AdamW';

  constructor(options: AdamOptions = {}) {
    knownOptionsOf(new.target, options);
    super(withDefaults(options, { weightDecay: 0.004 }));
  }
}

/**
 * `adam` with decoupled weight decay, 0.004 by default (Loshchilov and Hutter, 2019). The default learning rate is 0.001.
 * https://keras.io/api/optimizers/adamw/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adamW({ weightDecay: 0.01 }), loss: 'mse' });
 */
export const adamW = (options?: AdamOptions) => new AdamW(options);
