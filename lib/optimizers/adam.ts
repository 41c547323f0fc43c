import type { OptionNames } from '../checks.js';
import {
  Optimizer,
  type OptimizerOptions,
  type UpdateContext,
  checkAtLeastZero,
  checkShare,
} from './optimizer.js';

export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean gradient is kept at each step. Default 0.9. */
  beta1?: number;
  /** How much of the mean square is kept at each step. Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
  /** Divides by the largest mean square so far (Reddi et al., 2018). Default false. */
  amsgrad?: boolean;
}

/** Adaptive moments (Kingma and Ba, 2015). Learning rate 0.001. https://keras.io/api/optimizers/adam/ */
export class Adam extends Optimizer {
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
    super(options, 0.001);
    this.beta1 = checkShare('beta1', options.beta1 ?? 0.9);
    this.beta2 = checkShare('beta2', options.beta2 ?? 0.999);
    this.epsilon = checkAtLeastZero('epsilon', options.epsilon ?? 1e-7);
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
