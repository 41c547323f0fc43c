import { type OptionNames, atLeastZero, knownOptionsOf, share } from '../base/checks.js';
import type { Variable } from '../core/variable.js';
import { Optimizer } from './optimizer.js';
import type { EpsilonOptions } from './optimizerOptions.js';

/** What the optimizers take that keep running means of gradients and of the sizes of gradients. */
export interface MomentOptions extends EpsilonOptions {
  /** The share of the mean gradient that each step keeps, from 0 up to, not including, 1. Default 0.9. */
  beta1?: number;
  /** The share of the mean square (of `adamax`: of the largest size) that each step keeps, from 0 up to, not including, 1. Default 0.999. */
  beta2?: number;
}

/** The base of the optimizers of Adam's family. */
export abstract class MomentOptimizer extends Optimizer implements MomentOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    beta1: 'optional',
    beta2: 'optional',
    epsilon: 'optional',
  } satisfies OptionNames<MomentOptions>;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  constructor(options: MomentOptions, defaultRate?: number) {
    const who = knownOptionsOf(new.target, options);
    super(options, defaultRate);
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
    this.beta1 = share(who, 'beta1', beta1);
    this.beta2 = share(who, 'beta2', beta2);
    this.epsilon = atLeastZero(who, 'epsilon', epsilon);
  }

  /** @internal */
  protected override savedSlots(_weight: Variable): readonly (readonly (string | null)[])[] {
    return [['m', 'v']];
  }

  override getConfig() {
    const { beta1, beta2, epsilon } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon };
  }
}
