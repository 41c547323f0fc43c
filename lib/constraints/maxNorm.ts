import { type OptionNames } from '../checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { NormConstraint, type NormOptions, checkNorm, normNames } from './constraint.js';

export interface MaxNormOptions extends NormOptions {
  /** Default 2. */
  maxValue?: number;
}

/** Scales down what has a larger norm. Srivastava et al., 2014. https://keras.io/api/layers/constraints/#maxnorm-class */
export class MaxNorm extends NormConstraint {
  static override readonly optionNames: object = {
    maxValue: 'optional',
    ...normNames,
  } satisfies OptionNames<MaxNormOptions>;
  readonly className = 'maxNorm';
  readonly maxValue: number;

  constructor(options: MaxNormOptions = {}) {
    super(options);
    this.maxValue = checkNorm('maxNorm', 'maxValue', options.maxValue ?? 2);
  }

  protected wanted(norms: Sym): Sym {
    return ops.minimum(norms, this.maxValue);
  }

  override getConfig() {
    return { ...super.getConfig(), maxValue: this.maxValue };
  }
}
