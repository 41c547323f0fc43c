import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { runningMean, seenOf } from './averages.js';
import { MomentOptimizer, type MomentOptions } from './momentOptimizer.js';
import type { StepContext, UpdateContext } from './update.js';

/** The optimizer that {@link nadam} makes. */
export class Nadam extends MomentOptimizer {
  readonly className = 'Nadam';
  /** @internal */
  protected override readonly savedShared = ['momentumProduct'];

  constructor(options: MomentOptions = {}) {
    super(options);
  }

  protected override begin({ step, slot, assign }: StepContext): void {
    assign(
      'momentumProduct',
      ops.multiply(slot('momentumProduct', { initialValue: 1 }), this.#momentumAt(step)),
    );
  }

  protected update({
    weight,
    gradient,
    rate,
    step,
    slot,
    assign,
    shared,
    assignWeight,
  }: UpdateContext): void {
    const { beta1, beta2, epsilon } = this;
    const m = assign('m', runningMean(slot('m'), gradient, beta1));
    const v = assign('v', runningMean(slot('v'), ops.square(gradient), beta2));
    const product = shared('momentumProduct');
    const now = this.#momentumAt(step);
    const next = this.#momentumAt(ops.add(step, 1));
    const ofMean = ops.divide(next, ops.subtract(1, ops.multiply(product, next)));
    const ofGradient = ops.divide(ops.subtract(1, now), ops.subtract(1, product));
    const direction = ops.add(ops.multiply(ofMean, m), ops.multiply(ofGradient, gradient));
    const root = ops.sqrt(ops.divide(v, seenOf(beta2, step)));
    assignWeight(ops.subtract(weight, ops.divide(ops.multiply(rate, direction), ops.add(root, epsilon))));
  }

  /** The momentum of a step, which grows to beta1. */
  #momentumAt(step: Sym): Sym {
    return ops.multiply(this.beta1, ops.subtract(1, ops.multiply(0.5, ops.power(0.96, step))));
  }
}

/**
 * Adam with Nesterov's momentum (Dozat, 2016): the step looks ahead along the mean gradient, with a momentum that grows to beta1. The
 * default learning rate is 0.001. https://keras.io/api/optimizers/Nadam/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.nadam({ learningRate: 0.002 }), loss: 'mse' });
 */
export const nadam = (options?: MomentOptions) => new Nadam(options);
