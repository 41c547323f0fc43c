import { type OptionNames } from '../base/checks.js';
import type { FanOptions } from './initializer.js';
import { VarianceScaling } from './varianceScaling.js';

/** A variance scaling of which only the seed and the axes are free. Subclasses fix the rest. */
export abstract class VariancePreset extends VarianceScaling {
  static override readonly optionNames: object = {
    seed: 'optional',
    inputAxes: 'optional',
    outputAxes: 'optional',
  } satisfies OptionNames<FanOptions>;

  constructor(options: FanOptions = {}) {
    super(options);
  }

  override getConfig(): Record<string, unknown> {
    return { ...(this.seed !== undefined && { seed: this.seed }), ...this.axes };
  }
}
