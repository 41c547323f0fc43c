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
import { multiply } from './binary.js';
import { extractSequences, rfft } from './fft.js';
import { pad } from './slice.js';
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
 * @param x float32 [..., n], all axes after the first of known size.
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
    const floats = toFloat32<Operand>(x);
    const around = center ? pad(floats, margins, { mode: 'reflect' }) : floats;
    const stretches = extractSequences<Operand>(around, whole, sequenceStride);
    return rfft(multiply<Operand, Operand>(stretches, windowOf('stft', window, length, whole))) as [
      Outcome<X>,
      Outcome<X>,
    ];
  },
);
