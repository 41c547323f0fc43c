import { type OptionNames, expected, knownOptionsOf, oneOf, oneOfAnyCase, positive } from '../base/checks.js';
import { randomNormal, randomUniform, truncatedNormal } from '../ops/random.js';
import type { Tensor } from '../core/tensor.js';
import { Initializer, fans, type FanOptions } from './initializer.js';

const MODES = ['fanIn', 'fanOut', 'fanAvg'] as const;
const DISTRIBUTIONS = ['truncatedNormal', 'untruncatedNormal', 'uniform', 'normal'] as const;

type Mode = (typeof MODES)[number];
type Distribution = (typeof DISTRIBUTIONS)[number];

/** What `initializers.varianceScaling` takes. */
export interface VarianceScalingOptions extends FanOptions {
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
    inputAxes: 'optional',
    outputAxes: 'optional',
  } satisfies OptionNames<VarianceScalingOptions>;
  readonly className: string = 'VarianceScaling';
  /** What the variance is multiplied by. */
  readonly scale: number;
  /** What the variance is divided by. */
  readonly mode: Mode;
  /** How the numbers are distributed. */
  readonly distribution: Exclude<Distribution, 'normal'>;

  /** The axes that stand for inputs and outputs, where they were given. */
  protected readonly axes: Pick<FanOptions, 'inputAxes' | 'outputAxes'>;

  constructor(options: VarianceScalingOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options.seed);
    this.axes = axesOf(who, options);
    this.scale = positive(who, 'scale', options.scale ?? 1);
    this.mode = oneOf(who, 'mode', options.mode ?? 'fanIn', MODES);
    const given = options.distribution ?? 'truncatedNormal';
    const distribution = oneOfAnyCase(who, 'distribution', given, DISTRIBUTIONS);
    this.distribution = distribution === 'normal' ? 'truncatedNormal' : distribution;
  }

  protected draw(shape: readonly number[], seed: number): Tensor {
    const { fanIn, fanOut } = fans(shape, this.axes);
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
    return { scale, mode, distribution, ...super.getConfig(), ...this.axes };
  }
}

/** Both lists of axes, or none. */
function axesOf(
  who: string,
  { inputAxes, outputAxes }: FanOptions,
): Pick<FanOptions, 'inputAxes' | 'outputAxes'> {
  if (inputAxes == null && outputAxes == null) return {};
  const lists = Object.entries({ inputAxes, outputAxes });
  for (const [name, axes] of lists)
    if (!Array.isArray(axes) || ![...(axes as unknown[])].every((axis) => Number.isSafeInteger(axis)))
      throw expected(who, `lists of integers as inputAxes and outputAxes, with ${name}`, axes);
  return { inputAxes, outputAxes };
}

/**
 * Random numbers of variance scale / fan, float32, so that signals keep their size through a layer: the fan is the number of inputs
 * or outputs of one unit. The initializers of Glorot, He and LeCun are cases of it.
 * https://keras.io/api/layers/initializers/#variancescaling-class
 *
 * @throws EngineError `ARGUMENT` for a scale that is not positive, an unknown mode or distribution, or a seed that is no integer.
 * @example layers.dense({ units: 8, kernelInitializer: initializers.varianceScaling({ scale: 2, mode: 'fanOut' }) });
 */
export const varianceScaling = (options?: VarianceScalingOptions) => new VarianceScaling(options);
