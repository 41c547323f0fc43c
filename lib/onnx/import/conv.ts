import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, needsNumbers, typed } from './call.js';
import { type Window, padsItself, reach, sidesOfImage, windowOf } from './windows.js';
import { FORMATS } from '../dtypes.js';

/** Filters [filters, channels, …] as ops take them: […, channels, filters]. */
const kernelOf = (filters: Sym): Sym =>
  ops.transpose(filters, [...filters.shape.keys()].slice(2).concat([1, 0]));

/** Adds a number to each channel of [n, channels, …]. */
export const withBias = (y: Sym, bias: Sym | undefined): Sym =>
  bias === undefined ? y : ops.biasAdd(y, bias, { dataFormat: 'channelsFirst' });

/** What is not negative of paddings is padded by the convolution, the rest cut off before. */
function cropped(x: Sym, pads: Window['pads']): Sym {
  if (pads.flat().every((n) => n >= 0)) return x;
  const cut = (n: number) => Math.max(0, -n);
  return ops.stridedSlice(
    x,
    [0, 0, ...pads.map(([before]) => cut(before))],
    [Infinity, Infinity, ...pads.map(([, after]) => (after < 0 ? after : Infinity))],
  );
}

/** The convolution of [n, channels, …] with filters [filters, channels / groups, …]. */
function convolved(call: Call, x: Sym, filters: Sym): Sym {
  const sides = sidesOfImage(x);
  if (sides.includes(-1) && padsItself(call)) {
    const ones = sides.map(() => 1);
    return ops.conv(x, kernelOf(filters), {
      strides: call.ints('strides', ones),
      dilationRate: call.ints('dilations', ones),
      padding: 'same',
      groups: call.int('group', 1),
      dataFormat: 'channelsFirst',
    });
  }
  const window = windowOf(call, call.ints('kernel_shape', filters.shape.slice(2)), sides);
  return ops.conv(cropped(x, window.pads), kernelOf(filters), {
    strides: window.strides,
    dilationRate: window.dilations,
    padding: window.pads.map(([before, after]): [number, number] => [
      Math.max(0, before),
      Math.max(0, after),
    ]),
    groups: call.int('group', 1),
    dataFormat: 'channelsFirst',
  });
}

const conv: Handler = (call) => withBias(convolved(call, call.x(0), call.x(1)), call.maybe(2));

/** Whole numbers less their zero point, as float32; along axis 0 of filters there may be a zero point each. */
export function lessZero(call: Call, i: number, zero: number): Sym {
  const x = ops.cast(call.x(i), 'float32');
  if (!call.has(zero)) return x;
  const point = ops.cast(call.x(zero), 'float32');
  const each = point.rank === 1 && x.rank > 1 && point.shape[0] !== 1;
  return ops.subtract(
    x,
    each ? ops.reshape(point, [-1, ...Array<number>(x.rank - 1).fill(1)]) : ops.reshape(point, []),
  );
}

/** Sums of up to 2²⁴ are exact. */
const convInteger: Handler = (call) =>
  typed(convolved(call, lessZero(call, 0, 2), lessZero(call, 1, 3)), 'INT32');

const qLinearConv: Handler = (call) => {
  const x = ops.multiply(lessZero(call, 0, 2), ops.reshape(call.x(1), []));
  const scale = call.x(4);
  const filters = lessZero(call, 3, 5);
  const each = scale.rank === 1 && scale.shape[0] !== 1;
  const scaled = ops.multiply(
    filters,
    each ? ops.reshape(scale, [-1, ...Array<number>(filters.rank - 1).fill(1)]) : ops.reshape(scale, []),
  );
  const y = convolved(call, x, scaled);
  const bias = call.maybe(8);
  const units = ops.multiply(ops.reshape(call.x(1), []), scale.rank === 1 ? scale : ops.reshape(scale, [1]));
  const whole = bias && ops.multiply(ops.cast(bias, 'float32'), units);
  return requantized(call, withBias(y, whole && ops.broadcastTo(whole, [filters.shape[0] ?? 1])), 6, 7);
};

/** Floats as whole numbers of the zero point's type. */
export function requantized(call: Call, y: Sym, scale: number, zero: number) {
  const type = call.type(zero);
  const [least, most] = FORMATS[type].range ?? [0, 255];
  const places = ops.round(ops.divide(y, ops.reshape(call.x(scale), [])));
  const moved = ops.add(places, ops.reshape(ops.cast(call.x(zero), 'float32'), []));
  return typed(ops.clip(moved, least, most), type);
}

const convTranspose: Handler = (call) => {
  const [x, filters] = [call.x(0), call.x(1)];
  const groups = call.int('group', 1);
  const sides = sidesOfImage(x);
  const ones = sides.map(() => 1);
  const kernel = call.ints('kernel_shape', filters.shape.slice(2));
  const strides = call.ints('strides', ones);
  const dilations = call.ints('dilations', ones);
  const added = call.ints(
    'output_padding',
    sides.map(() => 0),
  );
  const auto = call.text('auto_pad', 'NOTSET', ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']);
  const given = call.ints(
    'pads',
    sides.flatMap(() => [0, 0]),
  );
  const wanted = call.given('output_shape') ? call.ints('output_shape').slice(-sides.length) : undefined;
  const full = sides.map((size, i) => {
    if (size < 0 && (wanted || auto.startsWith('SAME'))) throw needsNumbers(call.who, 'a size of the image');
    return (size - 1) * (strides[i] ?? 1) + (added[i] ?? 0) + reach(kernel[i] ?? 1, dilations[i] ?? 1);
  });
  const pads = sides.map((size, i): [number, number] => {
    const goal = wanted?.[i] ?? (auto.startsWith('SAME') ? size * (strides[i] ?? 1) : undefined);
    if (goal === undefined) return auto === 'VALID' ? [0, 0] : [given[i] ?? 0, given[i + sides.length] ?? 0];
    const total = (full[i] ?? 0) - goal;
    if (total < 0) return [0, total];
    const half = Math.trunc(total / 2);
    return auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
  });
  // What is added at the end beyond the strides has no place in the op: zeros follow.
  const within = added.map((n, i) => Math.min(n, (strides[i] ?? 1) - 1));
  const one = (image: Sym, part: Sym): Sym =>
    ops.convTranspose(image, ops.transpose(part, [...part.shape.keys()].slice(2).concat([1, 0])), {
      strides,
      dilationRate: dilations,
      outputPadding: within,
      dataFormat: 'channelsFirst',
    });
  const made =
    groups === 1
      ? one(x, filters)
      : ops.concatenate(
          ops.split(x, groups, { axis: 1 }).map((part, i) => one(part, ops.split(filters, groups)[i] as Sym)),
          { axis: 1 },
        );
  const more = sides.map((_, i) => (added[i] ?? 0) - (within[i] ?? 0));
  const around = pads.map(([before, after], i) => [-before, (more[i] ?? 0) - after] as const);
  return withBias(padded(cropped(made, around), around), call.maybe(2));
};

/** Zeros where paddings are positive. */
function padded(x: Sym, pads: Window['pads']): Sym {
  const zeros = pads.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)]);
  return zeros.flat().every((n) => n === 0) ? x : ops.pad(x, [[0, 0], [0, 0], ...zeros]);
}

/** Convolutions. */
export const convolutions: Handlers = {
  Conv: conv,
  ConvTranspose: convTranspose,
  ConvInteger: convInteger,
  QLinearConv: qLinearConv,
};
