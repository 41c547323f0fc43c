import {
  type OptionNames,
  boolean,
  expected,
  integer,
  knownOptions,
  oneOf,
  wrongShape,
} from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { NDArray } from '../core/ndarray.js';
import { op } from '../core/op.js';
import { allocate } from '../core/tensor.js';
import type { Sym } from '../core/sym.js';
import { add, multiply } from './binary.js';
import { asSym, outcomeOf } from './composed.js';
import { type ComplexPair, extractSequences, irfft, rfft } from './fft.js';
import { reshape } from './shape.js';
import { pad } from './pad.js';
import { slice } from './slice.js';
import { toFloat32 } from './toFloat32.js';

/** What `ops.stft` takes. */
export interface StftOptions {
  /** What stretches are multiplied by: a name, numbers [sequenceLength], or null for ones. Default `hann`. */
  window?: 'hann' | 'hamming' | readonly number[] | Float32Array | null;
  /** Whether a stretch is centred on its place: then x is mirrored at its ends. Default true. */
  center?: boolean;
}

const stftNames = { window: 'optional', center: 'boolean' } satisfies OptionNames<StftOptions>;

/** The window in the middle of `fftLength` places, zeros around it. */
function windowOf(op: string, window: StftOptions['window'], length: number, fftLength: number): NDArray {
  const numbers = allocate(op, 'float32', fftLength);
  const start = Math.floor((fftLength - length) / 2);
  let at: (i: number) => number = () => 1;
  if (typeof window === 'string') {
    oneOf(op, 'window', window, ['hann', 'hamming']);
    const [a, b] = window === 'hann' ? [0.5, 0.5] : [0.54, 0.46];
    at = (i) => a - b * Math.cos((2 * Math.PI * i) / length);
  } else if (window !== null && window !== undefined) {
    const given: unknown = window;
    if (!(Array.isArray(given) || given instanceof Float32Array) || given.length !== length)
      throw expected(op, `'hann', 'hamming', null or ${length} numbers as window`, window);
    at = (i) => itemAt(window, i);
  }
  for (let i = 0; i < length; i++) numbers[start + i] = at(i);
  return new NDArray(numbers, [fftLength]);
}

/**
 * The short-time Fourier transform: {@link rfft} of stretches of x, one for each `sequenceStride` places. https://keras.io/api/ops/fft/
 *
 * @param x float32 [..., n], all axes after the first of known size but the last.
 * @param sequenceLength How long a stretch is.
 * @param sequenceStride How far stretches are apart.
 * @param fftLength At least as long as a stretch, which then has zeros around it.
 * @returns A pair [..., stretches, floor(fftLength / 2) + 1] of real and imaginary parts.
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 */
export const stft = op(
  'stft',
  <X extends Operand>(
    x: X,
    sequenceLength: number,
    sequenceStride: number,
    fftLength: number,
    options: StftOptions = {},
  ): [real: Outcome<X>, imaginary: Outcome<X>] => {
    knownOptions('stft', options, stftNames);
    const { window = 'hann', center = true } = options;
    boolean('stft', 'center', center);
    const length = integer('stft', 'sequenceLength', sequenceLength);
    const whole = integer('stft', 'fftLength', fftLength, length);
    const { shape } = typeOf(x);
    if (shape.length < 1) throw wrongShape('stft', 'numbers of rank 1 or more', shape);
    const half = Math.floor(whole / 2);
    const margins = shape.map((_, axis): [number, number] =>
      axis === shape.length - 1 ? [half, half] : [0, 0],
    );
    const floats = toFloat32(x);
    const around = center ? pad(floats, margins, { mode: 'reflect' }) : floats;
    const stretches = extractSequences(around, whole, sequenceStride);
    return rfft(multiply(stretches, windowOf('stft', window, length, whole))) as [Outcome<X>, Outcome<X>];
  },
);

/** What `ops.istft` takes. */
export interface IstftOptions extends StftOptions {
  /** How many places the result has: more are cut off, missing ones are 0. Default: as the stretches give. */
  length?: number | null;
}

const istftNames = { ...stftNames, length: 'optional' } satisfies OptionNames<IstftOptions>;

