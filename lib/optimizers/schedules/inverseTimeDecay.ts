import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { Decay, type DecayOptions } from './decay.js';

/** The schedule that {@link inverseTimeDecay} makes. */
export class InverseTimeDecay extends Decay {
  readonly className = 'InverseTimeDecay';

  call(step: Sym): Sym {
    return ops.divide(this.initialLearningRate, ops.add(1, ops.multiply(this.decayRate, this.decays(step))));
  }
}

/**
 * initialLearningRate / (1 + decayRate · step / decaySteps).
 * https://keras.io/api/optimizers/learning_rate_schedules/inverse_time_decay/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example
 *     const learningRate = optimizers.schedules.inverseTimeDecay({
 *       initialLearningRate: 0.1,
 *       decaySteps: 1000,
 *       decayRate: 0.5,
 *     });
 *     model.compile({ optimizer: optimizers.sgd({ learningRate }), loss: 'mse' });
 */
export const inverseTimeDecay = (options: DecayOptions) => new InverseTimeDecay(options);
