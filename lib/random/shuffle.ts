import { type OptionNames, axisNumber, knownOptions } from '../base/checks.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { type Tensor, full, tensor } from '../core/tensor.js';
import { axisOf, sizeAlong } from '../ops/axis.js';
import { greater, less, where } from '../ops/binary.js';
import { outcomeOf } from '../ops/composed.js';
import { gather } from '../ops/gather.js';
import { randomUniform } from '../ops/random.js';
import { concatenate, slice } from '../ops/slice.js';
import { cast, copy } from '../ops/unary.js';
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
    return outcomeOf(gather(x, order(size, keyOf(who, options)), { axis }));
  },
);

/**
 * The numbers from 0 up to size in the order of even numbers drawn for them, by Batcher's bitonic network (1968): its comparisons
 * depend on the size alone, so a graph holds them.
 */
function order(size: number, key: Tensor | undefined): Operand {
  const padded = 2 ** Math.ceil(Math.log2(size));
  const places = Int32Array.from({ length: padded }, (_, i) => i);
  const constant = <T extends Int32Array | Uint8Array>(data: T) => tensor(data, [padded]);
  // What fills up the network is larger than what is drawn, and stays at the end.
  const drawn = randomUniform([size], { key }) as Operand;
  let keys: Operand = concatenate([drawn, full([padded - size], 2)]);
  let indices: Operand = constant(places);
  for (let run = 2; run <= padded; run *= 2)
    for (let step = run / 2; step >= 1; step /= 2) {
      const partner = constant(places.map((i) => i ^ step));
      const takesLess = constant(
        Uint8Array.from(places, (i) => Number(((i & run) === 0) === ((i & step) === 0))),
      );
      const others: Operand = gather(keys, partner);
      const swaps: Operand = where(cast(takesLess, 'bool'), less(others, keys), greater(others, keys));
      keys = where(swaps, others, keys);
      indices = where(swaps, gather(indices, partner), indices);
    }
  return slice(indices, [0], [size]);
}
