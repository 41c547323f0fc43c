import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { Decay, type DecayOptions } from './decay.js';

/** The schedule that {@link exponentialDecay} makes. */
export class ExponentialDecay extends Decay {
  readonly className = 'ExponentialDecay';

  call(step: Sym): Sym {
    return ops.multiply(this.initialLearningRate, ops.power(this.decayRate, this.decays(step)));
  }
}

/**
 * initialLearningRate · decayRate^(step / decaySteps).
 * https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example
 *     const learningRate = optimizers.schedules.exponentialDecay({
 *       initialLearningRate: 0.1,
 *       decaySteps: 1000,
 *       decayRate: 0.96,
 *     });
 *     model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse' });
 */
export const exponentialDecay = (options: DecayOptions) => new ExponentialDecay(options);
