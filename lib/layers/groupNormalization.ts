import { type OptionNames, atLeastZero, axisNumber, integer, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { groupNormalization as normalized } from '../ops/groupNormalization.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { sizeOfAxis } from './check.js';
import { Layer, type LayerOptions } from './layer.js';
import {
  type BetaOptions,
  type GammaOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What `layers.groupNormalization` takes. */
export interface GroupNormalizationOptions extends LayerOptions, GammaOptions, BetaOptions {
  /** How many groups of neighbouring channels there are: it divides their number; -1: each channel is a group. Default 32. */
  groups?: number;
  /** The channels' axis, not that of the batch. Default -1. */
  axis?: number;
  /** Added to the variance, 0 or more, so that nothing is divided by 0. Default 0.001. */
  epsilon?: number;
  /** Whether beta is added. Default true. */
  center?: boolean;
  /** Whether the result is multiplied by gamma. Default true. */
  scale?: boolean;
}

/** Normalizes groups of channels of each sample: made by `layers.groupNormalization`, which says more. */
export class GroupNormalization extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    groups: 'optional',
    axis: 'optional',
    epsilon: 'optional',
    center: 'boolean',
    scale: 'boolean',
    ...weightNames('gamma'),
    ...weightNames('beta'),
  } satisfies OptionNames<GroupNormalizationOptions>;
  readonly className = 'GroupNormalization';
  override readonly supportsMasking = true;
  /** The options as given. */
  readonly options: GroupNormalizationOptions;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;

  constructor(options: GroupNormalizationOptions = {}) {
    super(options);
    const { groups = 32, axis = -1, epsilon = 1e-3 } = options;
    if (groups !== -1) integer('groupNormalization', 'groups', groups);
    axisNumber('groupNormalization', axis);
    atLeastZero('groupNormalization', 'epsilon', epsilon);
    this.options = options;
  }

  override build(inputShape: Shape): void {
    const { groups = 32, axis = -1, center = true, scale = true } = this.options;
    const channels = sizeOfAxis('groupNormalization', inputShape, axis);
    if (axis === 0 || axis === -inputShape.length)
      throw wrongShape('groupNormalization', 'an input whose channels are not the batch', inputShape);
    if (groups !== -1 && channels % groups !== 0)
      throw wrongShape('groupNormalization', `channels that ${groups} groups divide evenly`, inputShape);
    const shape = [channels];
    const gamma = weightOptions(this.options, 'gamma', 'ones');
    if (scale) this.#gamma = this.addWeight({ name: 'gamma', shape, ...gamma });
    const beta = weightOptions(this.options, 'beta', 'zeros');
    if (center) this.#beta = this.addWeight({ name: 'beta', shape, ...beta });
  }

  call(x: Sym): Sym {
    const { groups = 32, axis = -1, epsilon = 1e-3 } = this.options;
    const lifted = (weight: Variable | undefined) => weight && x.trace.lift(weight);
    const [gamma, beta] = [lifted(this.#gamma), lifted(this.#beta)];
    return normalized(x, { groups, axis, epsilon, gamma, beta });
  }

  override getConfig() {
    const { groups = 32, axis = -1, epsilon = 1e-3, center = true, scale = true } = this.options;
    return {
      ...super.getConfig(),
      ...{ groups, axis, epsilon, center, scale },
      ...weightConfig(this.options, 'gamma', 'ones'),
      ...weightConfig(this.options, 'beta', 'zeros'),
    };
  }
}

/**
 * gamma · (x − mean) / √(variance + epsilon) + beta, with mean and variance of each group of channels of each sample: float32 [n, ...], to
 * the same. With one group it normalizes samples, with -1 (instance normalization) each channel of a sample. Wu and He, 2018,
 * https://arxiv.org/abs/1803.08494, https://keras.io/api/layers/normalization_layers/group_normalization/
 *
 * Weights, in order: gamma and beta, float32 [channels].
 *
 * @throws EngineError `ARGUMENT` for an epsilon below 0 or groups that are no positive integer or -1; `SHAPE`, when applied, where the groups
 *   do not divide the channels, or for an axis that is not there.
 * @example layers.groupNormalization({ groups: 8 });
 */
export const groupNormalization = (options?: GroupNormalizationOptions) => new GroupNormalization(options);
