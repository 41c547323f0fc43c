import { type OptionNames, atLeastZero, knownOptionsOf, share } from '../base/checks.js';
import { type EpsilonOptions, Optimizer, type UpdateContext } from './optimizer.js';

/** What {@link adam} and {@link adamW} take. */
export interface AdamOptions extends EpsilonOptions {
  /** The share of the mean gradient that each step keeps, from 0 up to, not including, 1. Default 0.9. */
  beta1?: number;
  /** The share of the mean square that each step keeps, from 0 up to, not including, 1. Default 0.999. */
  beta2?: number;
  /** Whether to divide by the largest mean square so far (AMSGrad: Reddi, Kale and Kumar, 2018). Default false. */
  amsgrad?: boolean;
}

/** The optimizer that {@link adam} makes. */
export class Adam extends Optimizer implements AdamOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    beta1: 'optional',
    beta2: 'optional',
    epsilon: 'optional',
    amsgrad: 'boolean',
  } satisfies OptionNames<AdamOptions>;
  readonly className: string = 'adam';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;

  constructor(options: AdamOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 0.001);
    this.beta1 = share(who, 'beta1', options.beta1 ?? 0.9);
    this.beta2 = share(who, 'beta2', options.beta2 ?? 0.999);
    this.epsilon = atLeastZero(who, 'epsilon', options.epsilon ?? 1e-7);
    this.amsgrad = options.amsgrad ?? false;
  }

  protected update({ fused, step }: UpdateContext): void {
    const { beta1, beta2, epsilon } = this;
    if (this.amsgrad) fused('adamAmsgradUpdate', ['m', 'v', 'vhat'], [step], { beta1, beta2, epsilon });
    else fused('adamUpdate', ['m', 'v'], [step], { beta1, beta2, epsilon });
  }

  override getConfig() {
    const { beta1, beta2, epsilon, amsgrad } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon, amsgrad };
  }
}
