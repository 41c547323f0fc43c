import { type OptionNames, finite, fraction, axisNumber } from '../base/checks.js';
import { listOf } from '../base/list.js';
import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align } from './align.js';
import { clipProbability, logits, smoothed } from '../ops/probabilities.js';
import { Loss, type LossOptions, lossNames } from './loss.js';

/** What `losses.categoricalFocalCrossentropy` takes. */
export interface CategoricalFocalCrossentropyOptions extends LossOptions {
  /** What each class counts, or all. Default 0.25. */
  alpha?: number | readonly number[];
  /** How much less certain right answers count: the exponent. Default 2. */
  gamma?: number;
  /** Whether the model puts out logits, any numbers, instead of probabilities. Default false. */
  fromLogits?: boolean;
  /** The share of the targets that is spread evenly over all classes, from 0 to 1. Default 0. */
  labelSmoothing?: number;
  /** Along which axis; negative ones count from the end. Default -1. */
  axis?: number;
}

/** The loss that {@link categoricalFocalCrossentropy} makes. */
export class CategoricalFocalCrossentropy extends Loss {
  static override readonly optionNames: object = {
    ...lossNames,
    alpha: 'optional',
    gamma: 'optional',
    fromLogits: 'boolean',
    labelSmoothing: 'optional',
    axis: 'optional',
  } satisfies OptionNames<CategoricalFocalCrossentropyOptions>;
  readonly className = 'CategoricalFocalCrossentropy';

  /** What each class counts, or all. */
  readonly alpha: number | readonly number[];
  /** How much less certain right answers count: the exponent. */
  readonly gamma: number;
  /** Whether the model puts out logits, any numbers, instead of probabilities. */
  readonly fromLogits: boolean;
  /** The share of the targets that is spread evenly over all classes, from 0 to 1. */
  readonly labelSmoothing: number;
  /** Along which axis; negative ones count from the end. */
  readonly axis: number;

  constructor(options: CategoricalFocalCrossentropyOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    const { alpha = 0.25 } = options;
    for (const one of listOf(alpha)) finite(who, 'alpha', one);
    this.alpha = alpha;
    this.gamma = finite(who, 'gamma', options.gamma ?? 2);
    this.fromLogits = options.fromLogits ?? false;
    this.labelSmoothing = fraction(who, 'labelSmoothing', options.labelSmoothing ?? 0);
    this.axis = axisNumber(who, options.axis ?? -1);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const { axis } = this;
    const given = align(factoryName(this.className), yTrue, yPred);
    const target = smoothed(given, this.labelSmoothing, yPred.shape.at(axis)!);
    const shares = this.fromLogits ? ops.softmax(logits(yPred, 'softmax'), { axis }) : yPred;
    const p = clipProbability(ops.divide(shares, ops.sum(shares, { axis, keepDims: true })));
    const entropy = ops.negative(ops.multiply(target, ops.log(p)));
    const focus = ops.multiply(ops.power(ops.subtract(1, p), this.gamma), this.alpha as number);
    return ops.sum(ops.multiply(focus, entropy), { axis });
  }

  override getConfig() {
    return {
      ...super.getConfig(),
      alpha: this.alpha,
      gamma: this.gamma,
      fromLogits: this.fromLogits,
      labelSmoothing: this.labelSmoothing,
      axis: this.axis,
    };
  }
}

/**
 * The categorical cross-entropy, each term times alpha · (1 − p)^gamma, p being the probability of the class, as a sum over an axis (Lin et al. 2018).
 * https://keras.io/api/losses/probabilistic_losses/#categoricalfocalcrossentropy-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.categoricalFocalCrossentropy() });
 */
export const categoricalFocalCrossentropy = (options?: CategoricalFocalCrossentropyOptions) =>
  new CategoricalFocalCrossentropy(options);
