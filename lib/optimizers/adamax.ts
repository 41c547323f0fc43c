import * as ops from '../ops/index.js';
import { runningMean, seenOf } from './averages.js';
import { MomentOptimizer, type MomentOptions } from './momentOptimizer.js';
import type { UpdateContext } from './update.js';

/** The optimizer that {@link adamax} makes. */
export class Adamax extends MomentOptimizer {
  readonly className = 'Adamax';

  constructor(options: MomentOptions = {}) {
    super(options);
  }

  protected update({ weight, gradient, rate, step, slot, assign, assignWeight }: UpdateContext): void {
    const { beta1, beta2, epsilon } = this;
    const m = assign('m', runningMean(slot('m'), gradient, beta1));
    const u = assign('u', ops.maximum(ops.multiply(slot('u'), beta2), ops.abs(gradient)));
    const corrected = ops.divide(rate, seenOf(beta1, step));
    assignWeight(ops.subtract(weight, ops.divide(ops.multiply(corrected, m), ops.add(u, epsilon))));
  }

  /** @internal */
  protected override savedSlots() {
    return [['m', 'u']];
  }
}

/**
 * Adam by the largest gradient (Kingma and Ba, 2015, section 7.1): in the place of the mean square there is u ← max(beta2 · u, |g|).
 * The default learning rate is 0.001. https://keras.io/api/optimizers/adamax/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adamax({ learningRate: 0.002 }), loss: 'mse' });
 */
export const adamax = (options?: MomentOptions) => new Adamax(options);
