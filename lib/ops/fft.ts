import { type OptionNames, expected, integer, knownOptions, wrongShape } from '../base/checks.js';
import { asSym, outcomeOf } from './composed.js';
import { atLeast, itemAt } from '../base/list.js';
import { type Operand, type Outcome, applyAll, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { add, multiply } from './binary.js';
import { arange, zerosLike } from './creation.js';
import { gather } from './gather.js';
import { flip, swapaxes } from './manipulate.js';
import { pad } from './pad.js';
import { partOf } from './partOf.js';
import { places } from './positions.js';
import { expandDims } from './shape.js';
import { concatenate, slice } from './slice.js';
import { toFloat32 } from './toFloat32.js';
import { negative } from './unary.js';
import { windowed } from './windows.js';
import type { Sym } from '../core/sym.js';

/** A complex value: its real and its imaginary part, of one shape. */
export type ComplexPair<X> = readonly [real: X, imaginary: X];

/** What `ops.rfft` and `ops.irfft` take. */
export interface RfftOptions {
  /** The length of the real numbers, which are cut or filled up with zeros. By default that of x; of `irfft` 2 (n - 1). */
  fftLength?: number;
}

const rfftNames = { fftLength: 'optional' } satisfies OptionNames<RfftOptions>;

type Pair = [real: Operand, imaginary: Operand];

function pairOf(op: string, x: ComplexPair<Operand>, rank: number): Pair {
  if (!Array.isArray(x) || x.length !== 2) throw expected(op, 'a pair of real and imaginary parts', x);
  const [real, imaginary] = atLeast(x as readonly Operand[], 2);
  const [shape, other] = [typeOf(real).shape, typeOf(imaginary).shape];
  if (
    shape.length !== other.length ||
    shape.some((n, i) => n !== other[i] && n >= 0 && itemAt(other, i) >= 0)
  )
    throw wrongShape(op, `an imaginary part [${shape.join(', ')}], as the real part is`, other);
  if (shape.length < rank) throw wrongShape(op, `parts of rank ${rank} or more`, shape);
  return [toFloat32(real), toFloat32(imaginary)];
}

function lengthOf(op: string, x: Operand, axis = -1): number {
  const { shape } = typeOf(x);
  const n = shape.at(axis);
  if (n === undefined) throw wrongShape(op, 'numbers of rank 1 or more', shape);
  if (n < 0) throw wrongShape(op, 'a last axis of known size', shape);
  return n;
}

const transform = (x: Pair, inverse = false): Pair => applyAll('fft', x, { inverse }, 2) as Pair;
const scaled = (x: Pair, factor: number): Pair => x.map((part) => multiply(part, factor)) as Pair;
const turned = (x: Pair): Pair => x.map((part) => swapaxes(part, -1, -2)) as Pair;

/** A part of the last axis. */
function part(x: Sym, from: number, size: number): Sym {
  const lead = typeOf(x).shape.slice(0, -1);
  return slice(x, [...lead.map(() => 0), from], [...lead.map(() => -1), size]);
}

/** The last axis cut, or filled up with zeros. */
function resized(x: Sym, n: number, length: number): Sym {
  if (n >= length) return n === length ? x : part(x, 0, length);
  const none = typeOf(x)
    .shape.slice(0, -1)
    .map((): [number, number] => [0, 0]);
  return pad(x, [...none, [0, length - n]]);
}

/**
 * The discrete Fourier transform along the last axis, of any length. Computed in float64. https://keras.io/api/ops/fft/
 *
 * @param x A pair of real and imaginary parts, [..., n].
 * @returns A pair of that shape.
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 * @example ops.fft([[1, 2], [0, 0]]); // [[3, -1], [0, 0]]
 */
export const fft = op(
  'fft',
  <X extends Operand>(x: ComplexPair<X>): [real: Outcome<X>, imaginary: Outcome<X>] =>
    transform(pairOf('fft', x, 1)) as [Outcome<X>, Outcome<X>],
);

/**
 * {@link fft} along the last two axes. https://keras.io/api/ops/fft/
 *
 * @param x A pair of real and imaginary parts, [..., m, n].
 * @returns A pair of that shape.
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 */
export const fft2 = op(
  'fft2',
  <X extends Operand>(x: ComplexPair<X>): [real: Outcome<X>, imaginary: Outcome<X>] =>
    turned(transform(turned(transform(pairOf('fft2', x, 2))))) as [Outcome<X>, Outcome<X>],
);

/**
 * The inverse of {@link fft2}: divided by m n. https://keras.io/api/ops/fft/
 *
 * @param x A pair of real and imaginary parts, [..., m, n], the last two of known size.
 * @returns A pair of that shape.
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 */
export const ifft2 = op(
  'ifft2',
  <X extends Operand>(x: ComplexPair<X>): [real: Outcome<X>, imaginary: Outcome<X>] => {
    const pair = pairOf('ifft2', x, 2);
    const count = lengthOf('ifft2', pair[0], -2) * lengthOf('ifft2', pair[0]);
    const made = turned(transform(turned(transform(pair, true)), true));
    return scaled(made, 1 / count) as [Outcome<X>, Outcome<X>];
  },
);

function lengthOption(op: string, options: RfftOptions, fallback: number): number {
  knownOptions(op, options, rfftNames);
  return integer(op, 'fftLength', options.fftLength ?? fallback);
}

/**
 * {@link fft} of real numbers: the half of it from which the rest follows. https://keras.io/api/ops/fft/
 *
 * @param x [..., n], the last of known size.
 * @returns A pair [..., floor(fftLength / 2) + 1].
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 */
export const rfft = op(
  'rfft',
  <X extends Operand>(x: X, options: RfftOptions = {}): [real: Outcome<X>, imaginary: Outcome<X>] => {
    const n = lengthOf('rfft', x);
    const length = lengthOption('rfft', options, n);
    const real = resized(toFloat32(asSym(x)), n, length);
    const [a, b] = transform([real, zerosLike(real)]);
    const half = Math.floor(length / 2) + 1;
    return [part(asSym(a), 0, half), part(asSym(b), 0, half)] as [Outcome<X>, Outcome<X>];
  },
);

/**
 * The inverse of {@link rfft}. https://keras.io/api/ops/fft/
 *
 * @param x A pair [..., n], the last of known size. Imaginary parts that real numbers do not have (the first, and of an even length the
 *   last) are not read.
 * @returns [..., fftLength].
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 */
export const irfft = op(
  'irfft',
  <X extends Operand>(x: ComplexPair<X>, options: RfftOptions = {}): Outcome<X> => {
    const pair = pairOf('irfft', x, 1);
    const n = lengthOf('irfft', pair[0]);
    const length = lengthOption('irfft', options, 2 * (n - 1));
    const half = Math.floor(length / 2) + 1;
    const [real, imaginary] = atLeast(
      pair.map((of) => resized(asSym(of), n, half)),
      2,
    );
    // The other half: backwards, without what stands alone, and conjugate.
    const paired = length - half;
    const back = (of: Sym): Sym => flip(part(of, 1, paired), { axis: -1 });
    const alone = (of: Sym, from: number, size: number): Sym => zerosLike(part(of, from, size));
    const middle = [
      alone(imaginary, 0, 1),
      part(imaginary, 1, paired),
      alone(imaginary, paired + 1, half - paired - 1),
    ];
    const whole: Pair =
      paired === 0
        ? [real, zerosLike(imaginary)]
        : [
            concatenate([real, back(real)], { axis: -1 }),
            concatenate([...middle, negative(back(imaginary))], { axis: -1 }),
          ];
    return multiply(transform(whole, true)[0], 1 / length) as Outcome<X>;
  },
);

/**
 * The stretches of the last axis, one from each `sequenceStride`-th place on, as far as they are within it. https://keras.io/api/ops/fft/
 *
 * @param x [..., n], all axes after the first of known size but the last.
 * @param sequenceLength How long a stretch is, at most n.
 * @param sequenceStride How far they are apart.
 * @returns [..., stretches, sequenceLength].
 * @throws EngineError `ARGUMENT`, `SHAPE`.
 * @example ops.extractSequences([1, 2, 3, 4], 2, 1); // [[1, 2], [2, 3], [3, 4]]
 */
export const extractSequences = op(
  'extractSequences',
  <X extends Operand>(x: X, sequenceLength: number, sequenceStride: number): Outcome<X> => {
    const size = integer('extractSequences', 'sequenceLength', sequenceLength);
    const stride = integer('extractSequences', 'sequenceStride', sequenceStride);
    const { shape } = typeOf(x);
    const axis = shape.length - 1;
    if (shape.at(-1) === -1) {
      // A stretch from every stride-th place on that is at least a stretch before the end.
      const heads = partOf(asSym(x), axis, size - 1, Infinity, stride);
      const starts = multiply(places(heads, axis), stride);
      return outcomeOf(gather(asSym(x), add(expandDims(starts, 1), arange(0, size, 1, 'int32')), { axis }));
    }
    lengthOf('extractSequences', x);
    const windows = { size: [size], strides: [stride], dilations: [1], padding: 'valid' } as const;
    return windowed('extractSequences', x, [axis], windows).y as Outcome<X>;
  },
);
