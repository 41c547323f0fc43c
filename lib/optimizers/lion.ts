import { type OptionNames, fraction, knownOptionsOf } from '../base/checks.js';
import { expected } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { runningMean } from './averages.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerOptions } from './optimizerOptions.js';
import type { UpdateContext } from './update.js';

/** What {@link lion} takes. */
export interface LionOptions extends OptimizerOptions {
  /** The share of the mean gradient in the direction of a step, above 0 and up to 1. Default 0.9. */
  beta1?: number;
  /** The share of the mean gradient that each step keeps, from 0 to 1. Default 0.99. */
  beta2?: number;
}

/** The optimizer that {@link lion} makes. */
export class Lion extends Optimizer implements LionOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    beta1: 'optional',
    beta2: 'optional',
  } satisfies OptionNames<LionOptions>;
  readonly className = 'Lion';
  readonly beta1: number;
  readonly beta2: number;

  constructor(options: LionOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    const { beta1 = 0.9, beta2 = 0.99 } = options;
    if (!(typeof beta1 === 'number' && beta1 > 0 && beta1 <= 1))
      throw expected(who, 'beta1 above 0 and up to 1', beta1);
    this.beta1 = beta1;
    this.beta2 = fraction(who, 'beta2', beta2);
  }

  protected update({ weight, gradient, rate, slot, assign, assignWeight }: UpdateContext): void {
    const direction = ops.sign(runningMean(slot('m'), gradient, this.beta1));
    assign('m', runningMean(slot('m'), gradient, this.beta2));
    assignWeight(ops.subtract(weight, ops.multiply(rate, direction)));
  }

  /** @internal */
  protected override savedSlots() {
    return [['m']];
  }

  override getConfig() {
    return { ...super.getConfig(), beta1: this.beta1, beta2: this.beta2 };
  }
}

/**
 * Steps of one length along the sign of a running mean m of the gradients (Chen et al., 2023):
 * w ← w − learningRate · sign(beta1 · m + (1 − beta1) · g), then m ← beta2 · m + (1 − beta2) · g. The default learning rate is 0.001; a
 * third to a tenth of Adam's suits it. https://keras.io/api/optimizers/lion/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.lion({ learningRate: 1e-4, weightDecay: 0.1 }), loss: 'mse' });
 */
export const lion = (options?: LionOptions) => new Lion(options);
