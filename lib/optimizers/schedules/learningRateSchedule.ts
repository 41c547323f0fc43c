import type { OptionNames } from '../../base/checks.js';
import type { Sym } from '../../core/sym.js';

/** What every schedule takes. */
export interface ScheduleOptions {
  /** The name in configurations. Default: that of the class. */
  name?: string;
}

/**
 * A learning rate as a function of the step. It is part of the compiled step: its values cost no call from JavaScript. A subclass writes
 * `call` with the ops. https://keras.io/api/optimizers/learning_rate_schedules/learning_rate_schedule/
 *
 * @example
 *     class Halving extends optimizers.schedules.LearningRateSchedule {
 *       readonly className = 'Halving';
 *       call(step: Sym) {
 *         return ops.power(0.5, ops.divide(step, 1000));
 *       }
 *     }
 *     model.compile({ optimizer: optimizers.adam({ learningRate: new Halving() }), loss: 'mse' });
 */
export abstract class LearningRateSchedule implements ScheduleOptions {
  /** The names of the options that the class takes, each `required`, `optional`, `boolean` or `string`: others are errors. */
  static readonly optionNames: object = { name: 'string' } satisfies OptionNames<ScheduleOptions>;
  /** The name in configurations. */
  abstract readonly className: string;
  readonly name: string;

  constructor({ name }: ScheduleOptions = {}) {
    this.name = name ?? new.target.name;
  }

  /**
   * The learning rate of a step.
   *
   * @param step How many steps were made before, from 0; float32 [].
   * @returns float32 [], 0 or more.
   */
  abstract call(step: Sym): Sym;

  /** The arguments that make an equal schedule. */
  getConfig(): Record<string, unknown> {
    return { name: this.name };
  }
}
