// Fourier transforms.
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { type Handler, type Handlers, needsNumbers } from './call.js';

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
  if (size < 0 && !call.has(1)) throw needsNumbers(call.who, 'a size of the transformed axis');
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

export const signals: Handlers = { DFT: dft };
