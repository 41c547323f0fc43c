import { sizeOf } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Size, resized } from '../../ops/resized.js';
import { type Call, type Handler, type Handlers, needsNumbers, typed } from './call.js';
import { readBetween, taps } from './sampling.js';

type Mode = 'nearest' | 'linear' | 'cubic';

/** How one axis is resized. */
interface Along {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** Of the region that is cut out: from where to where, as shares. */
  readonly region: readonly [number, number];
}

/** The place in the input, as a fraction of its places, of a place of the output. */
function placeOf(form: string, at: number, { from, to, scale, region }: Along): number {
  const exact = scale * from;
  switch (form) {
    case 'asymmetric':
      return at / scale;
    case 'align_corners':
      return exact === 1 ? 0 : (at * (from - 1)) / (exact - 1);
    case 'pytorch_half_pixel':
      return to > 1 ? (at + 0.5) / scale - 0.5 : 0;
    case 'half_pixel_symmetric': {
      const centre = from / 2;
      const offset = centre * (1 - to / exact);
      return offset + (at + 0.5) / scale - 0.5;
    }
    case 'tf_half_pixel_for_nn':
      return (at + 0.5) / scale;
    case 'tf_crop_and_resize': {
      const [start, end] = region;
      return to > 1
        ? start * (from - 1) + (at * (end - start) * (from - 1)) / (to - 1)
        : 0.5 * (start + end) * (from - 1);
    }
    default:
      return (at + 0.5) / scale - 0.5;
  }
}

