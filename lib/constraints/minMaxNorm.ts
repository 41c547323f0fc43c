import { type OptionNames, atLeastZero, expected, fraction, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { NormConstraint, type NormOptions, normNames } from './constraint.js';

/** What `constraints.minMaxNorm` takes. */
export interface MinMaxNormOptions extends NormOptions {
  /** The least norm, 0 or more. Default 0. */
  minValue?: number;
  /** The largest norm, at least `minValue`. Default 1. */
  maxValue?: number;
  /** How far each step goes towards the wanted norm: from 0, not at all, to 1, all the way. Default 1. */
  rate?: number;
}

/** Two bounds of norms: made by `constraints.minMaxNorm`, which says more. */
export class MinMaxNorm extends NormConstraint {
  static override readonly optionNames: object = {
    minValue: 'optional',
    maxValue: 'optional',
    rate: 'optional',
    ...normNames,
  } satisfies OptionNames<MinMaxNormOptions>;
  readonly className = 'MinMaxNorm';
  /** The least norm. */
  readonly minValue: number;
  /** The largest norm. */
  readonly maxValue: number;
  /** How far each step goes towards the wanted norm. */
  readonly rate: number;

  constructor(options: MinMaxNormOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    this.minValue = atLeastZero(who, 'minValue', options.minValue ?? 0);
    this.maxValue = atLeastZero(who, 'maxValue', options.maxValue ?? 1);
    this.rate = fraction(who, 'rate', options.rate ?? 1);
    if (this.minValue > this.maxValue) throw expected(who, `minValue up to ${this.maxValue}`, this.minValue);
  }

  protected wanted(norms: Sym): Sym {
    const { minValue, maxValue, rate } = this;
    const within = ops.minimum(ops.maximum(norms, minValue), maxValue);
    return rate === 1 ? within : ops.add(ops.multiply(within, rate), ops.multiply(norms, 1 - rate));
  }

  override getConfig() {
    const { minValue, maxValue, rate } = this;
    return { ...super.getConfig(), minValue, maxValue, rate };
  }
}

/**
 * Scales what has a norm outside of two bounds towards the nearer one, after each update.
 * https://keras.io/api/layers/constraints/#minmaxnorm-class
 *
 * @throws EngineError `ARGUMENT` for bounds below 0 or in the wrong order, and a rate above 1.
 * @example layers.dense({ units: 10, kernelConstraint: constraints.minMaxNorm({ minValue: 0.5, maxValue: 2 }) });
 */
export const minMaxNorm = (options?: MinMaxNormOptions) => new MinMaxNorm(options);
