import { type OptionNames, expected, integer, knownOptions, wrongShape } from '../base/checks.js';
import { asSym, outcomeOf } from './composed.js';
import { itemAt } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { tensor } from '../core/tensor.js';
import { einsum } from './einsum.js';
import { gather } from './gather.js';
import { max } from './reduce.js';
import { type DataFormat, type Sides, dataFormatOf, sidesOf } from './window.js';
import type { Sym } from '../core/sym.js';

/** What `ops.adaptiveAveragePool` and `ops.adaptiveMaxPool` take. */
export interface AdaptivePoolOptions {
  /** How many places come out along each spatial axis, or one number for all. */
  outputSize: Sides;
  /** The order of the axes: `channelsLast`, [n, …, channels], or `channelsFirst`, [n, channels, …]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

const names = { outputSize: 'required', dataFormat: 'optional' } satisfies OptionNames<AdaptivePoolOptions>;

/** From which place up to, not including, which one a window reaches. */
type Window = readonly [from: number, to: number];

const isList = (value: unknown): boolean => Array.isArray(value);

/** An op along each spatial axis in turn: what the windows make of an axis. */
const adaptive = (name: string, along: (x: Sym, axis: number, windows: readonly Window[]) => Sym) =>
  op(name, <T extends Operand>(x: T, options: AdaptivePoolOptions): Outcome<T> => {
    knownOptions(name, options, names);
    const { shape } = typeOf(x);
    const spatial = shape.length - 2;
    if (spatial < 1 || spatial > 3)
      throw wrongShape(name, 'an image [n, …, channels] with 1 to 3 spatial axes', shape);
    const first = dataFormatOf(name, options.dataFormat, 'ATTRIBUTE') === 'channelsFirst' ? 2 : 1;
    const sizes: readonly number[] = sidesOf(options.outputSize, spatial);
    if (!isList(sizes) || sizes.length !== spatial)
      throw expected(name, `one outputSize, or one for each of ${spatial} spatial axes`, options.outputSize);
    const pooled = sizes.reduce((y, size, i) => {
      integer(name, 'outputSize', size);
      const length = itemAt(shape, first + i);
      if (length < 1) throw wrongShape(name, 'known sizes along the spatial axes', shape);
      const windows = Array.from({ length: size }, (_, place): Window => {
        return [Math.floor((place * length) / size), Math.ceil(((place + 1) * length) / size)];
      });
      return along(y, first + i, windows);
    }, asSym(x));
    return outcomeOf(pooled);
  });

/**
 * The mean of each of as many windows as are to come out, which share the image out among them as evenly as whole places allow, and may
 * overlap: the i-th of k goes from ⌊i · length / k⌋ to ⌈(i + 1) · length / k⌉. https://keras.io/api/ops/nn/#adaptive_average_pool-function
 *
 * @param x float32: [n, length, channels], [n, height, width, channels] or [n, depth, height, width, channels]; the spatial sizes known.
 * @returns [n, ...outputSize, channels].
 * @throws EngineError `SHAPE` for another rank and unknown sizes, `ARGUMENT` for an outputSize that is no positive integer.
 * @example ops.adaptiveAveragePool(zeros([1, 7, 5, 3]), { outputSize: 2 });
 */
export const adaptiveAveragePool = adaptive('adaptiveAveragePool', (x, axis, windows) => {
  const { shape } = typeOf(x);
  const length = itemAt(shape, axis);
  // A product with the share that each place has of each window.
  const shares = new Float32Array(windows.length * length);
  windows.forEach(([from, to], i) => shares.fill(1 / (to - from), i * length + from, i * length + to));
  const letters = 'abcde'.slice(0, shape.length);
  const own = letters.charAt(axis);
  const made = letters.replace(own, 'z');
  return einsum(`${letters},z${own}->${made}`, x, asSym(tensor(shares, [windows.length, length])));
});

/**
 * The largest number of each of as many windows as are to come out, chosen as {@link adaptiveAveragePool} says.
 * https://keras.io/api/ops/nn/#adaptive_max_pool-function
 *
 * @param x float32, as {@link adaptiveAveragePool} takes it.
 * @returns [n, ...outputSize, channels].
 * @throws EngineError as {@link adaptiveAveragePool}.
 * @example ops.adaptiveMaxPool(zeros([1, 7, 5, 3]), { outputSize: [3, 2] });
 */
export const adaptiveMaxPool = adaptive('adaptiveMaxPool', (x, axis, windows) => {
  const width = Math.max(...windows.map(([from, to]) => to - from));
  // Shorter windows see their last place again.
  const rows = windows.flatMap(([from, to]) =>
    Array.from({ length: width }, (_, i) => Math.min(from + i, to - 1)),
  );
  const indices = tensor(Int32Array.from(rows), [windows.length, width]);
  return max(gather(x, indices, { axis }), { axis: axis + 1 });
});
