import { type NoOptions, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Constraint } from './constraint.js';

/** No negative numbers: made by `constraints.nonNeg`, which says more. */
export class NonNeg extends Constraint {
  static override readonly optionNames: object = {};
  readonly className = 'nonNeg';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  call(weight: Sym): Sym {
    return ops.relu(weight);
  }
}
