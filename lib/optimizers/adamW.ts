import { knownOptionsOf } from '../base/checks.js';
import { Adam, type AdamOptions } from './adam.js';

/** The optimizer that {@link adamW} makes. */
export class AdamW extends Adam {
  override readonly className = 'adamW';

  constructor(options: AdamOptions = {}) {
    knownOptionsOf(new.target, options);
    super({ weightDecay: 0.004, ...options });
  }
}
