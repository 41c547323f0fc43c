import { type OptionNames, axisNumber, integer, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import { groupNormalization as normalized } from '../ops/groupNormalization.js';
import type { Sym } from '../core/sym.js';
import { BaseNormalization, type BaseNormalizationOptions } from './baseNormalization.js';
import { sizeOfAxis } from './check.js';

/** What `layers.groupNormalization` takes. */
export interface GroupNormalizationOptions extends BaseNormalizationOptions {
  /** How many groups of neighbouring channels there are: it divides their number; -1: each channel is a group. Default 32. */
  groups?: number;
  /** The channels' axis, not that of the batch. Default -1. */
  axis?: number;
}

const DEFAULTS = defaultsOf<GroupNormalizationOptions>()({ groups: 32, axis: -1 });

/** Normalizes groups of channels of each sample: made by `layers.groupNormalization`, which says more. */
export class GroupNormalization extends BaseNormalization<GroupNormalizationOptions & typeof DEFAULTS> {
  static override readonly optionNames = {
    ...BaseNormalization.optionNames,
    groups: 'optional',
    axis: 'optional',
  } satisfies OptionNames<GroupNormalizationOptions>;
  readonly className = 'GroupNormalization';

  constructor(options: GroupNormalizationOptions = {}) {
    super(withDefaults(options, DEFAULTS));
    const { groups, axis } = this.options;
    if (groups !== -1) integer('groupNormalization', 'groups', groups);
    axisNumber('groupNormalization', axis);
  }

  override build(inputShape: Shape): void {
    const { groups, axis } = this.options;
    const channels = sizeOfAxis('groupNormalization', inputShape, axis);
    if (axis === 0 || axis === -inputShape.length)
      throw wrongShape('groupNormalization', 'an input whose channels are not the batch', inputShape);
    if (groups !== -1 && channels % groups !== 0)
      throw wrongShape('groupNormalization', `channels that ${groups} groups divide evenly`, inputShape);
    this.addGammaAndBeta([channels]);
  }

  call(x: Sym): Sym {
    const { groups, axis, epsilon } = this.options;
    return normalized(x, { groups, axis, epsilon, ...this.gammaAndBeta(x) });
  }

  override getConfig() {
    const { groups, axis } = this.options;
    return { ...super.getConfig(), groups, axis };
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
