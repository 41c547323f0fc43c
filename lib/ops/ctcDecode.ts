import {
  type OptionNames,
  boolean,
  expected,
  integer,
  knownOptions,
  oneOf,
  wrongShape,
} from '../base/checks.js';
import { atLeast, itemAt } from '../base/list.js';
import { type Operand, type Outcome, indexOperand, typeOf } from '../core/apply.js';
import type { NDArray } from '../core/ndarray.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { type Tensor, tensor } from '../core/tensor.js';
import { equal, greaterEqual, logicalAnd, multiply, subtract, where } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { convertToNumpy } from './creation.js';
import { takeAlongAxis } from './indexing.js';
import { positions } from './positions.js';
import { argmax, max, sum } from './reduce.js';
import { expandDims } from './shape.js';
import { concatenate, slice, stridedSlice } from './slice.js';
import { argsort } from './sorting.js';
import { toFloat32 } from './toFloat32.js';
import { cast, negative } from './unary.js';

/** What `ops.ctcDecode` takes. */
export interface CtcDecodeOptions {
  /** The most likely class of each step, or the most likely labels that a search finds. Default `greedy`. */
  strategy?: 'greedy' | 'beamSearch';
  /** How many beginnings a search goes on with. Default 100. */
  beamWidth?: number;
  /** How many results of a search to give, at most `beamWidth`. Default 1. */
  topPaths?: number;
  /** Whether `greedy` takes equal classes of steps in a row as one. Default true. */
  mergeRepeated?: boolean;
  /** The class that stands for no label. Default 0. */
  maskIndex?: number;
}

const names = {
  strategy: 'optional',
  beamWidth: 'optional',
  topPaths: 'optional',
  mergeRepeated: 'boolean',
  maskIndex: 'optional',
} satisfies OptionNames<CtcDecodeOptions>;

/**
 * The labels that the output of a model trained with {@link ctcLoss} stands for. https://keras.io/api/ops/nn/
 *
 * `greedy` takes the largest logit of each step. `beamSearch` adds up the probabilities of all ways to the same labels and goes on with the most
 * likely beginnings; it reads the numbers and blocks the event loop until they are there, so it takes no symbolic values. Graves, Supervised Sequence
 * Labelling with Recurrent Neural Networks, 2012, 7.5.3.
 *
 * @param inputs Logits [n, steps, classes].
 * @param sequenceLengths int32 [n]: how many steps of each count.
 * @param options `strategy`: default `greedy`. `beamWidth`: default 100. `topPaths`: default 1. `mergeRepeated`: default true. `maskIndex`: default 0.
 * @returns The labels, int32 [1 or topPaths, n, steps], filled up with -1; and float32 [n, 1 or topPaths]: of `greedy` minus the sum of the logits, of
 *   `beamSearch` the logarithm of the probability, -Infinity where there are fewer results.
 * @throws EngineError `SHAPE`; `ARGUMENT` for other options, and for symbolic values with `beamSearch`.
 * @example
 *     const [labels] = ops.ctcDecode([[[0, 2, 0], [0, 2, 0], [2, 0, 0], [0, 0, 2]]], [4]); // 1, 2, -1, -1
 */
export const ctcDecode = op(
  'ctcDecode',
  <X extends Operand, L extends Operand>(
    inputs: X,
    sequenceLengths: L,
    options: CtcDecodeOptions = {},
  ): [labels: Outcome<X | L>, scores: Outcome<X | L>] => {
    knownOptions('ctcDecode', options, names);
    const { strategy = 'greedy', mergeRepeated = true } = options;
    oneOf('ctcDecode', 'strategy', strategy, ['greedy', 'beamSearch']);
    boolean('ctcDecode', 'mergeRepeated', mergeRepeated);
    const { shape } = typeOf(inputs);
    const classes = shape[2] ?? -1;
    if (shape.length !== 3 || classes < 1) throw wrongShape('ctcDecode', 'logits [n, steps, classes]', shape);
    const blank = integer('ctcDecode', 'maskIndex', options.maskIndex ?? 0, 0);
    if (blank >= classes) throw expected('ctcDecode', `a maskIndex below ${classes}`, blank);
    const width = integer('ctcDecode', 'beamWidth', options.beamWidth ?? 100);
    const paths = integer('ctcDecode', 'topPaths', options.topPaths ?? 1);
    if (paths > width) throw expected('ctcDecode', `at most beamWidth, ${width}, as topPaths`, paths);
    const lengths = indexOperand(sequenceLengths);
    const given = typeOf(lengths).shape;
    if (given.length !== 1 || !(given[0] === shape[0] || given[0] === -1 || shape[0] === -1))
      throw wrongShape('ctcDecode', 'a length for each sample', given);
    const made =
      strategy === 'greedy'
        ? greedy(asSym(inputs), asSym(lengths), blank, mergeRepeated)
        : searched(inputs as Tensor, lengths as Tensor, { blank, width, paths });
    return [outcomeOf(made[0]), outcomeOf(made[1])];
  },
);

