import { type OptionNames, axisNumber, knownOptions } from '../base/checks.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { axisOf, sizeAlong } from '../ops/axis.js';
import { outcomeOf } from '../ops/composed.js';
import { gather } from '../ops/gather.js';
import { randomUniform } from '../ops/random.js';
import { argsort } from '../ops/sorting.js';
import { copy } from '../ops/unary.js';
import { type SeedOptions, keyOf } from './seedGenerator.js';

/** What {@link shuffle} takes. */
export interface ShuffleOptions extends SeedOptions {
  /** Which axis. Default 0. */
  axis?: number;
}

const shuffleNames = { axis: 'optional', seed: 'optional' } satisfies OptionNames<ShuffleOptions>;

/**
 * What there is along an axis in a random order, the same order at each place of the other axes.
 * https://keras.io/api/random/random_ops/#shuffle-function
 *
 * @param x Of any dtype and at least one axis, whose size is known.
 * @returns Of x's shape and dtype.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example random.shuffle([1, 2, 3], { seed: 1 });
 */
export const shuffle = op(
  'random.shuffle',
  <X extends Operand>(x: X, options: ShuffleOptions = {}): Outcome<X> => {
    const who = 'random.shuffle';
    knownOptions(who, options, shuffleNames);
    const { shape } = typeOf(x);
    const axis = axisOf(who, axisNumber(who, options.axis ?? 0), shape.length);
    const size = sizeAlong(who, shape, axis);
    // Where there are no numbers, the size of an axis may be one of which no order fits in memory.
    if (shape.includes(0)) return copy(x);
    const drawn: Operand = randomUniform([size], { key: keyOf(who, options) });
    return outcomeOf(gather(x, argsort(drawn), { axis }));
  },
);
