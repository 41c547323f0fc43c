import { type OptionNames, knownOptions, seedOf } from '../base/checks.js';
import type { Attrs, Shape } from '../engine/engine.js';
import { followSeed, nextSeed } from '../core/seed.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { Sym } from '../core/sym.js';
import { Tensor, tensor } from '../core/tensor.js';
import { type LoopStep, Trace } from '../core/trace.js';
import { type Variable, variable } from '../core/variable.js';
import { type Operand, type Outcome, apply, traceOf } from '../core/apply.js';
import { add } from './binary.js';
import { op } from '../core/op.js';

/** What all ops of random numbers take. */
export interface RandomOptions<K extends Sym | Tensor = Tensor> {
  /** The same seed gives the same numbers. By default a new one each time. */
  seed?: number;
  /** Instead of a seed: int32 [2], the seed and the step (see {@link randomKey}). */
  key?: K;
  /** Tells apart draws with one key. Default 0. */
  salt?: number;
}

/** What `ops.dropout` takes. */
export interface DropoutOptions extends RandomOptions<Sym | Tensor> {
  /** The share of elements that become 0, from 0 up to, not including, 1. */
  rate: number;
}

/** What `ops.gaussianNoise` takes. */
export interface GaussianNoiseOptions extends RandomOptions<Sym | Tensor> {
  /** The standard deviation, 0 or more. */
  stddev: number;
}

/** What `ops.randomUniform` takes. */
export interface RandomUniformOptions<K extends Sym | Tensor = Tensor> extends RandomOptions<K> {
  /** The lower bound. Default 0. */
  minval?: number;
  /** The upper bound, not included. Default 1. */
  maxval?: number;
}

/** What `ops.randomNormal` and `ops.truncatedNormal` take. */
export interface RandomNormalOptions<K extends Sym | Tensor = Tensor> extends RandomOptions<K> {
  /** The mean. Default 0. */
  mean?: number;
  /** The standard deviation. Default 1. */
  stddev?: number;
}

const randomNames = {
  seed: 'optional',
  key: 'optional',
  salt: 'optional',
} satisfies OptionNames<RandomOptions>;
const dropoutNames = { rate: 'required', ...randomNames } satisfies OptionNames<DropoutOptions>;
const gaussianNoiseNames = { stddev: 'required', ...randomNames } satisfies OptionNames<GaussianNoiseOptions>;
const randomUniformNames = {
  minval: 'optional',
  maxval: 'optional',
  ...randomNames,
} satisfies OptionNames<RandomUniformOptions>;
const randomNormalNames = {
  mean: 'optional',
  stddev: 'optional',
  ...randomNames,
} satisfies OptionNames<RandomNormalOptions>;

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
export const dropout = op('dropout', <X extends Operand>(x: X, options: DropoutOptions): Outcome<X> => {
  knownOptions('dropout', options, dropoutNames);
  const { key, salt } = drawOf(traceOf([x]), options);
  return apply('dropout', [x, key], { rate: options.rate, salt }, 'float32');
});

/**
 * x plus normal noise of mean 0, which depends on the key alone as {@link dropout}'s mask does.
 *
 * @param x float32 of any shape.
 * @param options `stddev`: 0 or more. `seed`, `key`, `salt`: as for `dropout`.
 * @throws EngineError `ATTRIBUTE` for a negative `stddev`.
 */
export const gaussianNoise = op(
  'gaussianNoise',
  <X extends Operand>(x: X, options: GaussianNoiseOptions): Outcome<X> => {
    knownOptions('gaussianNoise', options, gaussianNoiseNames);
    const { key, salt } = drawOf(traceOf([x]), options);
    const noise = apply('randomNormal', [key, x], { stddev: options.stddev, salt }, 'float32');
    return add(x, noise);
  },
);

/**
 * Even numbers from `minval` (default 0) up to, not including, `maxval` (default 1).
 * https://keras.io/api/random/random_ops/#uniform-function
 *
 * @param shape A shape, or a tensor or symbolic value that has it (also where its batch is known only when the step runs).
 * @param options Without `seed` and `key` each call draws anew, inside {@link compile} and in layers each step; `setSeed`
 *   repeats them all. With one the numbers are the same each time.
 * @returns float32.
 * @example ops.randomUniform([2, 3], { minval: -1, maxval: 1 });
 */
export const randomUniform: DrawUniform = op('randomUniform', (shape, options = {}) => {
  knownOptions('randomUniform', options, randomUniformNames);
  const { minval = 0, maxval = 1 } = options;
  return draw('randomUniform', shape, options, { minval, maxval });
});

/**
 * Normal numbers of `mean` (default 0) and `stddev` (default 1); all else as {@link randomUniform}.
 * https://keras.io/api/random/random_ops/#normal-function
 */
