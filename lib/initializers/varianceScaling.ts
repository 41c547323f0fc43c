import { type OptionNames, knownOptions, knownOptionsOf, oneOf } from '../checks.js';
import { EngineError, describe } from '../errors.js';
import { randomNormal, randomUniform, truncatedNormal } from '../ops/random.js';
import type { Tensor } from '../tensor.js';
import { Initializer, fans } from './initializer.js';

const MODES = ['fanIn', 'fanOut', 'fanAvg'] as const;
const DISTRIBUTIONS = ['truncatedNormal', 'untruncatedNormal', 'uniform', 'normal'] as const;

type Mode = (typeof MODES)[number];
type Distribution = (typeof DISTRIBUTIONS)[number];

export interface VarianceScalingOptions {
  /** Default 1. */
  scale?: number;
  /** What the variance is divided by. Default `fanIn`. */
  mode?: Mode;
  /** Default `truncatedNormal`: drawn again beyond two standard deviations. `normal` is another name for it, as in Keras. */
  distribution?: Distribution;
  /** The same seed gives the same numbers. By default one from `setSeed`, else a random one. */
  seed?: number;
}

// The standard deviation of a standard normal distribution that is cut at two.
const TRUNCATED_STDDEV = 0.87962566103423978;

/**
 * Numbers of variance scale / fan, so that signals keep their size through a layer.
 * https://keras.io/api/layers/initializers/#variancescaling-class
 */
export class VarianceScaling extends Initializer {
  static readonly optionNames: object = {
    scale: 'optional',
    mode: 'optional',
    distribution: 'optional',
    seed: 'optional',
  } satisfies OptionNames<VarianceScalingOptions>;
  readonly className: string = 'varianceScaling';
  readonly scale: number;
  readonly mode: Mode;
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

/** What the named initializers take. */
export type SeedOptions = Pick<VarianceScalingOptions, 'seed'>;

const seedNames = { seed: 'optional' } satisfies OptionNames<SeedOptions>;

const preset =
  (name: string, options: VarianceScalingOptions) =>
  (given: SeedOptions = {}): Initializer => {
    knownOptions(name, given, seedNames);
    return new Preset(name, { ...options, seed: given.seed });
  };

/** Uniform within ±√(6 / (fanIn + fanOut)). Glorot and Bengio, 2010. */
export const glorotUniform = preset('glorotUniform', { mode: 'fanAvg', distribution: 'uniform' });
/** Truncated normal of variance 2 / (fanIn + fanOut). Glorot and Bengio, 2010. */
export const glorotNormal = preset('glorotNormal', { mode: 'fanAvg' });
/** Uniform within ±√(6 / fanIn). He et al., 2015. */
export const heUniform = preset('heUniform', { scale: 2, distribution: 'uniform' });
/** Truncated normal of variance 2 / fanIn. He et al., 2015. */
export const heNormal = preset('heNormal', { scale: 2 });
/** Uniform within ±√(3 / fanIn). LeCun et al., 1998. */
export const lecunUniform = preset('lecunUniform', { distribution: 'uniform' });
/** Truncated normal of variance 1 / fanIn. LeCun et al., 1998. */
export const lecunNormal = preset('lecunNormal', {});
