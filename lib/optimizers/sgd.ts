import type { OptionNames } from '../checks.js';
import { Optimizer, type OptimizerOptions, type UpdateContext, checkShare } from './optimizer.js';

export interface SGDOptions extends OptimizerOptions {
  /** How much of the last step goes on, from 0 up to, not including, 1. Default 0. */
  momentum?: number;
  /** Looks ahead along the momentum. Default false. */
  nesterov?: boolean;
}

/** Gradient descent, with momentum (Sutskever et al., 2013). Learning rate 0.01. https://keras.io/api/optimizers/sgd/ */
export class SGD extends Optimizer {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    momentum: 'optional',
    nesterov: 'boolean',
  } satisfies OptionNames<SGDOptions>;
  readonly className = 'sgd';
  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(options: SGDOptions = {}) {
    super(options, 0.01);
    this.momentum = checkShare('momentum', options.momentum ?? 0);
    this.nesterov = options.nesterov ?? false;
  }

  protected update({ fused }: UpdateContext): void {
    const { momentum, nesterov } = this;
    if (momentum === 0) fused('sgdUpdate', [], [], {});
    else fused('momentumUpdate', ['momentum'], [], { momentum, nesterov });
  }

  override getConfig() {
    return { ...super.getConfig(), momentum: this.momentum, nesterov: this.nesterov };
  }
}