export const randomNormal: DrawNormal = op('randomNormal', (shape, options = {}) => {
  knownOptions('randomNormal', options, randomNormalNames);
  const { mean = 0, stddev = 1 } = options;
  return draw('randomNormal', shape, options, { mean, stddev });
});

/** As {@link randomNormal}, drawn again where they are more than two standard deviations from the mean. */
export const truncatedNormal: DrawNormal = op('truncatedNormal', (shape, options = {}) => {
  knownOptions('truncatedNormal', options, randomNormalNames);
  const { mean = 0, stddev = 1 } = options;
  return draw('truncatedNormal', shape, options, { mean, stddev });
});

function draw<L extends Shaped, K extends Sym | Tensor>(
  op: string,
  shape: L,
  options: RandomOptions<K>,
  attrs: Attrs,
): Drawn<L, K> {
  const like = shape instanceof Sym || shape instanceof Tensor ? shape : undefined;
  // A given seed makes the same numbers in every step, so they need no trace.
  const trace = options.seed === undefined ? Trace.current : undefined;
  const { key, salt } = drawOf(traceOf(like ? [like] : []) ?? trace, options, options.seed === undefined);
  const inputs = like ? [key, like] : [key];
  return apply(op, inputs, {
    ...attrs,
    ...(like ? {} : { shape: shape as Shape }),
    salt,
  }) as Drawn<L, K>;
}

/** What has a shape: that of what is drawn. */
type Shaped = Shape | KerasTensor | Sym | Tensor;
/** What a draw of the shape of L with the key K gives. */
type Drawn<L, K extends Sym | Tensor> = L extends Sym | KerasTensor ? L : Outcome<K>;
/** {@link randomUniform}. Draws numbers that are even. */
type DrawUniform = <L extends Shaped, K extends Sym | Tensor = Tensor>(
  shape: L,
  options?: RandomUniformOptions<K>,
) => Drawn<L, K>;
/** {@link randomNormal}. Draws normal numbers. */
type DrawNormal = <L extends Shaped, K extends Sym | Tensor = Tensor>(
  shape: L,
  options?: RandomNormalOptions<K>,
) => Drawn<L, K>;

/** The key and the salt of a draw. steps: whether each step of the trace is to have other numbers. */
function drawOf(trace: Trace | undefined, { seed, key, salt }: RandomOptions<Sym | Tensor>, steps = true) {
  // Two draws of one trace and seed must not be the same.
  const own = salt ?? (key === undefined && steps ? trace?.nextSalt() : undefined) ?? 0;
  return { key: key ?? (trace && steps ? stepKey(trace, seed) : keyTensor(seed)), salt: own };
}

function keyTensor(seed = nextSeed()): Tensor {
  seedOf('random', seed);
  return tensor([seed | 0, 0], [2], 'int32');
}

const stepKeys = new WeakMap<Trace, Map<number, Sym>>();

/** The key of a trace for a seed: a hidden variable whose second number counts the runs, changed by the steps of loops. */
function stepKey(trace: Trace, seed: number | undefined): Sym {
  if (seed === undefined) return (trace.key ??= counted(trace, sharedKey()));
  let keys = stepKeys.get(trace);
  if (!keys) stepKeys.set(trace, (keys = new Map<number, Sym>()));
  let key = keys.get(seed);
  if (!key) {
    key = counted(trace, variable(keyTensor(seed), { name: 'random key', trainable: false }));
    keys.set(seed, key);
  }
  return keyOfStep(trace, key, trace.loop);
}

/** A key that each step of the loops that are being traced changes: 32 bits of odd multiples of their numbers, added to the seed. */
function keyOfStep(trace: Trace, key: Sym, loop: LoopStep | undefined, factor = 0x9e3779b9): Sym {
  if (!loop) return key;
  const outer = keyOfStep(trace, key, loop.outer, Math.imul(factor, 0x9e3779b1));
  const multiplier = trace.lift(tensor([factor | 0, 0], [2], 'int32'));
  return trace.op('add', [outer, trace.op('multiply', [multiplier, loop.number])[0]])[0];
}

/** The key that a variable holds at the start of the step, which counts on. */
function counted(trace: Trace, counter: Variable): Sym {
  const key = trace.start(counter);
  trace.count(counter, trace.op('add', [key, trace.lift(tensor([0, 1], [2], 'int32'))])[0]);
  return key;
}

let shared: Variable | undefined;

/** The key of all traced functions and models whose draws have no seed: each step of any of them counts it on. */
function sharedKey(): Variable {
  if (!shared) {
    const seed = followSeed((chosen) => shared?.assign(Int32Array.of(chosen | 0, 0)));
    shared = variable(keyTensor(seed), { name: 'random key', trainable: false });
  }
  return shared;
}
