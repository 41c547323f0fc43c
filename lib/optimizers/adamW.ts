import { knownOptionsOf } from '../checks.js';
import { Adam, type AdamOptions } from './adam.js';

/** Adam with a decoupled weight decay of 0.004 unless told otherwise (Loshchilov and Hutter, 2019). https://keras.io/api/optimizers/adamw/ */
export class AdamW extends Adam {
  override readonly className = 'adamW';

  constructor(options: AdamOptions = {}) {
    knownOptionsOf(new.target, options);
    super({ weightDecay: 0.004, ...options });
  }
}
