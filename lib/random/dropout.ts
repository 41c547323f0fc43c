import { type OptionNames, fraction, knownOptions } from '../base/checks.js';
import { type Operand, type Outcome } from '../core/apply.js';
import { op } from '../core/op.js';
import { asSym, outcomeOf } from '../ops/composed.js';
import { convertToTensor } from '../ops/creation.js';
import { dropped, maskOf } from '../ops/noiseShape.js';
import { type SeedOptions, keyOf } from './seedGenerator.js';

/** What {@link dropout} takes. */
export interface DropoutOptions extends SeedOptions {
  /** 1 along axes whose places are dropped together, null or the input's size along others. Default the input's shape. */
  noiseShape?: readonly (number | null)[] | null;
}

const dropoutNames = { noiseShape: 'optional', seed: 'optional' } satisfies OptionNames<DropoutOptions>;

/**
 * Sets a share of the numbers to 0 and scales the others by 1 / (1 - rate).
 * https://keras.io/api/random/random_ops/#dropout-function
 *
 * @param inputs float32 of any shape.
 * @param rate From 0 to 1.
 * @returns float32 of the inputs' shape.
 * @throws EngineError `ARGUMENT` for another rate, `SHAPE` for a `noiseShape` that does not fit.
 * @example random.dropout(tensor([1, 2, 3]), 0.5, { seed: 1 });
 */
export const dropout = op(
  'random.dropout',
  <X extends Operand>(inputs: X, rate: number, options: DropoutOptions = {}): Outcome<X> => {
    const who = 'random.dropout';
    knownOptions(who, options, dropoutNames);
    fraction(who, 'rate', rate);
    const x = asSym(convertToTensor(inputs));
    const mask = maskOf(who, x, options.noiseShape ?? undefined);
    return outcomeOf(dropped(x, mask, { rate, key: keyOf(who, options) }));
  },
);
