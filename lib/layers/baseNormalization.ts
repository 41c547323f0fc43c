import { type OptionNames, atLeastZero } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import type { Shape } from '../engine/engine.js';
import { Layer, type LayerOptions } from './layer.js';
import {
  type BetaOptions,
  type GammaOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What normalizations take that have a gamma and a beta. */
export interface BaseNormalizationOptions extends LayerOptions, GammaOptions, BetaOptions {
  /** Added to the variance, 0 or more, so that nothing is divided by 0. Default 0.001. */
  epsilon?: number;
  /** Whether beta is added. Default true. */
  center?: boolean;
  /** Whether the result is multiplied by gamma. Default true. */
  scale?: boolean;
}

const DEFAULTS = defaultsOf<BaseNormalizationOptions>()({ epsilon: 1e-3, center: true, scale: true });

/** What normalizations share: after the division by the deviation they multiply by gamma and add beta. */
export abstract class BaseNormalization<O extends BaseNormalizationOptions> extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    epsilon: 'optional',
    center: 'boolean',
    scale: 'boolean',
    ...weightNames('gamma'),
    ...weightNames('beta'),
  } satisfies OptionNames<BaseNormalizationOptions>;
  override readonly supportsMasking = true;
  /** The options as given, and the defaults of the others. */
  readonly options: O & typeof DEFAULTS;
  #gamma: Variable | undefined;
  #beta: Variable | undefined;

  constructor(options: O) {
    super(options);
    this.options = withDefaults(options, DEFAULTS);
    atLeastZero(factoryName(new.target.name), 'epsilon', this.options.epsilon);
  }

  /** Adds the weights gamma and beta, as far as the options ask for them; for use in `build`. */
  protected addGammaAndBeta(shape: Shape): void {
    const { center, scale } = this.options;
    const gamma = weightOptions(this.options, 'gamma');
    if (scale) this.#gamma = this.addWeight({ name: 'gamma', shape, ...gamma });
    const beta = weightOptions(this.options, 'beta');
    if (center) this.#beta = this.addWeight({ name: 'beta', shape, ...beta });
  }

  /** The values of gamma and beta in the trace of x. */
  protected gammaAndBeta(x: Sym): { gamma: Sym | undefined; beta: Sym | undefined } {
    const lifted = (weight: Variable | undefined) => weight && x.trace.lift(weight);
    return { gamma: lifted(this.#gamma), beta: lifted(this.#beta) };
  }

  override getConfig(): Record<string, unknown> {
    const { epsilon, center, scale } = this.options;
    return {
      ...super.getConfig(),
      ...{ epsilon, center, scale },
      ...weightConfig(this.options, 'gamma'),
      ...weightConfig(this.options, 'beta'),
    };
  }
}
