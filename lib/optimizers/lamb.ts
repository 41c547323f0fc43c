import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { runningMean, seenOf } from './averages.js';
import { MomentOptimizer, type MomentOptions } from './momentOptimizer.js';
import type { UpdateContext } from './update.js';

/** The optimizer that {@link lamb} makes. */
export class Lamb extends MomentOptimizer {
  readonly className = 'Lamb';

  constructor(options: MomentOptions = {}) {
    super(options);
  }

  protected update({ weight, gradient, rate, step, slot, assign, assignWeight }: UpdateContext): void {
    const { beta1, beta2, epsilon } = this;
    const m = assign('m', runningMean(slot('m'), gradient, beta1));
    const v = assign('v', runningMean(slot('v'), ops.square(gradient), beta2));
    const root = ops.sqrt(ops.divide(v, seenOf(beta2, step)));
    const change = ops.divide(ops.divide(m, seenOf(beta1, step)), ops.add(root, epsilon));
    const [length, changeLength] = [norm(weight), norm(change)];
    const trusted = ops.greater(ops.minimum(length, changeLength), 0);
    const ratio = ops.where(trusted, ops.divide(length, changeLength), 1);
    assignWeight(ops.subtract(weight, ops.multiply(ops.multiply(ratio, rate), change)));
  }
}

const norm = (x: Sym): Sym => ops.sqrt(ops.sum(ops.square(x)));

/**
 * Adam with steps in proportion to the length of each weight (You et al., 2020), for large batches: Adam's step, scaled to the norm of the
 * weight. The default learning rate is 0.001. https://keras.io/api/optimizers/lamb/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.lamb({ learningRate: 0.01, weightDecay: 0.01 }), loss: 'mse' });
 */
export const lamb = (options?: MomentOptions) => new Lamb(options);
