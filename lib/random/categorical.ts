import { type OptionNames, integer, knownOptions, oneOf, wrongShape } from '../base/checks.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { zeros } from '../core/tensor.js';
import { add } from '../ops/binary.js';
import { asSym, outcomeOf } from '../ops/composed.js';
import { randomUniform } from '../ops/random.js';
import { argmax } from '../ops/reduce.js';
import { expandDims } from '../ops/shape.js';
import { toFloat32 } from '../ops/toFloat32.js';
import { cast, log, negative } from '../ops/unary.js';
import { type SeedOptions, keyOf } from './seedGenerator.js';

/** What {@link categorical} takes. */
export interface CategoricalOptions extends SeedOptions {
  /** Default int32. */
  dtype?: 'int32' | 'uint8' | 'float32';
}

const categoricalNames = { dtype: 'optional', seed: 'optional' } satisfies OptionNames<CategoricalOptions>;

/**
 * Classes, each as likely as its logit says, by the largest of logits and Gumbel noise (Gumbel, 1954).
 * https://keras.io/api/random/random_ops/#categorical-function
 *
 * @param logits float32 [batch, classes]: logarithms of probabilities, up to a number that all of a row share.
 * @param numSamples How many for each row, 1 or more.
 * @returns [batch, numSamples], int32 or the dtype.
 * @throws EngineError `SHAPE`, `ARGUMENT`.
 * @example random.categorical([[0, Math.log(3)]], 5); // three of four are 1
 */
export const categorical = op(
  'random.categorical',
  <X extends Operand>(logits: X, numSamples: number, options: CategoricalOptions = {}): Outcome<X> => {
    const who = 'random.categorical';
    knownOptions(who, options, categoricalNames);
    const dtype = oneOf(who, 'dtype', options.dtype ?? 'int32', ['int32', 'uint8', 'float32'] as const);
    const { shape } = typeOf(logits);
    if (shape.length !== 2 || shape[1] === 0) throw wrongShape(who, 'logits [batch, classes]', shape);
    const x = toFloat32(asSym(logits));
    const each = add(expandDims(x, 1), zeros([integer(who, 'numSamples', numSamples), 1]));
    const even = randomUniform(each, { key: keyOf(who, options) });
    const gumbel = negative(log(negative(log(even))));
    return outcomeOf(cast(argmax(add(each, gumbel), { axis: -1 }), dtype));
  },
);
