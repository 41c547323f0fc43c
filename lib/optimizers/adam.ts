import { type OptionNames, atLeastZero, knownOptionsOf, share } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { runningMean, seenOf } from './averages.js';
import { type EpsilonOptions, type FusedUpdate, Optimizer, type UpdateContext } from './optimizer.js';

/** What {@link adam} and `adamW` take. */
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
  readonly className: string = 'Adam';
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

  protected update({ weight, gradient, rate, step, slot, assign, assignWeight }: UpdateContext): void {
    const { beta1, beta2, epsilon } = this;
    const m = assign('m', runningMean(slot('m'), gradient, beta1));
    let v = assign('v', runningMean(slot('v'), ops.square(gradient), beta2));
    if (this.amsgrad) v = assign('vhat', ops.maximum(slot('vhat'), v));
    // The corrections of m and v for their start at 0, in the rate, as at the end of the paper's section 2.
    const corrected = ops.divide(ops.multiply(rate, ops.sqrt(seenOf(beta2, step))), seenOf(beta1, step));
    const change = ops.divide(ops.multiply(corrected, m), ops.add(ops.sqrt(v), epsilon));
    assignWeight(ops.subtract(weight, change));
  }

  protected override fused(): FusedUpdate {
    const { beta1, beta2, epsilon, amsgrad } = this;
    return {
      op: amsgrad ? 'adamAmsgradUpdate' : 'adamUpdate',
      slots: amsgrad ? ['m', 'v', 'vhat'] : ['m', 'v'],
      attrs: { beta1, beta2, epsilon },
      takesStep: true,
    };
  }

  override getConfig() {
    const { beta1, beta2, epsilon, amsgrad } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon, amsgrad };
  }
}

/**
 * Adaptive moments (Kingma and Ba, 2015): running means m of the gradients (beta1) and v of their squares (beta2), corrected for
 * their start at 0; w ← w − learningRate · m / (√v + epsilon). The default learning rate is 0.001.
 * https://keras.io/api/optimizers/adam/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss: 'mse' });
 */
export const adam = (options?: AdamOptions) => new Adam(options);
