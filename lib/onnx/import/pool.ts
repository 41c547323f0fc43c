import { sizeOf } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, typed } from './call.js';
import {
  type Window,
  imagesOf,
  padsItself,
  sidesOfImage,
  windowCounts,
  windowOf,
  windowsOf,
} from './windows.js';

const isPlain = ({ dilations }: Window) => dilations.every((n) => n === 1);

/** The options of a pooling whose images have sizes that are not known, where the engine pads them; undefined: not so. */
function openPool(call: Call, sides: readonly number[]) {
  const ones = sides.map(() => 1);
  const isOwn = sides.includes(-1) && padsItself(call) && call.ints('dilations', ones).every((n) => n === 1);
  if (!isOwn || call.flag('ceil_mode') || call.flag('count_include_pad')) return undefined;
  return {
    ...{ poolSize: call.ints('kernel_shape'), strides: call.ints('strides', ones) },
    ...({ padding: 'same', dataFormat: 'channelsFirst' } as const),
  };
}

/** The window's paddings, with what the last windows need beyond the image. */
function wholePads(
  call: Call,
  window: Window,
  sides: readonly number[],
): readonly (readonly [number, number])[] {
  if (!call.flag('ceil_mode')) return window.pads;
  const counts = windowCounts(call, window, sides, true);
  return window.pads.map(([before], i): [number, number] => {
    const end = ((counts[i] ?? 1) - 1) * (window.strides[i] ?? 1) + (window.kernel[i] ?? 1);
    return [before, Math.max(0, end - before - (sides[i] ?? 0))];
  });
}

const fits = (pads: Window['pads'], kernel: readonly number[]) =>
  pads.every(([before, after], i) => Math.max(before, after) < (kernel[i] ?? 1));

const maxPool: Handler = (call) => {
  const x = ops.cast(call.x(0), 'float32');
  const sides = sidesOfImage(x);
  const open = call.outputs < 2 && openPool(call, sides);
  if (open) return typed(ops.maxPool(x, open), call.type());
  const window = windowOf(call, call.ints('kernel_shape'), sides);
  const options = { poolSize: window.kernel, strides: window.strides, dataFormat: 'channelsFirst' } as const;
  if (call.outputs < 2 && isPlain(window)) {
    const padding = wholePads(call, window, sides);
    if (fits(padding, window.kernel)) return typed(ops.maxPool(x, { ...options, padding }), call.type());
  }
  const counts = windowCounts(call, window, sides, call.flag('ceil_mode'));
  const windows = windowsOf(x, window, counts, -Infinity);
  const y = typed(ops.max(windows, { axis: -1 }), call.type());
  if (call.outputs < 2) return y;
  return [y, typed(placesOf(call, window, counts, windows), 'INT64')];
};

/** The places of the largest numbers of windows, counted over the whole input. */
function placesOf(call: Call, window: Window, counts: readonly number[], windows: Sym): Sym {
  const shape = call.knownShape(0);
  const [n, channels, ...sides] = shape as readonly [number, number, ...number[]];
  const size = sizeOf(sides);
  const byColumn = call.int('storage_order', 0) === 1;
  const own = Float32Array.from({ length: size }, (_, at) => {
    if (!byColumn) return at;
    let [rest, place, step] = [at, 0, size];
    const places = [...sides].reverse().map((side) => {
      const here = rest % side;
      rest = Math.floor(rest / side);
      return here;
    });
    places.forEach((here, i) => {
      step /= sides[sides.length - 1 - i] ?? 1;
      place += here * step;
    });
    return place;
  });
  const each = windowsOf(asSym(tensor(own, [1, 1, ...sides])), window, counts, 0);
  const first = ops.expandDims(ops.argmax(windows, { axis: -1 }), -1);
  const inside = ops.takeAlongAxis(ops.broadcastTo(each, windows.shape), first, { axis: -1 });
  const image = Float32Array.from({ length: n * channels }, (_, i) => i * size);
  const start = ops.reshape(asSym(tensor(image)), [n, channels, ...sides.map(() => 1)]);
  return ops.add(ops.squeeze(inside, -1), start);
}

