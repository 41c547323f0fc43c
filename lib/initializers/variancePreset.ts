import { type OptionNames } from '../base/checks.js';
import type { SeedOptions } from './initializer.js';
import { VarianceScaling } from './varianceScaling.js';

/** A variance scaling of which only the seed is free. Subclasses fix the rest. */
export abstract class VariancePreset extends VarianceScaling {
  static override readonly optionNames: object = { seed: 'optional' } satisfies OptionNames<SeedOptions>;

  constructor(options: SeedOptions = {}) {
    super(options);
  }

  override getConfig(): Record<string, unknown> {
    return this.seed === undefined ? {} : { seed: this.seed };
  }
}
