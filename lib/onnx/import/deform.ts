// DeformConv: a convolution whose pixels are read some way from where they would be. Dai et al., 2017; with a mask Zhu et al., 2019.
import { sizeOf } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, needsNumbers } from './call.js';
import { withBias } from './conv.js';
import { readBetween, taps } from './sampling.js';
import { type Window, windowCounts, windowOf } from './windows.js';

/** Where the window reads along each axis if nothing is offset, [1, taps, places]. */
function grid({ kernel, strides, dilations, pads }: Window, counts: readonly number[]): Sym[] {
  const [size, places] = [sizeOf(kernel), sizeOf(counts)];
  return kernel.map((own, axis) => {
    const [perTap, perPlace] = [sizeOf(kernel.slice(axis + 1)), sizeOf(counts.slice(axis + 1))];
    const at = Float32Array.from({ length: size * places }, (_, i) => {
      const [tap, place] = [Math.floor(i / places / perTap) % own, Math.floor((i % places) / perPlace)];
      return (
        (place % (counts[axis] ?? 1)) * (strides[axis] ?? 1) +
        tap * (dilations[axis] ?? 1) -
        (pads[axis]?.[0] ?? 0)
      );
    });
    return asSym(tensor(at, [1, size, places]));
  });
}

/** Checks what comes together. */
function checkShapes(call: Call, counts: readonly number[], parts: number, size: number): void {
  const [, channels = -1, ...sides] = call.shape(0);
  const check = (i: number, wanted: readonly number[]) => {
    const [, ...shape] = call.shape(i);
    if (shape.length !== wanted.length || shape.some((n, at) => n >= 0 && n !== wanted[at]))
      throw call.error(`[n, ${wanted.join(', ')}] as input ${i}`, `[${call.shape(i).join(', ')}]`, 'SHAPE');
  };
  if ([channels, ...sides].includes(-1)) throw needsNumbers(call.who, 'sizes of the images');
  if (channels % parts !== 0)
    throw call.error(`channels that offset_group ${parts} divides`, String(channels), 'SHAPE');
  check(2, [parts * size * sides.length, ...counts]);
  if (call.has(4)) check(4, [parts * size, ...counts]);
}

const deformConv: Handler = (call) => {
  const [x, filters, offsets] = [call.x(0), call.x(1), call.x(2)];
  const [, channels = 1, ...sides] = call.shape(0);
  const window = windowOf(call, call.ints('kernel_shape', filters.shape.slice(2)), sides);
  const counts = windowCounts(call, window, sides, false);
  const [group, parts] = [call.int('group', 1), call.int('offset_group', 1)];
  const [size, places] = [sizeOf(window.kernel), sizeOf(counts)];
  checkShapes(call, counts, parts, size);
  // Each part of the channels has its own offsets: as if it was an image.
  const flat = ops.transpose(ops.reshape(x, [-1, channels / parts, sizeOf(sides)]), [0, 2, 1]);
  const away = ops.reshape(offsets, [-1, size, sides.length, places]);
  const along = grid(window, counts).map((base, axis) => {
    const own = ops.squeeze(
      ops.stridedSlice(away, [0, 0, axis, 0], [Infinity, Infinity, axis + 1, Infinity]),
      2,
    );
    return taps(ops.reshape(ops.add(base, own), [-1, size * places]), 'linear');
  });
  const read = readBetween(flat, sides, along, true);
  const mask = call.maybe(4);
  const masked = mask ? ops.multiply(read, ops.reshape(mask, [-1, size * places, 1])) : read;
  // [n, part, tap, place, channel] as the columns of a product for each group.
  const apart = ops.reshape(masked, [-1, parts, size, places, channels / parts]);
  const [features, own] = filters.shape as readonly [number, number];
  const columns = ops.reshape(ops.transpose(apart, [0, 1, 4, 2, 3]), [-1, group, own * size, places]);
  const weights = ops.reshape(filters, [1, group, features / group, own * size]);
  const y = ops.reshape(ops.matmul(weights, columns), [-1, features, ...counts]);
  return withBias(y, call.maybe(3));
};

/** Convolutions with offsets. */
export const deformables: Handlers = { DeformConv: deformConv };
