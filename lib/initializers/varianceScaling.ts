import { type OptionNames, knownOptions, knownOptionsOf, oneOf } from '../base/checks.js';
import { EngineError, describe } from '../base/errors.js';
import { randomNormal, randomUniform, truncatedNormal } from '../ops/random.js';
import type { Tensor } from '../core/tensor.js';
import { Initializer, fans, type SeedOptions } from './initializer.js';

const MODES = ['fanIn', 'fanOut', 'fanAvg'] as const;
const DISTRIBUTIONS = ['truncatedNormal', 'untruncatedNormal', 'uniform', 'normal'] as const;

type Mode = (typeof MODES)[number];
type Distribution = (typeof DISTRIBUTIONS)[number];

/** What `initializers.varianceScaling` takes. */
export interface VarianceScalingOptions extends SeedOptions {
  /** What the variance is multiplied by, above 0. Default 1. */
  scale?: number;
  /** What the variance is divided by: the inputs of a unit, its outputs, or the mean of both. Default `fanIn`. */
  mode?: Mode;
  /** How the numbers are distributed. Default `truncatedNormal`: drawn again beyond two standard deviations. `normal` is another name for it, as in Keras. */
  distribution?: Distribution;
}

// The standard deviation of a standard normal distribution that is cut at two.
const TRUNCATED_STDDEV = 0.87962566103423978;

/** Random numbers whose variance depends on the size of the weight: made by `initializers.varianceScaling`, which says more. */
export class VarianceScaling extends Initializer {
  static override readonly optionNames: object = {
    scale: 'optional',
    mode: 'optional',
    distribution: 'optional',
    seed: 'optional',
  } satisfies OptionNames<VarianceScalingOptions>;
  readonly className: string = 'varianceScaling';
  /** What the variance is multiplied by. */
  readonly scale: number;
  /** What the variance is divided by. */
  readonly mode: Mode;
  /** How the numbers are distributed. */
  readonly distribution: Exclude<Distribution, 'normal'>;

  constructor(options: VarianceScalingOptions = {}) {
    knownOptionsOf(new.target, options);
    super(options.seed);
    this.scale = options.scale ?? 1;
    this.mode = oneOf('varianceScaling', 'mode', options.mode ?? 'fanIn', MODES);
    const given = options.distribution ?? 'truncatedNormal';
    const distribution = oneOf('varianceScaling', 'distribution', given, DISTRIBUTIONS);
    this.distribution = distribution === 'normal' ? 'truncatedNormal' : distribution;
    if (!(this.scale > 0 && this.scale < Infinity)) {
      throw new EngineError(
        'ARGUMENT',
        `[varianceScaling] expected a positive number for scale, received ${describe(this.scale)}`,
      );
    }
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    const { fanIn, fanOut } = fans(shape);
    const fan = { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[this.mode];
    const variance = this.scale / Math.max(1, fan);
    if (this.distribution === 'uniform') {
      const limit = Math.sqrt(3 * variance);
      return randomUniform(shape, { minval: -limit, maxval: limit, seed });
    }
    return this.distribution === 'truncatedNormal'
      ? truncatedNormal(shape, { stddev: Math.sqrt(variance) / TRUNCATED_STDDEV, seed })
      : randomNormal(shape, { stddev: Math.sqrt(variance), seed });
  }

  override getConfig(): Record<string, unknown> {
    const { scale, mode, distribution } = this;
    return { scale, mode, distribution, ...super.getConfig() };
  }
}

/** One of the named variance scalings, of which only the seed is free. */
class Preset extends VarianceScaling {
  override readonly className: string;

  constructor(className: string, options: VarianceScalingOptions) {
    super(options);
    this.className = className;
  }

  override getConfig(): Record<string, unknown> {
    return this.seed === undefined ? {} : { seed: this.seed };
  }
}

const seedNames = { seed: 'optional' } satisfies OptionNames<SeedOptions>;

const preset =
  (name: string, options: VarianceScalingOptions) =>
  (given: SeedOptions = {}): Initializer => {
    knownOptions(name, given, seedNames);
    return new Preset(name, { ...options, seed: given.seed });
  };

// fanIn counts the inputs of one unit: the input's axis of a kernel times the numbers of its window; fanOut the outputs.

/**
 * Uniform numbers within ±√(6 / (fanIn + fanOut)), float32: what kernels begin as by default. Glorot and Bengio, 2010.
 * https://keras.io/api/layers/initializers/#glorotuniform-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: initializers.glorotUniform({ seed: 1 }) });
 */
export const glorotUniform = preset('glorotUniform', { mode: 'fanAvg', distribution: 'uniform' });

/**
 * Truncated normal numbers of variance 2 / (fanIn + fanOut), float32. Glorot and Bengio, 2010.
 * https://keras.io/api/layers/initializers/#glorotnormal-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'glorotNormal' });
 */
export const glorotNormal = preset('glorotNormal', { mode: 'fanAvg' });

/**
 * Uniform numbers within ±√(6 / fanIn), float32: for layers with relu. He et al., 2015.
 * https://keras.io/api/layers/initializers/#heuniform-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'heUniform', activation: 'relu' });
 */
export const heUniform = preset('heUniform', { scale: 2, distribution: 'uniform' });

/**
 * Truncated normal numbers of variance 2 / fanIn, float32: for layers with relu. He et al., 2015.
 * https://keras.io/api/layers/initializers/#henormal-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'heNormal', activation: 'relu' });
 */
export const heNormal = preset('heNormal', { scale: 2 });

/**
 * Uniform numbers within ±√(3 / fanIn), float32. LeCun et al., 1998.
 * https://keras.io/api/layers/initializers/#lecununiform-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'lecunUniform' });
 */
export const lecunUniform = preset('lecunUniform', { distribution: 'uniform' });

/**
 * Truncated normal numbers of variance 1 / fanIn, float32. LeCun et al., 1998.
 * https://keras.io/api/layers/initializers/#lecunnormal-class
 *
 * @example layers.dense({ units: 8, kernelInitializer: 'lecunNormal' });
 */
export const lecunNormal = preset('lecunNormal', {});
