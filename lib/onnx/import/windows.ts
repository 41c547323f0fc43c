// Windows over images [n, channels, …], as convolutions and poolings of ONNX have them.
import { sizeOf } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Call, needsNumbers } from './call.js';

/** A window over the spatial axes. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before and after each axis. */
  readonly pads: readonly (readonly [number, number])[];
}

/** The sizes of the spatial axes; -1 where one is not known. */
export const sidesOfImage = (x: Sym): readonly number[] => x.shape.slice(2);

/** How far a window with dilations reaches. */
export const reach = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** Whether the engine pads, so much as sizes need that it knows when the network runs. */
export const padsItself = (call: Call): boolean =>
  call.text('auto_pad', 'NOTSET', ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']) === 'SAME_UPPER';

/** The window that a node's attributes describe. */
export function windowOf(call: Call, kernel: readonly number[], sides: readonly number[]): Window {
  const ones = sides.map(() => 1);
  const strides = call.ints('strides', ones);
  const dilations = call.ints('dilations', ones);
  const auto = call.text('auto_pad', 'NOTSET', ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']);
  const given = call.ints(
    'pads',
    sides.flatMap(() => [0, 0]),
  );
  if (kernel.length !== sides.length || strides.length !== sides.length || dilations.length !== sides.length)
    throw call.error(`numbers for ${sides.length} spatial axes`, `kernel [${kernel.join(', ')}]`, 'SHAPE');
  const pads = sides.map((size, i): [number, number] => {
    if (auto === 'VALID') return [0, 0];
    if (auto === 'NOTSET') return [given[i] ?? 0, given[i + sides.length] ?? 0];
    const stride = strides[i] ?? 1;
    const wide = reach(kernel[i] ?? 1, dilations[i] ?? 1);
    if (size < 0 && stride > 1) throw needsNumbers(call.who, 'a size of the image');
    const total =
      stride === 1 ? wide - 1 : Math.max(0, (Math.ceil(size / stride) - 1) * stride + wide - size);
    const [small, large] = [Math.floor(total / 2), Math.ceil(total / 2)];
    return auto === 'SAME_UPPER' ? [small, large] : [large, small];
  });
  return { kernel, strides, dilations, pads };
}

/** How many windows fit along each axis. `ceil`: also one that begins within, though it ends beyond. */
export function windowCounts(call: Call, window: Window, sides: readonly number[], ceil: boolean): number[] {
  return sides.map((size, i) => {
    if (size < 0) throw needsNumbers(call.who, 'a size of the image');
    const [before, after] = window.pads[i] ?? [0, 0];
    const stride = window.strides[i] ?? 1;
    const left = size + before + after - reach(window.kernel[i] ?? 1, window.dilations[i] ?? 1);
    const count = (ceil ? Math.ceil(left / stride) : Math.floor(left / stride)) + 1;
    return ceil && (count - 1) * stride >= size + before ? count - 1 : count;
  });
}

/**
 * The numbers of every window, in a new last axis: [n, channels, counts …, window].
 *
 * @param outside What is around the image.
 */
export function windowsOf(x: Sym, window: Window, counts: readonly number[], outside: number): Sym {
  const sides = sidesOfImage(x);
  const padded = ops.pad(
    x,
    [
      [0, 0],
      [0, 0],
      ...sides.map((size, i): [number, number] => {
        const [before] = window.pads[i] ?? [0, 0];
        const last = ((counts[i] ?? 1) - 1) * (window.strides[i] ?? 1);
        const end = last + reach(window.kernel[i] ?? 1, window.dilations[i] ?? 1);
        return [before, Math.max(0, end - before - size)];
      }),
    ],
    { constantValues: outside },
  );
  let y = padded;
  // Axis 2 + i becomes counts[i], and the window's own axis comes to the end.
  sides.forEach((_, i) => {
    const [count, taps] = [counts[i] ?? 1, window.kernel[i] ?? 1];
    const places = Int32Array.from({ length: count * taps }, (_, at) => {
      const [place, tap] = [Math.floor(at / taps), at % taps];
      return place * (window.strides[i] ?? 1) + tap * (window.dilations[i] ?? 1);
    });
    y = ops.moveaxis(ops.gather(y, asSym(tensor(places, [count, taps])), { axis: 2 + i }), 3 + i, -1);
  });
  const shape = y.shape.slice(0, 2 + sides.length);
  const taps = sizeOf(window.kernel);
  return ops.reshape(
    y,
    [...shape.map((n) => n), taps].map((n, i) => (i === 0 && n < 0 ? -1 : n)),
  );
}

/** Images [n, channels, …] of the windows [n, channels · window, counts] that show them: each pixel is the sum of what windows have there. */
export function imagesOf(call: Call, x: Sym, window: Window, sides: readonly number[]): Sym {
  const counts = windowCounts(call, window, sides, false);
  const [taps, places] = [sizeOf(window.kernel), sizeOf(counts)];
  const [n, columns] = call.knownShape(0) as readonly [number, number, number];
  if (columns % taps !== 0 || x.shape[2] !== places)
    throw call.error(`[n, channels · ${taps}, ${places}]`, `[${x.shape.join(', ')}]`, 'SHAPE');
  const around = sides.map((size, i) => size + (window.pads[i]?.[0] ?? 0) + (window.pads[i]?.[1] ?? 0));
  const at = Int32Array.from({ length: taps * places }, (_, i) => {
    let [tap, place, pixel, unit] = [Math.floor(i / places), i % places, 0, 1];
    for (let axis = sides.length - 1; axis >= 0; axis--) {
      const [kernel, count] = [window.kernel[axis] ?? 1, counts[axis] ?? 1];
      const along =
        (place % count) * (window.strides[axis] ?? 1) + (tap % kernel) * (window.dilations[axis] ?? 1);
      pixel += unit * along;
      unit *= around[axis] ?? 1;
      [tap, place] = [Math.floor(tap / kernel), Math.floor(place / count)];
    }
    return pixel;
  });
  const channels = n * (columns / taps);
  const rows = ops.transpose(ops.reshape(x, [channels, taps * places]));
  const sums = ops.scatter(asSym(tensor(at, [at.length, 1])), rows, [sizeOf(around), channels]);
  const whole = ops.reshape(ops.transpose(sums), [n, columns / taps, ...around]);
  const start = [0, 0, ...window.pads.map(([before]) => before)];
  return ops.slice(whole, start, [n, columns / taps, ...sides]);
}
