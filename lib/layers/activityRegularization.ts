import { type OptionNames, atLeastZero } from '../base/checks.js';
import type { Sym } from '../core/sym.js';
import { type L1L2, l1l2 } from '../regularizers/l1l2.js';
import { Layer, type LayerOptions } from './layer.js';
import { perSample } from './perSample.js';

/** What `layers.activityRegularization` takes. */
export interface ActivityRegularizationOptions extends LayerOptions {
  /** The factor of the sum of absolute values, 0 or more. Default 0. */
  l1?: number | null;
  /** The factor of the sum of squares, 0 or more. Default 0. */
  l2?: number | null;
}

/** Adds to the loss for its input: made by `layers.activityRegularization`, which says more. */
export class ActivityRegularization extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    l1: 'optional',
    l2: 'optional',
  } satisfies OptionNames<ActivityRegularizationOptions>;
  readonly className = 'ActivityRegularization';
  override readonly supportsMasking = true;
  readonly #penalty: L1L2;

  constructor(given: ActivityRegularizationOptions = {}) {
    super(given);
    const [l1, l2] = [given.l1 ?? 0, given.l2 ?? 0];
    for (const [name, factor] of Object.entries({ l1, l2 }))
      atLeastZero('activityRegularization', name, factor);
    this.#penalty = l1l2({ l1, l2 });
  }

  call(x: Sym): Sym {
    this.addLoss(perSample(this.#penalty.call(x), x));
    return x;
  }

  override getConfig() {
    const { l1, l2 } = this.#penalty;
    return { ...super.getConfig(), l1, l2 };
  }
}

/**
 * Passes its input on and adds (l1 · sum(|x|) + l2 · sum(x²)) / samples to the loss. float32 of any shape. It has no weights.
 * https://keras.io/api/layers/regularization_layers/activity_regularization/
 *
 * @throws EngineError `ARGUMENT` for a factor below 0.
 * @example layers.activityRegularization({ l1: 0.01 });
 */
export const activityRegularization = (options?: ActivityRegularizationOptions) =>
  new ActivityRegularization(options);