function greedy(x: Sym, lengths: Sym, blank: number, merge: boolean): readonly [Sym, Sym] {
  const largest = cast(argmax(x, { axis: -1 }), 'int32');
  const over = greaterEqual(asSym(positions(toFloat32(x), 1)), expandDims(toFloat32(lengths), 1));
  const steps = where(over, blank, largest);
  // Before the first step there is no class.
  const none = subtract(multiply(slice(steps, [0, 0], [-1, 1]), 0), 1);
  const before = stridedSlice(concatenate([none, steps], { axis: 1 }), [0, 0], [Infinity, -1]);
  const repeated = merge ? equal(steps, before) : logicalAnd(over, false);
  const labels = where(repeated, blank, steps);
  const out = equal(labels, blank);
  // Places stay in their order where they are equal.
  const order = argsort(cast(out, 'int32'), { axis: 1 });
  const kept = takeAlongAxis(where(out, -1, labels), order, { axis: 1 });
  const scores = sum(where(over, 0, max(toFloat32(x), { axis: -1 })), { axis: 1, keepDims: true });
  return [expandDims(kept, 0), negative(scores)];
}

/** The beginning of a sequence of labels: the logarithms of the probabilities that the last step was a label, and that it was none. */
interface Beginning {
  readonly labels: readonly number[];
  label: number;
  none: number;
}

/** log(eᵃ + eᵇ). */
function joined(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === -Infinity ? high : high + Math.log1p(Math.exp(low - high));
}

const total = ({ label, none }: Beginning): number => joined(label, none);

function searched(
  inputs: Tensor,
  sequenceLengths: Tensor,
  { blank, width, paths }: { blank: number; width: number; paths: number },
): readonly [Tensor, Tensor] {
  const x: NDArray = convertToNumpy(inputs);
  const lengths = convertToNumpy(sequenceLengths).data;
  const [n, steps, classes] = atLeast(x.shape, 3);
  const labels = new Int32Array(paths * n * steps).fill(-1);
  const scores = new Float32Array(n * paths).fill(-Infinity);
  for (let sample = 0; sample < n; sample++) {
    let beginnings: Beginning[] = [{ labels: [], label: -Infinity, none: 0 }];
    const count = Math.min(Math.max(itemAt(lengths, sample), 0), steps);
    for (let step = 0; step < count; step++) {
      const from = (sample * steps + step) * classes;
      beginnings = extended(beginnings, logSoftmax(x.data.slice(from, from + classes)), blank);
      beginnings.sort((a, b) => total(b) - total(a));
      beginnings.length = Math.min(beginnings.length, width);
    }
    for (const [path, found] of beginnings.slice(0, paths).entries()) {
      labels.set(found.labels, (path * n + sample) * steps);
      scores[sample * paths + path] = total(found);
    }
  }
  return [tensor(labels, [paths, n, steps]), tensor(scores, [n, paths])];
}

function logSoftmax(logits: ArrayLike<number>): number[] {
  const list = Array.from(logits);
  const largest = list.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = list.reduce((all, logit) => all + Math.exp(logit - largest), 0);
  return list.map((logit) => logit - largest - Math.log(sum));
}

/** Each beginning with each class after it; ways to the same labels are added up. */
function extended(
  beginnings: readonly Beginning[],
  probabilities: readonly number[],
  blank: number,
): Beginning[] {
  const made = new Map<string, Beginning>();
  const at = (labels: readonly number[]): Beginning => {
    const key = labels.join();
    let found = made.get(key);
    if (!found) made.set(key, (found = { labels, label: -Infinity, none: -Infinity }));
    return found;
  };
  for (const { labels, label, none } of beginnings)
    for (const [next, p] of probabilities.entries()) {
      if (next === blank) {
        const same = at(labels);
        same.none = joined(same.none, joined(label, none) + p);
      } else if (next === labels.at(-1)) {
        // The same label again goes on, after none it is another one.
        const same = at(labels);
        same.label = joined(same.label, label + p);
        const more = at([...labels, next]);
        more.label = joined(more.label, none + p);
      } else {
        const more = at([...labels, next]);
        more.label = joined(more.label, joined(label, none) + p);
      }
    }
  return [...made.values()].filter((beginning) => total(beginning) > -Infinity);
}
