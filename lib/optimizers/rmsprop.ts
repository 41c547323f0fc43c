import { type OptionNames, atLeastZero, fraction, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { runningMean } from './averages.js';
import { Optimizer } from './optimizer.js';
import type { EpsilonOptions } from './optimizerOptions.js';
import type { FusedUpdate, UpdateContext } from './update.js';

/** What {@link rmsprop} takes. */
export interface RMSpropOptions extends EpsilonOptions {
  /** The share of the mean square that each step keeps, from 0 to 1. Default 0.9. */
  rho?: number;
  /** The share of the last step that is added to the next, from 0 to 1. Default 0. */
  momentum?: number;
  /** Whether to divide by the estimated variance instead of the mean square. Default false. */
  centered?: boolean;
}

/** The optimizer that {@link rmsprop} makes. */
export class RMSprop extends Optimizer implements RMSpropOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    rho: 'optional',
    momentum: 'optional',
    epsilon: 'optional',
    centered: 'boolean',
  } satisfies OptionNames<RMSpropOptions>;
  readonly className = 'RMSprop';
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;

  constructor(options: RMSpropOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 0.001);
    this.rho = fraction(who, 'rho', options.rho ?? 0.9);
    this.momentum = fraction(who, 'momentum', options.momentum ?? 0);
    this.epsilon = atLeastZero(who, 'epsilon', options.epsilon ?? 1e-7);
    this.centered = options.centered ?? false;
  }

  protected update({ weight, gradient, rate, slot, assign, assignWeight }: UpdateContext): void {
    const { rho, momentum, epsilon, centered } = this;
    const square = assign('meanSquare', runningMean(slot('meanSquare'), ops.square(gradient), rho));
    let variance = square;
    if (centered) {
      const mean = assign('meanGradient', runningMean(slot('meanGradient'), gradient, rho));
      variance = ops.subtract(square, ops.square(mean));
    }
    const scaled = ops.divide(ops.multiply(rate, gradient), ops.sqrt(ops.add(variance, epsilon)));
    const change = assign('momentum', ops.add(ops.multiply(momentum, slot('momentum')), scaled));
    assignWeight(ops.subtract(weight, change));
  }

  protected override fused(): FusedUpdate {
    const { rho, momentum, epsilon, centered } = this;
    return {
      op: centered ? 'rmspropCenteredUpdate' : 'rmspropUpdate',
      slots: centered ? ['meanSquare', 'meanGradient', 'momentum'] : ['meanSquare', 'momentum'],
      attrs: { rho, momentum, epsilon },
    };
  }

  /** @internal */
  protected override savedSlots() {
    return [
      ['meanSquare'],
      ...(this.momentum > 0 ? [['momentum']] : []),
      ...(this.centered ? [['meanGradient']] : []),
    ];
  }

  override getConfig() {
    const { rho, momentum, epsilon, centered } = this;
    return { ...super.getConfig(), rho, momentum, epsilon, centered };
  }
}

/**
 * Divides gradients by the root of a running mean v of their squares (Hinton, 2012): v ← rho · v + (1 − rho) · g² and
 * w ← w − learningRate · g / √(v + epsilon). The default learning rate is 0.001. https://keras.io/api/optimizers/rmsprop/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.rmsprop({ learningRate: 0.01, centered: true }), loss: 'mse' });
 */
export const rmsprop = (options?: RMSpropOptions) => new RMSprop(options);
