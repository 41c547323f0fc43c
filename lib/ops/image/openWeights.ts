// The matrices of weights.ts for an axis whose size is known only when the step runs, with ops. Places are float32, as PyTorch's: an axis of n
// pixels has its weights to n · 2⁻²³.
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import {
  add,
  divide,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  maximum,
  minimum,
  multiply,
  subtract,
  where,
} from '../binary.js';
import { asSym } from '../composed.js';
import { floorDivide } from '../integers.js';
import { lengthAlong } from '../lengthAlong.js';
import { positions } from '../positions.js';
import { sum } from '../reduce.js';
import { abs, cast } from '../unary.js';
import { sin } from '../trigonometry.js';
import { plus, sizeAlong } from './sizes.js';
import type { INTERPOLATIONS } from './weights.js';

type Kernel = (distance: Sym) => Sym;

const linear: Kernel = (x) => maximum(subtract(1, x), 0);

const cubic =
  (a: number): Kernel =>
  (x) => {
    const near = add(multiply(multiply(subtract(multiply(x, a + 2), a + 3), x), x), 1);
    const far = multiply(subtract(multiply(add(multiply(subtract(x, 5), x), 8), x), 4), a);
    return where(less(x, 1), near, where(less(x, 2), far, 0));
  };

const lanczos =
  (radius: number): Kernel =>
  (x) => {
    const angle = multiply(maximum(x, 1e-3), Math.PI);
    const waves = multiply(multiply(sin(angle), sin(divide(angle, radius))), radius);
    const value = divide(waves, multiply(angle, angle));
    return where(less(x, 1e-3), 1, where(less(radius, x), 0, value));
  };

const kernels = { linear, cubic: cubic(-0.5), lanczos3: lanczos(3), lanczos5: lanczos(5) };
/** What the methods of `resize` weigh with. */
const KERNELS = { bilinear: 'linear', bicubic: 'cubic', lanczos3: 'lanczos3', lanczos5: 'lanczos5' } as const;

/** The part of an axis that is read: its first place and its length, int32 []. @internal */
export interface Window {
  readonly start: Sym;
  readonly length: Sym;
}

/**
 * Row i holds what each place along an axis of x adds to place i of `size`: float32 [size, n].
 *
 * @param window What is read of x. Default: all. @internal
 */
export function openWeights(
  x: Sym,
  axis: number,
  size: number,
  method: Exclude<(typeof INTERPOLATIONS)[number], 'nearest'>,
  antialias: boolean,
  window?: Window,
): Sym {
  const all = asSym(positions(x, axis));
  if (!window) return weightsOf(all, asSym(sizeAlong(x, axis)), size, method, antialias);
  const from = subtract(all, cast(window.start, 'float32'));
  const n = cast(window.length, 'float32');
  const isInside = logicalAnd(greaterEqual(from, 0), less(from, n));
  return weightsOf(from, n, size, method, antialias, isInside);
}

/** @param from The places, of which n are read: those that are inside, by default all. */
function weightsOf(
  from: Sym,
  n: Sym,
  size: number,
  method: Exclude<(typeof INTERPOLATIONS)[number], 'nearest'>,
  antialias: boolean,
  isInside?: Sym,
): Sym {
  const inside = (weights: Sym): Sym => (isInside ? where(isInside, weights, 0) : weights);
  const middles = tensor(
    Float32Array.from({ length: size }, (_, i) => (i + 0.5) / size),
    [size, 1],
  );
  const center = subtract(multiply(n, middles), 0.5);
  const distance = abs(subtract(center, from));
  if (!antialias && method === 'bilinear')
    return linear(abs(subtract(minimum(maximum(center, 0), subtract(n, 1)), from)));
  if (!antialias && method === 'bicubic') {
    // Beyond the border its pixels go on.
    const kernel = cubic(-0.75);
    const at = (place: Sym) => kernel(abs(subtract(center, place)));
    const before = add(kernel(add(center, 1)), kernel(add(center, 2)));
    const after = add(at(n), at(add(n, 1)));
    const isAt = (place: Sym | number) => cast(equal(from, place), 'float32');
    const ends = add(multiply(isAt(0), before), multiply(isAt(subtract(n, 1)), after));
    return add(inside(kernel(distance)), ends);
  }
  const step = antialias ? maximum(divide(n, size), 1) : 1;
  const weights = inside(kernels[KERNELS[method]](divide(distance, step)));
  return divide(weights, sum(weights, { axis: -1, keepDims: true }));
}

/** `translationMatrix` for an axis of x: float32 [size, n]. @internal */
export function openTranslation(
  x: Sym,
  axis: number,
  size: number,
  {
    scale,
    translation,
    kernel,
    antialias,
  }: { scale: number; translation: number; kernel: keyof typeof kernels; antialias: boolean },
): Sym {
  const n = sizeAlong(x, axis);
  const centers = tensor(
    Float32Array.from({ length: size }, (_, i) => (i + 0.5 - translation) / scale - 0.5),
    [size, 1],
  );
  const step = antialias ? Math.max(1 / scale, 1) : 1;
  const distance = abs(subtract(centers, asSym(positions(x, axis))));
  const weights = kernels[kernel](divide(distance, step));
  const total = sum(weights, { axis: -1, keepDims: true });
  const isInside = logicalAnd(greaterEqual(centers, -0.5), lessEqual(centers, plus(n, -0.5)));
  const isSome = greater(abs(total), 1000 * 2 ** -23);
  return where(logicalAnd(isInside, isSome), divide(weights, where(isSome, total, 1)), 0);
}

/** The place along an axis of x, or in a window of it, that is nearest to each of `size`: int32 [size]. @internal */
export function openNearest(x: Sym, axis: number, size: number, window?: Window): Sym {
  const n = window?.length ?? asSym(lengthAlong(x, axis));
  // In whole numbers: (i + 0.5) n / size.
  const twice = tensor(Int32Array.from({ length: size }, (_, i) => 2 * i + 1));
  const place = floorDivide(multiply(twice, n), 2 * size);
  return window ? add(place, window.start) : place;
}
