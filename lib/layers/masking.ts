import { type OptionNames, finite } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';
import type { Masks } from './masks.js';

/** What `layers.masking` takes. */
export interface MaskingOptions extends LayerOptions {
  /** A step whose numbers are all this one is left out. Default 0. */
  maskValue?: number;
}

const DEFAULTS = defaultsOf<MaskingOptions>()({ maskValue: 0 });

/** Leaves out steps that are padding: made by `layers.masking`, which says more. */
export class Masking extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    maskValue: 'optional',
  } satisfies OptionNames<MaskingOptions>;
  readonly className = 'Masking';
  /** The options as given, and the defaults of the others. */
  readonly options: MaskingOptions & typeof DEFAULTS;

  constructor(options: MaskingOptions = {}) {
    super(options);
    this.options = withDefaults(options, DEFAULTS);
    finite('masking', 'maskValue', this.options.maskValue);
  }

  call(x: Sym): Sym {
    return ops.where(this.#counts(x, true), x, 0);
  }

  /** No: it makes the mask. @internal */
  override get takesMask(): boolean {
    return false;
  }

  override computeMask(x: Sym): Masks {
    return this.#counts(x);
  }

  /** bool [n, steps], with keepDims [n, steps, 1]: whether a number of the step is another. */
  #counts(x: Sym, keepDims = false): Sym {
    const others = ops.cast(ops.notEqual(x, this.options.maskValue), 'float32');
    return ops.greater(ops.max(others, { axis: -1, keepDims }), 0);
  }

  override getConfig() {
    return { ...super.getConfig(), maskValue: this.options.maskValue };
  }
}

/**
 * Leaves out the steps of a sequence whose numbers all are `maskValue`: they become 0 and get a mask, by which recurrent layers keep their
 * state there, and losses and metrics do not count them. float32 [n, steps, features], to the same. It has no weights.
 * https://keras.io/api/layers/core_layers/masking/
 *
 * @throws EngineError `ARGUMENT` for a value that is no finite number.
 * @example
 *     new Sequential([
 *       layers.input({ shape: [10, 4] }),
 *       layers.masking({ maskValue: -1 }),
 *       layers.lstm({ units: 8 }),
 *     ]);
 */
export const masking = (options?: MaskingOptions) => new Masking(options);
