import type { Attrs, Shape } from '../engine.js';
import { EngineError } from '../errors.js';
import { Sym } from '../sym.js';
import { Tensor, tensor } from '../tensor.js';
import { Trace } from '../trace.js';
import { variable } from '../variable.js';
import { type Operand, type Outcome, apply, traceOf } from './apply.js';
import { add } from './binary.js';

export interface RandomOptions<K extends Sym | Tensor = Tensor> {
  /** The same seed gives the same numbers. By default a new one each time. */
  seed?: number;
  /** Instead of a seed: int32 [2], the seed and the step (see {@link randomKey}). */
  key?: K;
  /** Tells apart draws with one key. Default 0. */
  salt?: number;
}

/**
 * A key for random ops, int32 [2]: the seed and the number of the step. Inside {@link compile} the step counts up each
 * time the step runs, so that the same op draws new numbers; outside it is 0.
 *
 * @param seed An integer, of which the low 32 bits count. By default a random one.
 */
export function randomKey(seed?: number): Sym | Tensor {
  const trace = Trace.current;
  return trace ? stepKey(trace, seed) : keyTensor(seed);
}

/**
 * Sets a share of the elements to 0 and scales the others by 1 / (1 - rate). The mask depends on the key alone, never
 * on the number of threads.
 *
 * @param x float32 of any shape.
 * @param options `rate`: from 0 up to, not including, 1. `seed`, `key`, `salt`: as in the random ops; inside
 *   {@link compile} each step has a new mask.
 * @throws EngineError `ATTRIBUTE` for another rate.
 */
export function dropout<X extends Operand>(
  x: X,
  options: RandomOptions<Sym | Tensor> & { rate: number },
): Outcome<X> {
  const { key, salt } = drawOf(x, options);
  return apply<Operand>('dropout', [x, key], { rate: options.rate, salt }, 'float32') as Outcome<X>;
}

/**
 * x plus normal noise of mean 0, which depends on the key alone as {@link dropout}'s mask does.
 *
 * @param x float32 of any shape.
 * @param options `stddev`: 0 or more. `seed`, `key`, `salt`: as for `dropout`.
 * @throws EngineError `ATTRIBUTE` for a negative `stddev`.
 */
export function gaussianNoise<X extends Operand>(
  x: X,
  options: RandomOptions<Sym | Tensor> & { stddev: number },
): Outcome<X> {
  const { key, salt } = drawOf(x, options);
  const noise = apply<Operand>('randomNormal', [key, x], { stddev: options.stddev, salt }, 'float32');
  return add<Operand, Operand>(x, noise) as Outcome<X>;
}

/** The key and the salt of a draw beside x. */
function drawOf(x: Operand, { seed, key, salt }: RandomOptions<Sym | Tensor>) {
  const trace = traceOf([x]);
  // Two draws of one trace and seed must not be the same.
  const own = salt ?? (key === undefined ? trace?.nextSalt() : undefined) ?? 0;
  return { key: key ?? (trace ? stepKey(trace, seed) : keyTensor(seed)), salt: own };
}

/** Even numbers from `minval` (default 0) up to, not including, `maxval` (default 1). float32. */
export function randomUniform<K extends Sym | Tensor = Tensor>(
  shape: Shape,
  options: RandomOptions<K> & { minval?: number; maxval?: number } = {},
): Outcome<K> {
  const { minval = 0, maxval = 1 } = options;
  return draw('randomUniform', options, { shape, minval, maxval });
}

/** Normal numbers of `mean` (default 0) and `stddev` (default 1). float32. */
export function randomNormal<K extends Sym | Tensor = Tensor>(
  shape: Shape,
  options: RandomOptions<K> & { mean?: number; stddev?: number } = {},
): Outcome<K> {
  const { mean = 0, stddev = 1 } = options;
  return draw('randomNormal', options, { shape, mean, stddev });
}

/** As {@link randomNormal}, drawn again where they lie more than two standard deviations from the mean. */
export function truncatedNormal<K extends Sym | Tensor = Tensor>(
  shape: Shape,
  options: RandomOptions<K> & { mean?: number; stddev?: number } = {},
): Outcome<K> {
  const { mean = 0, stddev = 1 } = options;
  return draw('truncatedNormal', options, { shape, mean, stddev });
}

function draw<K extends Sym | Tensor>(op: string, options: RandomOptions<K>, attrs: Attrs): Outcome<K> {
  const { seed, key, salt = 0 } = options;
  return apply<Operand>(op, [key ?? keyTensor(seed)], { ...attrs, salt }) as Outcome<K>;
}

function keyTensor(seed = Math.floor(Math.random() * 2 ** 31)): Tensor {
  if (!Number.isSafeInteger(seed)) {
    throw new EngineError('ARGUMENT', `[random] expected an integer as seed, received ${String(seed)}`);
  }
  return tensor([seed | 0, 0], [2], 'int32');
}

const stepKeys = new WeakMap<Trace, Map<number | undefined, Sym>>();

/** The key of a trace for a seed: a hidden variable whose second number counts the steps. */
function stepKey(trace: Trace, seed: number | undefined): Sym {
  let keys = stepKeys.get(trace);
  if (!keys) stepKeys.set(trace, (keys = new Map<number | undefined, Sym>()));
  let key = keys.get(seed);
  if (!key) {
    const counter = variable(keyTensor(seed), { name: 'random key', trainable: false });
    key = trace.start(counter);
    trace.assign(counter, trace.op('add', [key, trace.lift(tensor([0, 1], [2], 'int32'))])[0]);
    keys.set(seed, key);
  }
  return key;
}
