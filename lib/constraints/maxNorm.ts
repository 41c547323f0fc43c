import { type OptionNames, atLeastZero, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { NormConstraint, type NormOptions, normNames } from './constraint.js';

/** What `constraints.maxNorm` takes. */
export interface MaxNormOptions extends NormOptions {
  /** The largest norm, 0 or more. Default 2. */
  maxValue?: number;
}

/** An upper bound of norms: made by `constraints.maxNorm`, which says more. */
export class MaxNorm extends NormConstraint {
  static override readonly optionNames: object = {
    maxValue: 'optional',
    ...normNames,
  } satisfies OptionNames<MaxNormOptions>;
  readonly className = 'MaxNorm';
  /** The largest norm. */
  readonly maxValue: number;

  constructor(options: MaxNormOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    this.maxValue = atLeastZero(who, 'maxValue', options.maxValue ?? 2);
  }

  protected wanted(norms: Sym): Sym {
    return ops.minimum(norms, this.maxValue);
  }

  override getConfig() {
    return { ...super.getConfig(), maxValue: this.maxValue };
  }
}

/**
 * Scales down what has a norm above `maxValue`, after each update. Srivastava et al., 2014.
 * https://keras.io/api/layers/constraints/#maxnorm-class
 *
 * @throws EngineError `ARGUMENT` for a `maxValue` below 0.
 * @example layers.dense({ units: 10, kernelConstraint: constraints.maxNorm({ maxValue: 3 }) });
 */
export const maxNorm = (options?: MaxNormOptions) => new MaxNorm(options);