const averagePool: Handler = (call) => {
  const x = call.x(0);
  const sides = sidesOfImage(x);
  const open = openPool(call, sides);
  if (open) return ops.averagePool(x, open);
  const window = windowOf(call, call.ints('kernel_shape'), sides);
  const counted = call.flag('count_include_pad');
  const options = { poolSize: window.kernel, strides: window.strides, dataFormat: 'channelsFirst' } as const;
  const none = window.pads.flat().every((n) => n === 0);
  if (isPlain(window) && !call.flag('ceil_mode') && fits(window.pads, window.kernel)) {
    if (!counted || none) return ops.averagePool(x, { ...options, padding: window.pads });
    return ops.averagePool(ops.pad(x, [[0, 0], [0, 0], ...window.pads]), options);
  }
  const counts = windowCounts(call, window, sides, call.flag('ceil_mode'));
  const total = ops.sum(windowsOf(x, window, counts, 0), { axis: -1 });
  // Ones where a window counts: on the image, and with count_include_pad on its paddings.
  const around = window.pads.map(([before, after]) => (counted ? before + after : 0));
  const ones = ops.ones([1, 1, ...sides.map((side, i) => side + (around[i] ?? 0))]);
  const over = counted ? { ...window, pads: window.pads.map((): [number, number] => [0, 0]) } : window;
  const numbers = ops.sum(windowsOf(asSym(ones), over, counts, 0), { axis: -1 });
  return ops.divide(total, numbers);
};

const lpPool: Handler = (call) => {
  const x = call.x(0);
  const p = call.int('p', 2);
  const sides = sidesOfImage(x);
  const window = windowOf(call, call.ints('kernel_shape'), sides);
  const counts = windowCounts(call, window, sides, call.flag('ceil_mode'));
  const powers = ops.power(ops.abs(windowsOf(x, window, counts, 0)), p);
  return ops.power(ops.sum(powers, { axis: -1 }), 1 / p);
};

const spatialAxes = (x: Sym) => [...x.shape.keys()].slice(2);

const overImage =
  (formula: (x: Sym, axis: readonly number[], call: Call) => Sym): Handler =>
  (call) =>
    formula(call.x(0), spatialAxes(call.x(0)), call);

/** Numbers back at the places from which a pooling took them. */
const maxUnpool: Handler = (call) => {
  const [x, places] = [call.x(0), call.x(1)];
  const [n = 0, channels = 0, ...sides] = call.knownShape(0);
  const kernel = call.ints('kernel_shape');
  const strides = call.ints(
    'strides',
    kernel.map(() => 1),
  );
  const pads = call.ints(
    'pads',
    kernel.flatMap(() => [0, 0]),
  );
  const natural = sides.map(
    (side, i) =>
      (side - 1) * (strides[i] ?? 1) + (kernel[i] ?? 1) - (pads[i] ?? 0) - (pads[i + sides.length] ?? 0),
  );
  const shape = call.has(2) ? call.numbers(2) : [n, channels, ...natural];
  // The places count over the natural size, also where a larger one is asked for.
  const own = [n, channels, ...natural];
  const whole = ops.scatter(ops.reshape(places, [-1, 1]), ops.reshape(x, [-1]), [sizeOf(own)]);
  const more = own.map((size, i): [number, number] => [0, (shape[i] ?? size) - size]);
  return ops.pad(ops.reshape(whole, own), more);
};

const col2im: Handler = (call) => {
  const sides = call.numbers(1);
  return imagesOf(call, call.x(0), windowOf(call, call.numbers(2), sides), sides);
};

/** Poolings, and windows back as images. */
export const poolings: Handlers = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  MaxUnpool: maxUnpool,
  Col2Im: col2im,
  GlobalAveragePool: overImage((x, axis) => ops.mean(x, { axis, keepDims: true })),
  GlobalMaxPool: overImage((x, axis) => ops.max(x, { axis, keepDims: true })),
  GlobalLpPool: overImage((x, axis, call) => {
    const p = call.int('p', 2);
    return ops.power(ops.sum(ops.power(ops.abs(x), p), { axis, keepDims: true }), 1 / p);
  }),
};
