import { Registry, isConfig } from '../../base/registry.js';
import * as schedules from './index.js';
import { LearningRateSchedule } from './learningRateSchedule.js';

const registry = new Registry<LearningRateSchedule>({
  family: 'schedule',
  takes: 'a number, a schedule or its configuration',
  base: LearningRateSchedule,
  members: schedules,
  // That of warmUp may be a schedule, too.
  prepare: (config) => {
    const { learningRate } = config;
    return isConfig(learningRate) ? { ...config, learningRate: scheduleOf(learningRate) } : config;
  },
});

/** The schedule that is given, or that a configuration stands for. */
export const scheduleOf = (given: unknown): LearningRateSchedule => registry.get(given);

/** The configuration from which {@link scheduleOf} makes an equal schedule. */
export const scheduleConfig = (schedule: LearningRateSchedule) => registry.config(schedule);
