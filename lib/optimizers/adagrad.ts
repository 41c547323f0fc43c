import { type OptionNames, atLeastZero, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { Optimizer } from './optimizer.js';
import type { EpsilonOptions } from './optimizerOptions.js';
import type { UpdateContext } from './update.js';

/** What {@link adagrad} takes. */
export interface AdagradOptions extends EpsilonOptions {
  /** With what the sums of squares begin, 0 or more. Default 0.1. */
  initialAccumulatorValue?: number;
}

/** The optimizer that {@link adagrad} makes. */
export class Adagrad extends Optimizer implements AdagradOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    initialAccumulatorValue: 'optional',
    epsilon: 'optional',
  } satisfies OptionNames<AdagradOptions>;
  readonly className = 'Adagrad';
  readonly initialAccumulatorValue: number;
  readonly epsilon: number;

  constructor(options: AdagradOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    const { initialAccumulatorValue = 0.1, epsilon = 1e-7 } = options;
    this.initialAccumulatorValue = atLeastZero(who, 'initialAccumulatorValue', initialAccumulatorValue);
    this.epsilon = atLeastZero(who, 'epsilon', epsilon);
  }

  protected update({ weight, gradient, rate, slot, assign, assignWeight }: UpdateContext): void {
    const before = slot('accumulator', { initialValue: this.initialAccumulatorValue });
    const sum = assign('accumulator', ops.add(before, ops.square(gradient)));
    const root = ops.sqrt(ops.add(sum, this.epsilon));
    assignWeight(ops.subtract(weight, ops.divide(ops.multiply(rate, gradient), root)));
  }

  /** @internal */
  protected override savedSlots() {
    return [['accumulator']];
  }

  override getConfig() {
    const { initialAccumulatorValue, epsilon } = this;
    return { ...super.getConfig(), initialAccumulatorValue, epsilon };
  }
}

/**
 * Divides gradients by the root of the sum s of all their squares (Duchi, Hazan and Singer, 2011): s ← s + g² and
 * w ← w − learningRate · g / √(s + epsilon). The default learning rate is 0.001. https://keras.io/api/optimizers/adagrad/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adagrad({ learningRate: 0.1 }), loss: 'mse' });
 */
export const adagrad = (options?: AdagradOptions) => new Adagrad(options);
