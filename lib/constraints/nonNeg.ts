import { type NoOptions, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Constraint } from './constraint.js';

/** No negative numbers: made by `constraints.nonNeg`, which says more. */
export class NonNeg extends Constraint {
  static override readonly optionNames: object = {};
  readonly className = 'NonNeg';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  call(weight: Sym): Sym {
    return ops.relu(weight);
  }
}

/**
 * Makes negative numbers 0, after each update. https://keras.io/api/layers/constraints/#nonneg-class
 *
 * @example layers.dense({ units: 10, kernelConstraint: constraints.nonNeg() });
 */
export const nonNeg = (options?: NoOptions) => new NonNeg(options);
