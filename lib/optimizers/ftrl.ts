import { type OptionNames, atLeastZero, finite, knownOptionsOf } from '../base/checks.js';
import { expected } from '../base/checks.js';
import * as ops from '../ops/index.js';
import { Optimizer } from './optimizer.js';
import type { OptimizerOptions } from './optimizerOptions.js';
import type { UpdateContext } from './update.js';

/** What {@link ftrl} takes. */
export interface FtrlOptions extends OptimizerOptions {
  /** The power of the sum of squares that the learning rate falls with, 0 or less. Default -0.5. */
  learningRatePower?: number;
  /** With what the sums of squares begin, 0 or more. Default 0.1. */
  initialAccumulatorValue?: number;
  /** The strength of the penalty on |w|, which makes weights 0; 0 or more. Default 0. */
  l1RegularizationStrength?: number;
  /** The strength of the penalty on w², 0 or more. Default 0. */
  l2RegularizationStrength?: number;
  /** The strength of the penalty on w² that counts as part of the gradient, 0 or more. Default 0. */
  l2ShrinkageRegularizationStrength?: number;
  /** The paper's β, which makes the first steps smaller, 0 or more. Default 0. */
  beta?: number;
}

/** The optimizer that {@link ftrl} makes. */
export class Ftrl extends Optimizer implements FtrlOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    learningRatePower: 'optional',
    initialAccumulatorValue: 'optional',
    l1RegularizationStrength: 'optional',
    l2RegularizationStrength: 'optional',
    l2ShrinkageRegularizationStrength: 'optional',
    beta: 'optional',
  } satisfies OptionNames<FtrlOptions>;
  readonly className = 'Ftrl';
  readonly learningRatePower: number;
  readonly initialAccumulatorValue: number;
  readonly l1RegularizationStrength: number;
  readonly l2RegularizationStrength: number;
  readonly l2ShrinkageRegularizationStrength: number;
  readonly beta: number;

  constructor(options: FtrlOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    const { learningRatePower = -0.5, initialAccumulatorValue = 0.1 } = options;
    if (finite(who, 'learningRatePower', learningRatePower) > 0)
      throw expected(who, 'learningRatePower of 0 or less', learningRatePower);
    this.learningRatePower = learningRatePower;
    this.initialAccumulatorValue = atLeastZero(who, 'initialAccumulatorValue', initialAccumulatorValue);
    const strength = (
      name:
        | 'l1RegularizationStrength'
        | 'l2RegularizationStrength'
        | 'l2ShrinkageRegularizationStrength'
        | 'beta',
    ) => atLeastZero(who, name, options[name] ?? 0);
    this.l1RegularizationStrength = strength('l1RegularizationStrength');
    this.l2RegularizationStrength = strength('l2RegularizationStrength');
    this.l2ShrinkageRegularizationStrength = strength('l2ShrinkageRegularizationStrength');
    this.beta = strength('beta');
  }

  protected update({ weight, gradient, rate, slot, assign, assignWeight }: UpdateContext): void {
    const { l1RegularizationStrength: l1, learningRatePower } = this;
    const l2 = ops.add(this.l2RegularizationStrength, ops.divide(this.beta / 2, rate));
    const shrinking = ops.multiply(2 * this.l2ShrinkageRegularizationStrength, weight);
    const before = slot('accumulator', { initialValue: this.initialAccumulatorValue });
    const sum = ops.add(before, ops.square(gradient));
    const inverseRate = ops.divide(ops.power(sum, -learningRatePower), rate);
    const sigma = ops.subtract(inverseRate, ops.divide(ops.power(before, -learningRatePower), rate));
    const change = ops.subtract(ops.add(gradient, shrinking), ops.multiply(sigma, weight));
    const linear = assign('linear', ops.add(slot('linear'), change));
    assign('accumulator', sum);
    const kept = ops.subtract(ops.minimum(ops.maximum(linear, -l1), l1), linear);
    assignWeight(ops.divide(kept, ops.add(inverseRate, ops.multiply(2, l2))));
  }

  /** @internal */
  protected override savedSlots() {
    return [['accumulator', 'linear']];
  }

  override getConfig() {
    const { learningRatePower, initialAccumulatorValue, l1RegularizationStrength } = this;
    const { l2RegularizationStrength, l2ShrinkageRegularizationStrength, beta } = this;
    return {
      ...super.getConfig(),
      learningRatePower,
      initialAccumulatorValue,
      l1RegularizationStrength,
      l2RegularizationStrength,
      l2ShrinkageRegularizationStrength,
      beta,
    };
  }
}

/**
 * Follow the regularized leader (McMahan et al., 2013), for wide sparse models: with a penalty on |w| many weights become exactly 0. The
 * default learning rate is 0.001, which has to be above 0. https://keras.io/api/optimizers/ftrl/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.ftrl({ learningRate: 0.1, l1RegularizationStrength: 0.01 }), loss: 'mse' });
 */
export const ftrl = (options?: FtrlOptions) => new Ftrl(options);
