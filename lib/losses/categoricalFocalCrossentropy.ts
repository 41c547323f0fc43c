import { type OptionNames, finite } from '../base/checks.js';
import { listOf } from '../base/list.js';
import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align } from './align.js';
import { clipProbability, logits, smoothed } from '../ops/probabilities.js';
import { type CrossentropyOptions, SmoothedCrossentropy, crossentropyNames } from './smoothedCrossentropy.js';

/** What `losses.categoricalFocalCrossentropy` takes. */
export interface CategoricalFocalCrossentropyOptions extends CrossentropyOptions {
  /** What each class counts, or all. Default 0.25. */
  alpha?: number | readonly number[];
  /** How much less certain right answers count: the exponent. Default 2. */
  gamma?: number;
}

/** The loss that {@link categoricalFocalCrossentropy} makes. */
export class CategoricalFocalCrossentropy extends SmoothedCrossentropy {
  static override readonly optionNames: object = {
    ...crossentropyNames,
    alpha: 'optional',
    gamma: 'optional',
  } satisfies OptionNames<CategoricalFocalCrossentropyOptions>;
  readonly className = 'CategoricalFocalCrossentropy';

  /** What each class counts, or all. */
  readonly alpha: number | readonly number[];
  /** How much less certain right answers count: the exponent. */
  readonly gamma: number;

  constructor(options: CategoricalFocalCrossentropyOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    const { alpha = 0.25 } = options;
    for (const one of listOf(alpha)) finite(who, 'alpha', one);
    this.alpha = alpha;
    this.gamma = finite(who, 'gamma', options.gamma ?? 2);
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
