import { expected, mismatch } from '../base/checks.js';
import { firstOf, itemAt } from '../base/list.js';
import { type Operand, apply, typeOf } from '../core/apply.js';
import { NDArray } from '../core/ndarray.js';
import { gather } from './gather.js';
import { reshape } from './shape.js';
import { pad } from './pad.js';
import { slice } from './slice.js';

/** Windows over axes, a number for each of them. @internal */
export interface Windows {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros around: none, as many as one window for each stride needs, or so many on both sides of each axis. */
  readonly padding: 'valid' | 'same' | readonly number[];
}

/** What windows of an axis read: how many there are, the zeros around, and the places that each reads. */
interface AxisWindows {
  readonly count: number;
  readonly pads: readonly [before: number, after: number];
  readonly indices: NDArray;
}

function axisWindows(op: string, n: number, windows: Windows, i: number): AxisWindows {
  if (n < 0) throw mismatch(op, 'sides of known size', 'an unknown one', 'SHAPE');
  const [size, stride, dilation] = [
    itemAt(windows.size, i),
    itemAt(windows.strides, i),
    itemAt(windows.dilations, i),
  ];
  const reach = (size - 1) * dilation + 1;
  const both = windows.padding === 'same' ? Math.max((Math.ceil(n / stride) - 1) * stride + reach - n, 0) : 0;
  const own = typeof windows.padding === 'string' ? undefined : itemAt(windows.padding, i);
  const pads: [number, number] = [own ?? Math.floor(both / 2), own ?? Math.ceil(both / 2)];
  const whole = n + pads[0] + pads[1];
  const count = Math.floor((whole - reach) / stride) + 1;
  if (count < 1) throw expected(op, `a side of at least ${reach}`, whole, 'SHAPE');
  const indices = Int32Array.from(
    { length: count * size },
    (_, at) => Math.floor(at / size) * stride + (at % size) * dilation,
  );
  return { count, pads, indices: new NDArray(indices, [indices.length]) };
}

const paddings = (rank: number, axes: readonly number[], along: readonly AxisWindows[]) =>
  Array.from({ length: rank }, (_, axis) => along[axes.indexOf(axis)]?.pads ?? ([0, 0] as const));

/**
 * What windows over axes of x see.
 *
 * @param axes Neighbouring ones, in their order. All axes after the first are of known size.
 * @returns `y`: x's shape with [count, size] in the place of each of the axes. `counts`: how many windows each axis has. @internal
 */
export function windowed(
  op: string,
  x: Operand,
  axes: readonly number[],
  windows: Windows,
): { y: Operand; counts: number[] } {
  const { shape } = typeOf(x);
  const along = axes.map((axis, i) => axisWindows(op, itemAt(shape, axis), windows, i));
  let y = along.some(({ pads }) => pads[0] + pads[1] > 0) ? pad(x, paddings(shape.length, axes, along)) : x;
  along.forEach(({ indices }, i) => (y = gather(y, indices, { axis: itemAt(axes, i) })));
  const apart = shape.flatMap((n, axis) => {
    const i = axes.indexOf(axis);
    return i < 0 ? [n] : [itemAt(along, i).count, itemAt(windows.size, i)];
  });
  return { y: reshape(y, apart), counts: along.map(({ count }) => count) };
}

/**
 * The transposed of {@link windowed}: adds what windows hold at the places that they see, and cuts the padding off.
 *
 * @param y As `windowed` gives it. All axes after the first are of known size.
 * @param axes The axes of the result, neighbouring ones, in their order.
 * @param sizes Of these axes.
 * @internal
 */
export function overlapped(
  op: string,
  y: Operand,
  axes: readonly number[],
  sizes: readonly number[],
  windows: Windows,
): Operand {
  const along = sizes.map((n, i) => axisWindows(op, n, windows, i));
  const { shape } = typeOf(y);
  const from = firstOf(axes);
  const to = from + 2 * axes.length;
  const merged = [...shape.slice(0, from), ...along.map(({ indices }) => indices.length), ...shape.slice(to)];
  let x = reshape(y, merged);
  along.forEach(({ pads, indices }, i) => {
    const axis = itemAt(axes, i);
    const whole = itemAt(sizes, i) + pads[0] + pads[1];
    // Read for its shape alone.
    const like = gather(x, new NDArray(new Int32Array(whole), [whole]), { axis });
    x = apply('gatherBackward', [x, indices, like], { axis });
  });
  const start = merged.map(() => 0);
  const size = merged.map(() => -1);
  axes.forEach((axis, i) => ([start[axis], size[axis]] = [itemAt(along, i).pads[0], itemAt(sizes, i)]));
  return slice(x, start, size);
}
