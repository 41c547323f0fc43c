import { type OptionNames, atLeastZero, knownOptionsOf, positive } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import { runningMean, seenOf } from './averages.js';
import { MomentOptimizer, type MomentOptions } from './momentOptimizer.js';
import type { UpdateContext } from './update.js';

/** What {@link scheduleFreeAdamW} takes. `beta1` has to be above 0. */
export interface ScheduleFreeAdamWOptions extends MomentOptions {
  /** Over how many steps the learning rate rises from 0, 0 or more. Default 0. */
  warmupSteps?: number;
  /** Added to the root of the mean square, 0 or more, so that nothing is divided by 0. Default 1e-8. */
  epsilon?: number;
}

const DEFAULTS = defaultsOf<ScheduleFreeAdamWOptions>()({ epsilon: 1e-8, warmupSteps: 0 });

/** The optimizer that {@link scheduleFreeAdamW} makes. */
export class ScheduleFreeAdamW extends MomentOptimizer implements ScheduleFreeAdamWOptions {
  static override readonly optionNames = {
    ...MomentOptimizer.optionNames,
    warmupSteps: 'optional',
  } satisfies OptionNames<ScheduleFreeAdamWOptions>;
  readonly className = 'ScheduleFreeAdamW';
  readonly warmupSteps: number;

  constructor(options: ScheduleFreeAdamWOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    const given = withDefaults(options, DEFAULTS);
    super(given, 0.0025);
    this.warmupSteps = atLeastZero(who, 'warmupSteps', given.warmupSteps);
    positive(who, 'beta1', this.beta1); // the averages are found from the weights by dividing by it
  }

  protected update({
    weight,
    variable,
    gradient,
    rate,
    step,
    slot,
    assign,
    assignWeight,
  }: UpdateContext): void {
    const { beta1, beta2, epsilon, warmupSteps } = this;
    const warm = warmupSteps === 0 ? rate : ops.multiply(rate, ops.minimum(ops.divide(step, warmupSteps), 1));
    const v = assign('v', runningMean(slot('v'), ops.square(gradient), beta2));
    const root = ops.sqrt(ops.divide(v, seenOf(beta2, step)));
    const change = ops.divide(ops.multiply(warm, gradient), ops.add(root, epsilon));
    // The weight is y, between z, which takes the steps, and x, the mean of all z.
    const before = slot('z', { initialValue: variable });
    const x = ops.divide(ops.subtract(weight, ops.multiply(before, 1 - beta1)), beta1);
    const z = assign('z', ops.subtract(before, change));
    const mean = ops.add(x, ops.divide(ops.subtract(z, x), step));
    assignWeight(runningMean(mean, z, beta1));
  }

  /** @internal */
  protected override savedSlots() {
    return [['z', 'v']];
  }

  override getConfig() {
    return { ...super.getConfig(), warmupSteps: this.warmupSteps };
  }
}

/**
 * AdamW without a schedule (Defazio et al., 2024): steps are taken by z, x is the mean of all z, and the weight is beta1 · x + (1 − beta1) · z,
 * which needs no falling learning rate. The default learning rate is 0.0025; weight decay is 0 unless it is given, as in Keras.
 * https://keras.io/api/optimizers/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.scheduleFreeAdamW({ warmupSteps: 100 }), loss: 'mse' });
 */
export const scheduleFreeAdamW = (options?: ScheduleFreeAdamWOptions) => new ScheduleFreeAdamW(options);
