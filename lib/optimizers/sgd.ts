import { type OptionNames, knownOptionsOf, share } from '../base/checks.js';
import { Optimizer, type OptimizerOptions, type UpdateContext } from './optimizer.js';

/** What {@link sgd} takes. */
export interface SGDOptions extends OptimizerOptions {
  /** The share of the last step that is added to the next, from 0 up to, not including, 1. Default 0. */
  momentum?: number;
  /** Whether to take Nesterov's step, which looks ahead along the momentum. Default false. */
  nesterov?: boolean;
}

/** The optimizer that {@link sgd} makes. */
export class SGD extends Optimizer implements SGDOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    momentum: 'optional',
    nesterov: 'boolean',
  } satisfies OptionNames<SGDOptions>;
  readonly className = 'sgd';
  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(options: SGDOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 0.01);
    this.momentum = share(who, 'momentum', options.momentum ?? 0);
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