const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** How much a place at a distance weighs. */
function weightAt(mode: Mode, distance: number, a: number): number {
  const x = Math.abs(distance);
  if (mode === 'linear') return Math.max(0, 1 - x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/** Larger tables of weights are taken for damage. */
const MOST_WEIGHTS = 1e8;

/** What each place of the output takes of those of the input: [to, from]. */
function weightsOf(call: Call, mode: Mode, form: string, along: Along): Float32Array {
  const { from, to, scale } = along;
  if (from * to > MOST_WEIGHTS)
    throw call.error(`sizes below ${MOST_WEIGHTS} together`, `${from} to ${to}`, 'SHAPE');
  const a = call.float('cubic_coeff_a', -0.75);
  const table = new Float32Array(from * to);
  // With antialias the filter grows as the image shrinks.
  const wide = call.flag('antialias') && scale < 1 ? scale : 1;
  const reach = (mode === 'linear' ? 1 : 2) / wide;
  for (let at = 0; at < to; at++) {
    const place = placeOf(form, at, along);
    const taken: [number, number][] = [];
    for (let i = Math.ceil(place - reach - 1e-9); i <= place + reach + 1e-9; i++) {
      const weight = weightAt(mode, (place - i) * wide, a);
      const inside = i >= 0 && i < from;
      const drop = call.flag('exclude_outside') && !inside;
      if (weight !== 0 && !drop) taken.push([Math.min(Math.max(i, 0), from - 1), weight]);
    }
    const total = taken.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [i, weight] of taken) table[at * from + i] = (table[at * from + i] ?? 0) + weight / total;
  }
  return table;
}

function resizedAlong(call: Call, x: Sym, axis: number, mode: Mode, form: string, along: Along): Sym {
  const { from, to } = along;
  if (mode === 'nearest') {
    const choose = NEAREST[call.text('nearest_mode', 'round_prefer_floor')];
    if (!choose) throw call.error(Object.keys(NEAREST).join(' or '), call.text('nearest_mode', ''));
    const places = Int32Array.from({ length: to }, (_, at) =>
      Math.min(Math.max(choose(placeOf(form, at, along)), 0), from - 1),
    );
    return ops.gather(x, asSym(tensor(places)), { axis });
  }
  const table = asSym(tensor(weightsOf(call, mode, form, along), [to, from]));
  const last = ops.moveaxis(x, axis, -1);
  return ops.moveaxis(ops.matmul(last, table, { transposeB: true }), -1, axis);
}

/** Whether each place just comes a whole number of times, so that it does not matter how many there are. */
function repeats(call: Call, mode: Mode, form: string, scale: number): boolean {
  const counted = ['asymmetric', 'half_pixel', 'pytorch_half_pixel', 'tf_half_pixel_for_nn'];
  if (mode !== 'nearest' || !Number.isInteger(scale) || scale < 1 || !counted.includes(form)) return false;
  const choose = call.opset < 11 ? Math.floor : NEAREST[call.text('nearest_mode', 'round_prefer_floor')];
  const along: Along = { from: 3, to: 3 * scale, scale, region: [0, 1] };
  // Of three places the one between the others, which no border holds back.
  const middle = Array.from({ length: scale }, (_, i) => choose?.(placeOf(form, scale + i, along)));
  return middle.every((place) => place === 1);
}

/** Each place of an axis of any size several times. */
function repeated(x: Sym, axis: number, times: number): Sym {
  const wide = ops.expandDims(x, axis + 1);
  const copies = ops.broadcastTo(
    wide,
    wide.shape.map((n, i) => (i === axis + 1 ? times : n)),
  );
  return resized(
    copies,
    x.shape.map((n, i): Size => (i === axis ? -1 : n >= 0 ? n : { axis: i < axis ? i : i + 1 })),
  );
}

const resize: Handler = (call) => {
  const x = call.x(0);
  const old = call.opset < 11;
  const mode = call.text<Mode>('mode', 'nearest', ['nearest', 'linear', 'cubic']);
  const form: string = old ? 'asymmetric' : call.text('coordinate_transformation_mode', 'half_pixel');
  const scalesAt = old ? 1 : 2;
  const axes = call.ints('axes', [...x.shape.keys()]).map((axis) => call.axis(axis, x.rank));
  const hasScales = call.has(scalesAt) && call.shape(scalesAt)[0] !== 0;
  const scales = call.given('scales')
    ? [...call.floats('scales')]
    : hasScales
      ? call.numbers(scalesAt)
      : undefined;
  const sizes = call.has(3) ? call.sizes(3) : undefined;
  const region = form === 'tf_crop_and_resize' ? call.numbers(1) : [];
  let plan = axes.map((axis, i) => {
    const from = x.shape[axis] ?? 1;
    const scale = scales?.[i] ?? (sizes?.[i] ?? from) / from;
    const to = sizes?.[i] ?? Math.floor(from * scale + 1e-6);
    const own: readonly [number, number] = [region[i] ?? 0, region[i + axes.length] ?? 1];
    return { axis, from, scale, to, region: own };
  });
  const policy = call.text('keep_aspect_ratio_policy', 'stretch', ['stretch', 'not_larger', 'not_smaller']);
  if (sizes && policy !== 'stretch') {
    const all = plan.map(({ scale }) => scale);
    const one = policy === 'not_larger' ? Math.min(...all) : Math.max(...all);
    plan = plan.map((along) => ({ ...along, scale: one, to: Math.floor(along.from * one + 0.5) }));
  }
  const isSame = ({ from, to, scale }: Along) =>
    from < 0 ? scale === 1 || Number.isNaN(to) : from === to && scale === 1;
  const moved = plan.filter((along) => !isSame(along) || (form === 'tf_crop_and_resize' && along.from > 0));
  if (moved.some(({ from, scale }) => from < 0 && !repeats(call, mode, form, scale)))
    throw needsNumbers(call.who, 'sizes of the resized axes');
  const floats = mode === 'nearest' ? x : ops.cast(x, 'float32');
  const old9 = old && mode === 'nearest' ? 'floor' : undefined;
  const made = moved.reduce((y, along) => {
    if (along.from < 0) return repeated(y, along.axis, along.scale);
    if (old9) {
      const places = Int32Array.from({ length: along.to }, (_, at) =>
        Math.min(Math.floor(at / along.scale), along.from - 1),
      );
      return ops.gather(y, asSym(tensor(places)), { axis: along.axis });
    }
    return resizedAlong(call, y, along.axis, mode, form, along);
  }, floats);
  return typed(form === 'tf_crop_and_resize' ? extrapolated(call, made, moved) : made, call.type());
};

/** A fixed number where a place is outside of the image. */
function extrapolated(call: Call, y: Sym, plan: readonly (Along & { readonly axis: number })[]): Sym {
  const value = call.float('extrapolation_value', 0);
  return plan.reduce((made, along) => {
    const { axis, from, to } = along;
    const outside = Uint8Array.from({ length: to }, (_, at) => {
      const place = placeOf('tf_crop_and_resize', at, along);
      return Number(place < 0 || place > from - 1);
    });
    if (!outside.includes(1)) return made;
    const shape = made.shape.map((_, i) => (i === axis ? to : 1));
    return ops.where(asSym(tensor(outside, shape, 'bool')), value, made);
  }, y);
}

/** A place mirrored back into an axis. */
function reflected(at: Sym, size: number, corners: boolean): Sym {
  const [low, high] = corners ? [0, size - 1] : [-0.5, size - 0.5];
  const span = high - low;
  if (span <= 0) return ops.zerosLike(at);
  const from = ops.abs(ops.subtract(at, low));
  const extra = ops.mod(from, span);
  const even = ops.equal(ops.mod(ops.floor(ops.divide(from, span)), 2), 0);
  return ops.where(even, ops.add(extra, low), ops.subtract(high, extra));
}

const gridSample: Handler = (call) => {
  const [x, grid] = [call.x(0), call.x(1)];
  const given: string = call.text('mode', 'linear');
  const mode = given === 'bilinear' ? 'linear' : given === 'bicubic' ? 'cubic' : given;
  const padding = call.text('padding_mode', 'zeros', ['zeros', 'border', 'reflection']);
  const corners = call.flag('align_corners');
  const [n = 1, channels = 1, ...sides] = call.knownShape(0);
  const points = call.knownShape(1).slice(1, -1);
  const flat = ops.reshape(ops.transpose(ops.reshape(x, [n, channels, -1]), [0, 2, 1]), [n, -1, channels]);
  // The grid has the last axis of the image first.
  const all = sides.map((size, i) => {
    const column = sides.length - 1 - i;
    const own = ops.reshape(
      ops.stridedSlice(
        grid,
        grid.shape.map((_, at) => (at === grid.rank - 1 ? column : 0)),
        grid.shape.map((_, at) => (at === grid.rank - 1 ? column + 1 : Infinity)),
      ),
      [n, -1],
    );
    const unit = ops.divide(ops.add(own, 1), 2);
    const place = corners ? ops.multiply(unit, size - 1) : ops.subtract(ops.multiply(unit, size), 0.5);
    const kept =
      padding === 'zeros' || mode === 'cubic'
        ? place
        : padding === 'border'
          ? ops.clip(place, 0, size - 1)
          : ops.clip(reflected(place, size, corners), 0, size - 1);
    return taps(kept, mode).map((tap) => {
      if (padding === 'reflection') return { ...tap, at: reflected(tap.at, size, corners) };
      return tap;
    });
  });
  const sum = readBetween(flat, sides, all, padding === 'zeros');
  return ops.reshape(ops.transpose(sum, [0, 2, 1]), [n, channels, ...points]);
};

const affineGrid: Handler = (call) => {
  const theta = call.x(0);
  const [n = 1, , ...sides] = call.numbers(1);
  const corners = call.flag('align_corners');
  const coordinate = (size: number, i: number) =>
    corners ? (size === 1 ? 0 : -1 + (2 * i) / (size - 1)) : -1 + (2 * i + 1) / size;
  const size = sizeOf(sides);
  const { length } = sides;
  const base = new Float32Array(size * (length + 1));
  for (let at = 0; at < size; at++) {
    let rest = at;
    for (let axis = length - 1; axis >= 0; axis--) {
      const side = sides[axis] ?? 1;
      base[at * (length + 1) + (length - 1 - axis)] = coordinate(side, rest % side);
      rest = Math.floor(rest / side);
    }
    base[at * (length + 1) + length] = 1;
  }
  const points = asSym(tensor(base, [1, size, length + 1]));
  return ops.reshape(ops.matmul(points, theta, { transposeB: true }), [n, ...sides, length]);
};

/** Images of another size, and images at any places. */
export const resizes: Handlers = {
  Resize: resize,
  Upsample: resize,
  GridSample: gridSample,
  AffineGrid: affineGrid,
};
