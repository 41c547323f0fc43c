import { NormConstraint, type NormOptions } from './constraint.js';

/** Norms of 1: made by `constraints.unitNorm`, which says more. */
export class UnitNorm extends NormConstraint {
  readonly className = 'unitNorm';

  constructor(options: NormOptions = {}) {
    super(options);
  }

  protected wanted(): number {
    return 1;
  }
}
