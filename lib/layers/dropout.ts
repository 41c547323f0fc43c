import { factoryName } from '../base/names.js';
import { type OptionNames, expected } from '../base/checks.js';
import { BaseDropout, type BaseDropoutOptions } from './baseDropout.js';

/** What `layers.dropout` and `layers.alphaDropout` take. */
export interface DropoutOptions extends BaseDropoutOptions {
  /**
   * The shape of the mask, the batch included: 1 along axes whose places are dropped together; null is the input's size. By default each
   * number is dropped by itself.
   */
  noiseShape?: readonly (number | null)[] | null;
}

/** Drops numbers while training: made by `layers.dropout`, which says more. */
export class Dropout extends BaseDropout {
  static override readonly optionNames = {
    ...BaseDropout.optionNames,
    noiseShape: 'optional',
  } satisfies OptionNames<DropoutOptions>;
  readonly className: string = 'Dropout';
  /** The shape of the mask, where it was given. */
  readonly noiseShape: readonly (number | null)[] | undefined;

  constructor(options: DropoutOptions) {
    super(options);
    const { noiseShape } = options;
    this.noiseShape = noiseShape == null ? undefined : noiseShapeOf(factoryName(new.target.name), noiseShape);
  }

  override getConfig() {
    return { ...super.getConfig(), noiseShape: this.noiseShape ?? null };
  }
}

function noiseShapeOf(who: string, given: unknown): readonly (number | null)[] {
  const list = Array.isArray(given) ? [...(given as unknown[])] : undefined;
  if (list?.every((n) => n === null || (Number.isSafeInteger(n) && (n as number) > 0)))
    return list as (number | null)[];
  throw expected(who, 'a list of positive integers or null for noiseShape', given);
}

/**
 * While training, sets a share of the numbers to 0, others each step, and scales the rest by 1 / (1 − rate) (with a rate of 1 all are 0); else passes its input on.
 * float32 of any shape, to the same. It has no weights. Srivastava et al., 2014.
 * https://keras.io/api/layers/regularization_layers/dropout/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1], a noiseShape or a seed that are none; `SHAPE`, when applied, where noiseShape
 *   does not fit.
 * @example layers.dropout({ rate: 0.5 });
 */
export const dropout = (options: DropoutOptions) => new Dropout(options);
