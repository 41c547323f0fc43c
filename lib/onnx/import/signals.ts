// Fourier transforms, and what is used with them.
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, needsNumbers, typed } from './call.js';

/** x along its last axis cut off at a length, or with zeros up to it. */
function ofLength(x: Sym, length: number): Sym {
  const size = x.shape.at(-1) ?? 0;
  if (size === length) return x;
  if (size > length) return ops.slice(x, Array<number>(x.rank).fill(0), [...x.shape.slice(0, -1), length]);
  const none = x.shape.slice(0, -1).map((): [number, number] => [0, 0]);
  return ops.pad(x, [...none, [0, length - size]]);
}

/** Of numbers [..., 1] or pairs of real and imaginary parts [..., 2]. */
const dft: Handler = (call) => {
  const x = call.x(0);
  const given = call.opset < 20 ? call.int('axis', 1) : call.has(2) ? call.number(2) : -2;
  const axis = call.axis(given, x.rank);
  const [parts = 0, size = -1] = [x.shape.at(-1), x.shape[axis]];
  const [isInverse, isHalf] = [call.flag('inverse'), call.flag('onesided')];
  if (parts !== 1 && parts !== 2) throw call.error('a last axis of 1 or 2', String(parts), 'SHAPE');
  if (axis === x.rank - 1) throw call.error('an axis before the last', String(given));
  if (size < 0) throw needsNumbers(call.who, 'a size of the transformed axis');
  // Half of the numbers of what becomes real again: the others follow.
  const isReal = isInverse && isHalf;
  const length = call.has(1) ? call.number(1) : isReal ? 2 * (size - 1) : size;
  const kept = isReal ? Math.floor(length / 2) + 1 : length;
  const [re, im = ops.zerosLike(re as Sym)] = ops
    .split(x, parts, { axis: -1 })
    .map((part) => ofLength(ops.moveaxis(ops.squeeze(part, -1), axis, -1), kept));
  const made = transformed(re as Sym, im, length, isInverse, isReal);
  const half = isHalf && !isInverse ? Math.floor(length / 2) + 1 : length;
  return ops.stack(
    made.map((part) => ops.moveaxis(ofLength(part, half), -1, axis)),
    { axis: -1 },
  );
};

function transformed(re: Sym, im: Sym, length: number, isInverse: boolean, isReal: boolean): readonly Sym[] {
  if (isReal) return [ops.irfft([re, im], { fftLength: length })];
  if (!isInverse) return ops.fft([re, im]);
  const [imaginary, real] = ops.fft([im, re]);
  return [ops.divide(real, length), ops.divide(imaginary, length)];
}

/** Transforms of frames of a signal [n, length, 1 or 2]: [n, frames, bins, 2]. */
const stft: Handler = (call) => {
  const x = call.x(0);
  const [parts = 0, size = -1] = [x.shape.at(-1), x.shape[1]];
  if (x.rank !== 3 || (parts !== 1 && parts !== 2))
    throw call.error('a signal [n, length, 1 or 2]', `[${x.shape.join(', ')}]`, 'SHAPE');
  const step = call.number(1);
  const window = call.maybe(2);
  const length = call.has(3) ? call.number(3) : (window?.shape[0] ?? size);
  if (size < 0 || length < 0) throw needsNumbers(call.who, 'a length of the signal');
  if (window && window.shape[0] !== length)
    throw call.error(`a window of ${length} numbers`, String(window.shape[0]), 'SHAPE');
  const [re, im = ops.zerosLike(re as Sym)] = ops.split(x, parts, { axis: -1 }).map((part) => {
    const frames = ops.extractSequences(ops.squeeze(part, -1), length, step);
    return window ? ops.multiply(frames, window) : frames;
  });
  const half = call.flag('onesided', true) ? Math.floor(length / 2) + 1 : length;
  return ops.stack(
    ops.fft([re as Sym, im]).map((part) => ofLength(part, half)),
    { axis: -1 },
  );
};

/** The numbers of a window: a sum of cosines, 0 to 2 turns over its length. */
const cosines =
  (...factors: readonly number[]): Handler =>
  (call) => {
    const size = call.number(0);
    const turn = (2 * Math.PI) / (call.flag('periodic', true) ? size : size - 1);
    const at = (_: unknown, i: number) =>
      factors.reduce((sum, factor, k) => sum + factor * Math.cos(k * i * turn), 0);
    return known(call, Float32Array.from({ length: size }, at), [size]);
  };

const known = (call: Call, numbers: Float32Array, shape: readonly number[]) =>
  typed(asSym(tensor(numbers, shape)), call.typeNamed('output_datatype', 'FLOAT'));

/** Triangles over the bins of a transform, one for each band of the mel scale: [bins, bands]. */
const melWeights: Handler = (call) => {
  const [bands, length, rate, low, high] = [0, 1, 2, 3, 4].map((i) => call.number(i)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const mel = (hertz: number) => (2595 * Math.log1p(hertz / 700)) / Math.LN10;
  const step = (mel(high) - mel(low)) / (bands + 2);
  const edges = Array.from({ length: bands + 2 }, (_, i) => {
    const hertz = 700 * Math.expm1(((i * step + mel(low)) / 2595) * Math.LN10);
    return Math.floor(((length + 1) * hertz) / rate);
  });
  const bins = Math.floor(length / 2) + 1;
  const numbers = new Float32Array(bins * bands);
  for (let band = 0; band < bands; band++) {
    const [left = 0, middle = 0, right = 0] = edges.slice(band, band + 3);
    for (let bin = Math.max(0, left); bin <= Math.min(right, bins - 1); bin++) {
      const rising = middle === left ? 1 : (bin - left) / (middle - left);
      const falling = (right - bin) / (right - middle);
      numbers[bin * bands + band] = bin < middle || right === middle ? (bin <= middle ? rising : 0) : falling;
    }
  }
  return known(call, numbers, [bins, bands]);
};

export const signals: Handlers = {
  DFT: dft,
  STFT: stft,
  HannWindow: cosines(0.5, -0.5),
  HammingWindow: cosines(25 / 46, -21 / 46),
  BlackmanWindow: cosines(0.42, -0.5, 0.08),
  MelWeightMatrix: melWeights,
};
