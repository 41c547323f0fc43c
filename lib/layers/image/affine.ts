import type { Sym } from '../../core/sym.js';
import type { Size } from '../../ops/image/sizes.js';
import * as ops from '../../ops/index.js';

/** The six numbers of an affine map for each sample, each float32 [n]: x becomes a0 x + a1 y + a2, y becomes b0 x + b1 y + b2. @internal */
export type AffineMap = readonly [a0: Sym, a1: Sym, a2: Sym, b0: Sym, b1: Sym, b2: Sym];

/** An affine map as `ops.image.affineTransform` takes it: [n, 8]. @internal */
export function transformOf(map: AffineMap): Sym {
  const none = ops.multiply(map[0], 0);
  return ops.stack([...map, none, none], { axis: -1 });
}

/** The map that turns by an angle in radians, [n], around a point. @internal */
export function turned(angle: Sym, x: Size, y: Size): AffineMap {
  const [cos, sin] = [ops.cos(angle), ops.sin(angle)];
  const minus = ops.negative(sin);
  // What is left of the point after the turn, so that it stays where it is.
  const offset = (at: Size, a: Sym, b: Sym): Sym =>
    ops.subtract(at, ops.add(ops.multiply(a, x), ops.multiply(b, y)));
  return [cos, minus, offset(x, cos, minus), sin, cos, offset(y, sin, cos)];
}

/** The map that scales the two axes around a point. @internal */
export function scaled(across: Sym, down: Sym, x: Size, y: Size): AffineMap {
  const none = ops.multiply(across, 0);
  const offset = (at: Size, factor: Sym): Sym => ops.multiply(ops.subtract(1, factor), at);
  return [across, none, offset(x, across), none, down, offset(y, down)];
}

/** The map that adds to the two coordinates. @internal */
export function shifted(across: Sym, down: Sym): AffineMap {
  const none = ops.multiply(across, 0);
  const one = ops.add(none, 1);
  return [one, none, across, none, one, down];
}
