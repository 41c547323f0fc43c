import { type OptionNames, fraction, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerOptions } from './optimizerOptions.js';
import type { FusedUpdate, UpdateContext } from './update.js';

/** What {@link sgd} takes. */
export interface SGDOptions extends OptimizerOptions {
  /** The share of the last step that is added to the next, from 0 to 1. Default 0. */
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
  readonly className = 'SGD';
  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(options: SGDOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 0.01);
    this.momentum = fraction(who, 'momentum', options.momentum ?? 0);
    this.nesterov = options.nesterov ?? false;
  }

  protected update({ weight, gradient, rate, slot, assign, assignWeight }: UpdateContext): void {
    const { momentum, nesterov } = this;
    const descent = ops.multiply(rate, gradient);
    if (momentum === 0) {
      assignWeight(ops.subtract(weight, descent));
      return;
    }
    const velocity = assign('momentum', ops.subtract(ops.multiply(momentum, slot('momentum')), descent));
    const change = nesterov ? ops.subtract(ops.multiply(momentum, velocity), descent) : velocity;
    assignWeight(ops.add(weight, change));
  }

  protected override fused(): FusedUpdate {
    const { momentum, nesterov } = this;
    if (momentum === 0) return { op: 'sgdUpdate', slots: [], attrs: {} };
    return { op: 'momentumUpdate', slots: ['momentum'], attrs: { momentum, nesterov } };
  }

  /** @internal */
  protected override savedSlots() {
    return this.momentum === 0 ? [] : [['momentum']];
  }

  override getConfig() {
    return { ...super.getConfig(), momentum: this.momentum, nesterov: this.nesterov };
  }
}

/**
 * Gradient descent, with momentum where it is given (Sutskever et al., 2013): w ← w − learningRate · g, or with momentum m
 * v ← m · v − learningRate · g and w ← w + v. The default learning rate is 0.01. https://keras.io/api/optimizers/sgd/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }), loss: 'mse' });
 */
export const sgd = (options?: SGDOptions) => new SGD(options);
