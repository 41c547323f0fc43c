import { type OptionNames, atLeastZero, fraction, integer, mismatch, positive } from '../base/checks.js';
import type { ObjectConfig } from '../base/registry.js';
import type { LearningRateSchedule } from './schedules/learningRateSchedule.js';

/** What every optimizer takes. At most one of `clipnorm`, `clipvalue` and `globalClipnorm` may be given. */
export interface OptimizerOptions {
  /**
   * The size of the steps: a number of 0 or more, which may be set anew between steps, or a schedule, a function of the step (or its
   * configuration). The default is that of each optimizer.
   */
  learningRate?: number | LearningRateSchedule | ObjectConfig;
  /**
   * Decoupled decay: each step first takes learningRate · weightDecay of every weight away, 0 or more. Default 0, of `adamW` and `muon`
   * 0.004. `excludeFromWeightDecay` leaves weights out.
   */
  weightDecay?: number | null;
  /** Scales each weight's gradient down to at most this Euclidean norm. Default: gradients are not scaled. */
  clipnorm?: number | null | undefined;
  /** Cuts each number of a gradient to ±this. Default: gradients are not cut. */
  clipvalue?: number | null | undefined;
  /** Scales all gradients down together to at most this Euclidean norm. Default: gradients are not scaled. */
  globalClipnorm?: number | null | undefined;
  /**
   * Whether to keep a moving average of each weight, which becomes the weight at the end of `fit` (Polyak and Juditsky, 1992).
   * Default false.
   */
  useEma?: boolean;
  /** The share of the average that each step keeps, from 0 to 1. Default 0.99. */
  emaMomentum?: number;
  /** After how many steps, again and again, the weights are set to their averages. Default: at the end of `fit` alone. */
  emaOverwriteFrequency?: number | null | undefined;
  /** What the loss is multiplied by before the gradients are taken, and these divided by after. Default: it is not. */
  lossScaleFactor?: number | null | undefined;
  /**
   * Over how many batches gradients are averaged before the weights change, 2 or more. Default: each batch changes them. `iterations`
   * counts the changes; a schedule of the learning rate counts batches.
   */
  gradientAccumulationSteps?: number | null | undefined;
  /** The name in configurations. Default: that of the function that makes the optimizer. */
  name?: string;
}

/** What the optimizers that divide by a root of mean squares take. */
export interface EpsilonOptions extends OptimizerOptions {
  /** What is added to the divisor, so that it is never 0; 0 or more. Default 1e-7. */
  epsilon?: number;
}

/** The names of those options. @internal */
export const optimizerNames = {
  learningRate: 'optional',
  weightDecay: 'optional',
  clipnorm: 'optional',
  clipvalue: 'optional',
  globalClipnorm: 'optional',
  useEma: 'boolean',
  emaMomentum: 'optional',
  emaOverwriteFrequency: 'optional',
  lossScaleFactor: 'optional',
  gradientAccumulationSteps: 'optional',
  name: 'string',
} satisfies OptionNames<OptimizerOptions>;

/** Fails unless a value is none or passes a check. @internal */
export const maybe = <T>(
  check: (who: string, name: string, value: unknown) => T,
  who: string,
  name: string,
  value: unknown,
): T | undefined => (value == null ? undefined : check(who, name, value));

/** Fails where options of an optimizer are out of their ranges; gives them with their defaults. @internal */
export function readOptimizer(who: string, options: OptimizerOptions) {
  const { useEma = false, emaMomentum = 0.99 } = options;
  const clips = ['clipnorm', 'clipvalue', 'globalClipnorm'] as const;
  if (clips.filter((clip) => options[clip] != null).length > 1)
    throw mismatch(who, `at most one of ${clips.join(', ')}`, 'several');
  return {
    weightDecay: atLeastZero(who, 'weightDecay', options.weightDecay ?? 0),
    clipnorm: maybe(positive, who, 'clipnorm', options.clipnorm),
    clipvalue: maybe(positive, who, 'clipvalue', options.clipvalue),
    globalClipnorm: maybe(positive, who, 'globalClipnorm', options.globalClipnorm),
    useEma,
    emaMomentum: fraction(who, 'emaMomentum', emaMomentum),
    emaOverwriteFrequency: maybe(integer, who, 'emaOverwriteFrequency', options.emaOverwriteFrequency),
    gradientAccumulationSteps: maybe(
      (...[w, name, value]) => integer(w, name, value, 2),
      who,
      'gradientAccumulationSteps',
      options.gradientAccumulationSteps,
    ),
  };
}
