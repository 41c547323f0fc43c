import { type NoOptions, knownOptionsOf } from '../checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Constraint } from './constraint.js';

/** Negative numbers become 0. https://keras.io/api/layers/constraints/#nonneg-class */
export class NonNeg extends Constraint {
  static readonly optionNames: object = {};
  readonly className = 'nonNeg';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  call(weight: Sym): Sym {
    return ops.relu(weight);
  }
}
