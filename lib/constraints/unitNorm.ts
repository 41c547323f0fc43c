import { NormConstraint, type NormOptions } from './constraint.js';

/** Scales to norm 1. https://keras.io/api/layers/constraints/#unitnorm-class */
export class UnitNorm extends NormConstraint {
  readonly className = 'unitNorm';

  constructor(options: NormOptions = {}) {
    super(options);
  }

  protected wanted(): number {
    return 1;
  }
}
