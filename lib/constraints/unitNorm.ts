import { NormConstraint, type NormOptions } from './constraint.js';

/** Norms of 1: made by `constraints.unitNorm`, which says more. */
export class UnitNorm extends NormConstraint {
  readonly className = 'UnitNorm';

  constructor(options: NormOptions = {}) {
    super(options);
  }

  protected wanted(): number {
    return 1;
  }
}

/**
 * Scales to norm 1, after each update; zeros stay. https://keras.io/api/layers/constraints/#unitnorm-class
 *
 * @example layers.conv2d({ filters: 8, kernelSize: 3, kernelConstraint: constraints.unitNorm({ axis: [0, 1, 2] }) });
 */
export const unitNorm = (options?: NormOptions) => new UnitNorm(options);
