import { type OptionNames, finite, fraction } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align } from './align.js';
import { binaryEntropy, smoothed } from '../ops/probabilities.js';
import { type CrossentropyOptions, SmoothedCrossentropy, crossentropyNames } from './smoothedCrossentropy.js';

/** What `losses.binaryFocalCrossentropy` takes. */
export interface BinaryFocalCrossentropyOptions extends CrossentropyOptions {
  /** Whether yes counts alpha and no 1 − alpha. Default false. */
  applyClassBalancing?: boolean;
  /** What yes counts, from 0 to 1. Default 0.25. */
  alpha?: number;
  /** How much less certain right answers count: the exponent. Default 2. */
  gamma?: number;
}

/** The loss that {@link binaryFocalCrossentropy} makes. */
export class BinaryFocalCrossentropy extends SmoothedCrossentropy {
  static override readonly optionNames: object = {
    ...crossentropyNames,
    applyClassBalancing: 'boolean',
    alpha: 'optional',
    gamma: 'optional',
  } satisfies OptionNames<BinaryFocalCrossentropyOptions>;
  /** Other names for it. */
  static readonly aliases = ['bfce'] as const;
  readonly className = 'BinaryFocalCrossentropy';

  /** Whether yes counts alpha and no 1 − alpha. */
  readonly applyClassBalancing: boolean;
  /** What yes counts, from 0 to 1. */
  readonly alpha: number;
  /** How much less certain right answers count: the exponent. */
  readonly gamma: number;

  constructor(options: BinaryFocalCrossentropyOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    this.applyClassBalancing = options.applyClassBalancing ?? false;
    this.alpha = fraction(who, 'alpha', options.alpha ?? 0.25);
    this.gamma = finite(who, 'gamma', options.gamma ?? 2);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = smoothed(align(factoryName(this.className), yTrue, yPred), this.labelSmoothing, 2);
    const { entropy, p } = binaryEntropy(target, yPred, this.fromLogits);
    const no = ops.subtract(1, target);
    const right = ops.add(ops.multiply(target, p), ops.multiply(no, ops.subtract(1, p)));
    const focal = ops.multiply(ops.power(ops.subtract(1, right), this.gamma), entropy);
    if (!this.applyClassBalancing) return ops.mean(focal, { axis: this.axis });
    const balance = ops.add(ops.multiply(target, this.alpha), ops.multiply(no, 1 - this.alpha));
    return ops.mean(ops.multiply(balance, focal), { axis: this.axis });
  }

  override getConfig() {
    return {
      ...super.getConfig(),
      applyClassBalancing: this.applyClassBalancing,
      alpha: this.alpha,
      gamma: this.gamma,
    };
  }
}

/**
 * The binary cross-entropy times (1 − p)^gamma, p being the probability of the right answer, as a mean over an axis: what is right already counts little (Lin et al. 2018).
 * https://keras.io/api/losses/probabilistic_losses/#binaryfocalcrossentropy-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.binaryFocalCrossentropy({ applyClassBalancing: true }) });
 */
export const binaryFocalCrossentropy = (options?: BinaryFocalCrossentropyOptions) =>
  new BinaryFocalCrossentropy(options);
