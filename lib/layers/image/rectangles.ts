import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import type { Size } from '../../ops/image/sizes.js';
import * as ops from '../../ops/index.js';
import { positions } from '../../ops/positions.js';
import type { DataFormat } from '../../ops/window.js';
import { type Draws, perImage } from './draws.js';

/**
 * A rectangle in each image, whose sides are shares of the image's.
 *
 * @param across Its width as a share of the image's, float32 [n].
 * @param down Its height.
 * @returns Its left, upper, right and lower border in pixels: float32 [n, 4]. @internal
 */
export function placed(draws: Draws, across: Sym, down: Sym): Sym {
  const along = (share: Sym, side: Size): [Sym, Sym] => {
    const length = ops.multiply(share, side);
    const start = ops.multiply(draws.uniform(), ops.subtract(side, length));
    return [start, ops.add(start, length)];
  };
  const [left, right] = along(across, draws.width);
  const [top, bottom] = along(down, draws.height);
  return ops.stack([left, top, right, bottom], { axis: -1 });
}

/** Which pixels are in the rectangle of their image: bool [n, height, width, 1], or with the axis of the channels first. @internal */
export function within(corners: Sym, images: Sym, dataFormat: DataFormat): Sym {
  const rows = dataFormat === 'channelsLast' ? 1 : 2;
  const [left, top, right, bottom] = ops.unstack(corners, { axis: 1 }).map(perImage) as [Sym, Sym, Sym, Sym];
  const inside = (axis: number, from: Sym, to: Sym): Sym => {
    const shape = images.shape.map((_, i) => (i === axis ? -1 : 1));
    const places = ops.reshape(asSym(positions(images, axis)), shape);
    return ops.logicalAnd(ops.lessEqual(from, places), ops.greater(to, places));
  };
  return ops.logicalAnd(inside(rows, top, bottom), inside(rows + 1, left, right));
}