/** The sum of stretches [n, stretches, size] that begin `stride` places apart: [n, size + stride · (stretches − 1)]. */
function overlapped(x: Sym, stretches: number, size: number, stride: number): Sym {
  const pieces = Math.ceil(size / stride);
  const whole = pad(x, [
    [0, 0],
    [0, 0],
    [0, pieces * stride - size],
  ]);
  // Piece i of a stretch is i strides after its beginning.
  const sums = Array.from({ length: pieces }, (_, i) =>
    pad(slice(whole, [0, 0, i * stride], [-1, -1, stride]), [
      [0, 0],
      [i, pieces - 1 - i],
      [0, 0],
    ]),
  ).reduce((a, b) => add(a, b));
  const flat = reshape(sums, [-1, (stretches + pieces - 1) * stride]);
  return slice(flat, [0, 0], [-1, size + stride * (stretches - 1)]);
}

/**
 * The inverse of {@link stft}, given its arguments: {@link irfft} of each stretch, times the window, added up where they overlap, over the sum of
 * the squared windows there. https://keras.io/api/ops/fft/
 *
 * Where stretches are as long as `fftLength`, centred and have a window, that sum is of the stretches that are there, so that the ends come back;
 * else of endlessly many, as in Keras.
 *
 * @param x A pair [..., stretches, floor(fftLength / 2) + 1] of real and imaginary parts, all axes but the first of a batch of known size.
 * @param sequenceLength How long a stretch is.
 * @param sequenceStride How far stretches are apart.
 * @param fftLength At least as long as a stretch.
 * @returns float32 [..., n].
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 */
export const istft = op(
  'istft',
  <X extends Operand>(
    x: ComplexPair<X>,
    sequenceLength: number,
    sequenceStride: number,
    fftLength: number,
    options: IstftOptions = {},
  ): Outcome<X> => {
    knownOptions('istft', options, istftNames);
    const { window = 'hann', center = true } = options;
    boolean('istft', 'center', center);
    const size = integer('istft', 'sequenceLength', sequenceLength);
    const stride = integer('istft', 'sequenceStride', sequenceStride);
    const whole = integer('istft', 'fftLength', fftLength, size);
    const signal: Sym = asSym(irfft(x, { fftLength: whole }));
    const { shape } = typeOf(signal);
    const stretches = shape.at(-2) ?? -1;
    if (stretches < 1 || shape.slice(1, -2).some((n) => n < 0))
      throw wrongShape('istft', 'pairs [..., stretches, bins], all but the first size known', shape);
    const weights = windowOf('istft', window, size, whole).data;
    const count = whole + stride * (stretches - 1);
    const rows = reshape(signal, [-1, stretches, whole]);
    const windowed = window === null ? rows : multiply(rows, new NDArray(weights, [whole]));
    const scale = allocate('istft', 'float32', count).fill(1);
    if (window !== null) divideBy(scale, weights, stride, size === whole && center ? stretches : Infinity);
    const sums = multiply(overlapped(windowed, stretches, whole, stride), new NDArray(scale, [count]));
    const half = center ? Math.floor(whole / 2) : 0;
    const wanted = options.length ?? Math.max(0, count - 2 * half);
    integer('istft', 'length', wanted, 0);
    const there = Math.max(0, Math.min(wanted, count - half));
    const cut = pad(slice(sums, [0, half], [-1, there]), [
      [0, 0],
      [0, wanted - there],
    ]);
    const outer = shape.slice(0, -2);
    return outcomeOf(reshape(cut, outer.length === 0 ? [wanted] : [...outer, wanted]));
  },
);

/** Divides by the sum of the squared windows that overlap at each place. stretches: how many there are; endlessly many also before the first. */
function divideBy(
  scale: ReturnType<typeof allocate>,
  weights: ArrayLike<number>,
  stride: number,
  stretches: number,
): void {
  for (let place = 0; place < scale.length; place++) {
    let sum = 0;
    for (let at = place % stride; at < weights.length; at += stride) {
      const stretch = (place - at) / stride;
      if (stretches === Infinity || (stretch >= 0 && stretch < stretches)) sum += itemAt(weights, at) ** 2;
    }
    // Where every window is 0 nothing comes back.
    scale[place] = sum > 1e-11 ? 1 / sum : 0;
  }
}
