import { type OptionNames, atLeastZero, knownOptionsOf, positive } from '../../base/checks.js';
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { LearningRateSchedule, type ScheduleOptions } from './learningRateSchedule.js';

/** What `exponentialDecay` and `inverseTimeDecay` take. */
export interface DecayOptions extends ScheduleOptions {
  /** The learning rate of the first step, 0 or more. */
  initialLearningRate: number;
  /** The number of steps that count as one decay, above 0. */
  decaySteps: number;
  /** How strong a decay is, 0 or more. */
  decayRate: number;
  /** Whether the rate falls in whole decays, as a staircase. Default false. */
  staircase?: boolean;
}

/** The options of a schedule in decays, and how many of them a step has seen. */
export abstract class Decay extends LearningRateSchedule implements DecayOptions {
  static override readonly optionNames = {
    name: 'string',
    initialLearningRate: 'required',
    decaySteps: 'required',
    decayRate: 'required',
    staircase: 'boolean',
  } satisfies OptionNames<DecayOptions>;
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly decayRate: number;
  readonly staircase: boolean;

  constructor(options: DecayOptions) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    this.initialLearningRate = atLeastZero(who, 'initialLearningRate', options.initialLearningRate);
    this.decaySteps = positive(who, 'decaySteps', options.decaySteps);
    this.decayRate = atLeastZero(who, 'decayRate', options.decayRate);
    this.staircase = options.staircase ?? false;
  }

  protected decays(step: Sym): Sym {
    const decays = ops.divide(step, this.decaySteps);
    return this.staircase ? ops.floor(decays) : decays;
  }

  override getConfig() {
    const { initialLearningRate, decaySteps, decayRate, staircase } = this;
    return { ...super.getConfig(), initialLearningRate, decaySteps, decayRate, staircase };
  }
}
