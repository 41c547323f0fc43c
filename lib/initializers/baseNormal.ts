import { type OptionNames, finite, knownOptionsOf } from '../base/checks.js';
import { Initializer, type SeedOptions } from './initializer.js';

/** What the initializers with normal numbers take. */
export interface BaseNormalOptions extends SeedOptions {
  /** The mean. Default 0. */
  mean?: number;
  /** The standard deviation. Default 0.05. */
  stddev?: number;
}

/** What the initializers with normal numbers share. */
export abstract class BaseNormal extends Initializer {
  static override readonly optionNames: object = {
    mean: 'optional',
    stddev: 'optional',
    seed: 'optional',
  } satisfies OptionNames<BaseNormalOptions>;
  /** The mean. */
  readonly mean: number;
  /** The standard deviation. */
  readonly stddev: number;

  constructor(options: BaseNormalOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options.seed);
    this.mean = finite(who, 'mean', options.mean ?? 0);
    this.stddev = finite(who, 'stddev', options.stddev ?? 0.05);
  }

  override getConfig() {
    return { mean: this.mean, stddev: this.stddev, ...super.getConfig() };
  }
}
