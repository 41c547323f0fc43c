import { expected } from '../../base/checks.js';
import { itemAt, sizeOf } from '../../base/list.js';
import { shapeText } from '../../base/errors.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { reversed } from '../../layers/steps.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { resized } from '../../ops/resized.js';
import { type Call, type Handler, type Handlers, needsNumbers, settledOf, typed } from './call.js';
import { type Size, sizeAlong } from '../sizeAlong.js';
import { broadcastedTo, namedSizes, reshapedTo, sizesValue } from './sizes.js';
import { type OnnxValue, SequenceValue, TensorValue, TextValue, integersValue, valueOf } from './values.js';

const shape: Handler = (call) => {
  const [first] = call.inputs;
  const { length } = first instanceof TextValue ? first.shape : call.shape();
  const at = (place: number) => Math.min(Math.max(place < 0 ? place + length : place, 0), length);
  const [start, end] = [at(call.int('start', 0)), at(call.int('end', length))];
  if (first instanceof TextValue) return integersValue(first.shape.slice(start, Math.max(start, end)));
  return sizesValue(call.value(0), start, Math.max(start, end));
};

const size: Handler = (call) => {
  const [first] = call.inputs;
  if (first instanceof TextValue) return integersValue([first.texts.length], []);
  const { x, other } = sizesValue(call.value(0), 0, call.shape().length);
  const product = (sizes: Sym) => asSym(tensor(sizeOf([...ops.array(sizes).dataSync()]), [], 'int32'));
  return new TensorValue(product(x), 'INT64', other && product(other));
};

const reshape: Handler = (call) => {
  const wanted = call.has(1) ? call.sizes(1) : [...call.ints('shape')];
  const [first] = call.inputs;
  if (first instanceof TextValue) return new TextValue(first.texts, whole(call, wanted, first.shape));
  const x = call.x(0);
  const copied = wanted.map((n, i) => (n === 0 && !call.flag('allowzero') ? (x.shape[i] ?? 0) : n));
  const unknown = copied.filter((n) => Number.isNaN(n) || n < 0).length;
  if (unknown < 2)
    return ops.reshape(
      x,
      copied.map((n) => (Number.isNaN(n) ? -1 : n)),
    );
  // Several sizes that are not known: those of axes of x, or of other values.
  const named = namedSizes(x.trace, copied, ops.array(call.value(1).x).dataSync());
  const sizes = named.map((size, i): Size | undefined =>
    wanted[i] === 0 && size === -1 ? sizeAlong(x, i) : size,
  );
  const own = x.shape.map((_, axis) => sizeAlong(x, axis));
  const isOf = (a: Size, b: Size | undefined) =>
    typeof a !== 'number' && typeof b === 'object' && a.of === b.of && a.axis === b.axis;
  const axes = sizes.map((size) => own.findIndex((one) => isOf(one, size)));
  // One that is to be computed may be any.
  const open = sizes.filter((size) => size === -1).length;
  if (open < 2 && sizes.every((size, i) => typeof size === 'number' || itemAt(axes, i) >= 0))
    return resized(
      x,
      sizes.map((size, i) => (typeof size === 'number' ? size : { axis: itemAt(axes, i) })),
    );
  return reshapedTo(
    x,
    sizes.map((size) => {
      if (size === undefined) throw needsNumbers(call.who, 'a shape');
      if (size !== -1) return size;
      // What is known of x, less what is known of the shape: the others have to be the same.
      const known = (all: readonly (Size | undefined)[]) =>
        sizeOf(all.filter((n) => typeof n === 'number' && n > 0) as number[]);
      const left = known(x.shape) / known(sizes);
      if (Number.isInteger(left)) return left;
      throw needsNumbers(call.who, 'a shape');
    }),
  );
};

/** A shape with -1 computed. */
function whole(call: Call, wanted: readonly number[], given: readonly number[]): number[] {
  const size = sizeOf(given);
  const rest = sizeOf(wanted.filter((n) => n !== -1));
  const made = wanted.map((n, i) => (n === -1 ? size / rest : n === 0 ? (given[i] ?? 0) : n));
  if (sizeOf(made) === size) return made;
  throw call.error(`a shape of ${size} texts`, shapeText(wanted), 'SHAPE');
}

const flatten: Handler = (call) => {
  const x = call.x(0);
  const axis = call.int('axis', 1);
  const at = axis < 0 ? axis + x.rank : axis;
  const [rows, columns] = [x.shape.slice(0, at), x.shape.slice(at)];
  const count = (sizes: readonly number[]) => (sizes.includes(-1) ? -1 : sizeOf(sizes));
  if (x.shape.includes(0)) return ops.reshape(x, [count(rows), count(columns)]);
  return ops.reshape(x, count(rows) < 0 || count(columns) >= 0 ? [-1, count(columns)] : [count(rows), -1]);
};

/** Axes are an input since opset 13, before an attribute. */
const axesOf = (call: Call): readonly number[] | undefined =>
  call.has(1) ? call.numbers(1) : call.given('axes') ? call.ints('axes') : undefined;

const squeeze: Handler = (call) => ops.squeeze(call.x(0), axesOf(call));

const unsqueeze: Handler = (call) => {
  const axes = axesOf(call) ?? [];
  const rank = call.x(0).rank + axes.length;
  const places = axes.map((axis) => call.axis(axis, rank)).sort((a, b) => a - b);
  if (new Set(places).size !== places.length) throw call.error('each axis once', places.join(', '));
  return places.reduce((x, axis) => ops.expandDims(x, axis), call.x(0));
};

const concat: Handler = (call) => {
  const axis = call.int('axis');
  const all = call.all();
  return typed(ops.concatenate(all, { axis }), call.type());
};

/** Where parts of an axis end; the last may be smaller. */
export function partSizes(call: Call, total: number, input: number): number[] {
  if (call.has(input)) return call.numbers(input);
  if (call.given('split')) return [...call.ints('split')];
  const count = call.int('num_outputs', call.outputs);
  if (total < 0) throw needsNumbers(call.who, 'a size of the axis');
  const each = Math.ceil(total / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, total - i * each)));
}

/** Parts of x along an axis, of these sizes. */
export function parts(x: Sym, axis: number, sizes: readonly number[]): Sym[] {
  let from = 0;
  return sizes.map((size) => {
    const begin = x.shape.map((_, i) => (i === axis ? from : 0));
    const end = x.shape.map((_, i) => (i === axis ? from + size : Infinity));
    from += size;
    return ops.stridedSlice(x, begin, end);
  });
}

const split: Handler = (call) => {
  const x = call.x(0);
  const axis = call.axis(call.int('axis', 0), x.rank);
  const sizes = partSizes(call, x.shape[axis] ?? 0, 1);
  const total = sizes.reduce((sum, n) => sum + n, 0);
  if ((x.shape[axis] ?? 0) >= 0 && total !== x.shape[axis])
    throw call.error(`parts of ${x.shape[axis]} places`, String(total), 'SHAPE');
  return parts(x, axis, sizes);
};

/** x from its last place along an axis to its first, whatever its size. */
export function flipped(x: Sym, axis: number): Sym {
  if ((x.shape[axis] ?? 0) >= 0) return ops.flip(x, { axis });
  // A loop goes over the second axis of at least two.
  const wide = x.rank === 1 ? ops.expandDims(x, 0) : x;
  const at = wide.rank - x.rank + axis;
  const turned = ops.moveaxis(reversed(ops.moveaxis(wide, at, 1)), 1, at);
  return x.rank === 1 ? ops.squeeze(turned, 0) : turned;
}

/** The least and the most of int32, which mean a whole axis. */
const [FIRST, LAST] = [-(2 ** 31) + 1, 2 ** 31 - 1];

const slice: Handler = (call) => {
  let x = call.x(0);
  const list = (i: number, name: string): readonly number[] =>
    call.opset < 10 ? call.ints(name) : call.numbers(i);
  const [starts, ends] = [list(1, 'starts'), list(2, 'ends')];
  const all = starts.map((_, i) => i);
  const axes = call.opset < 10 ? call.ints('axes', all) : call.has(3) ? call.numbers(3) : all;
  const steps = call.has(4) ? call.numbers(4) : starts.map(() => 1);
  const keys = x.shape.map((): { start?: number; stop?: number; step?: number } => ({}));
  axes.forEach((axis, i) => {
    const [at, step] = [call.axis(axis, x.rank), steps[i] ?? 1];
    const [start = 0, stop = 0] = [starts[i], ends[i]];
    const isTurned = step === -1 && (start === -1 || start >= LAST) && stop <= FIRST;
    if (isTurned && (x.shape[at] ?? 0) < 0) x = flipped(x, at);
    else keys[at] = { start, stop, step };
  });
  return ops.getItem(x, keys);
};

const expand: Handler = (call) => {
  const x = call.x(0);
  const wanted = call.sizes(1);
  const rank = Math.max(x.rank, wanted.length);
  const at = <T>(list: ArrayLike<T>, i: number): T | undefined => list[i - rank + list.length];
  const shape = Array.from({ length: rank }, (_, i) => {
    const [own, asked] = [at(x.shape, i) ?? 1, at(wanted, i) ?? 1];
    // What is not known of x is broadcast to what is asked for, or is that already.
    return own !== 1 && (asked === 1 || Number.isNaN(asked)) ? own : asked;
  });
  if (!shape.some(Number.isNaN) && !shape.some((n, i) => n < 0 && at(x.shape, i) === undefined))
    return ops.broadcastTo(call.deferred(x, sizeOf(shape)), shape);
  const { trace } = call;
  const markers = ops.array(call.value(1).x).dataSync();
  const sizes = namedSizes(
    trace,
    shape,
    shape.map((_, i) => at(markers, i) ?? 0),
  ).map((size, i) => (size === -1 ? sizeAlong(x, i - rank + x.rank) : size));
  if (!sizes.every((size) => size !== undefined)) throw needsNumbers(call.who, 'a shape');
  return broadcastedTo(trace, x, sizes);
};

const tile: Handler = (call) => {
  const repeats = call.numbers(1);
  const size = sizeOf(call.shape()) * sizeOf(repeats);
  return ops.tile(call.deferred(call.x(0), size), repeats);
};

const transpose: Handler = (call) => {
  const x = call.x(0);
  const axes = call.ints('perm', [...x.shape.keys()].reverse());
  return ops.transpose(x, axes);
};

const constant: Handler = (call) => {
  const { node } = call;
  const known: Readonly<Record<string, () => OnnxValue>> = {
    value: () => {
      const made = call.tensor('value');
      return made.type === 'STRING' ? new TextValue(made.data, made.shape) : valueOf('importOnnx', made);
    },
    value_float: () => typed(asSym(tensor(call.float('value_float'))), 'FLOAT'),
    value_floats: () => {
      const numbers = call.floats('value_floats');
      return typed(asSym(tensor(Float32Array.from(numbers))), 'FLOAT');
    },
    value_int: () =>
      valueOf('importOnnx', { type: 'INT64', shape: [], data: Float64Array.of(call.int('value_int')) }),
    value_ints: () => {
      const data = Float64Array.from(call.ints('value_ints'));
      return valueOf('importOnnx', { type: 'INT64', shape: [data.length], data });
    },
    value_string: () => new TextValue([call.text('value_string', undefined)], []),
    value_strings: () => {
      const texts = call.texts('value_strings');
      return new TextValue(texts, [texts.length]);
    },
  };
  const [name] = Object.keys(known).filter((one) => call.given(one));
  const make = name === undefined ? undefined : known[name];
  if (!make)
    throw expected('importOnnx', `one of ${Object.keys(known).join(', ')} of ${call.who}`, node.name);
  return make();
};

const constantOfShape: Handler = (call) => {
  const made = call.given('value') ? call.tensor('value') : undefined;
  if (made?.type === 'STRING') throw call.error('a number as value', 'a text', 'DTYPE');
  const [value, type] = [made?.data[0] ?? 0, made?.type ?? 'FLOAT'];
  const sizes = call.sizes(0);
  if (!sizes.some(Number.isNaN)) return call.filled(sizes, value, type);
  // Zeros of a size that is not known, as the first states of recurrent networks are.
  const { trace } = call;
  const named = namedSizes(trace, sizes, ops.array(call.value(0).x).dataSync());
  if (!named.every((size) => size !== undefined)) throw needsNumbers(call.who, 'a shape');
  return new TensorValue(broadcastedTo(trace, call.filled([], value, type).x, named), type);
};

const range: Handler = (call) => {
  const [from = 0, to = 0, step = 0] = [0, 1, 2].flatMap((i) => call.sizes(i));
  if (Number.isNaN(to) && from === 0 && step === 1) {
    // As many whole numbers as an axis has places.
    const [size] = namedSizes(call.trace, [to], ops.array(call.value(1).x).dataSync());
    if (size === undefined) throw needsNumbers(call.who, 'a limit');
    const ones = broadcastedTo(call.trace, call.filled([], 1, call.type()).x, [size]);
    return ops.subtract(ops.cumsum(ones), 1);
  }
  const [start, limit, delta] = [call.number(0), call.number(1), call.number(2)];
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(length <= MOST_RANGE)) throw call.error(`up to ${MOST_RANGE} numbers`, String(length));
  const numbers = Float64Array.from({ length }, (_, i) => start + i * delta);
  return valueOf('importOnnx', { type: call.type(), shape: [length], data: numbers });
};

/** Larger ranges are taken for damage. */
const MOST_RANGE = 1 << 24;

const eyeLike: Handler = (call) => {
  const [rows = 0, columns = 0] = call.knownShape();
  const k = call.int('k', 0);
  const type = call.typeNamed('dtype', call.type());
  const places = asSym(ops.arange(k, rows + k, 1, 'int32'));
  const hot = ops.oneHot(call.deferred(places, rows * columns), { depth: columns });
  return typed(hot, type);
};

const padModes = { constant: 'constant', reflect: 'reflect', edge: 'edge', wrap: 'wrap' } as const;

const pad: Handler = (call) => {
  const x = call.x(0);
  const { rank } = x;
  const mode = call.text('mode', 'constant', Object.keys(padModes) as (keyof typeof padModes)[]);
  const given = call.opset < 11 ? call.ints('pads') : call.numbers(1);
  const axes = call.has(3) ? call.numbers(3).map((axis) => call.axis(axis, rank)) : [...x.shape.keys()];
  const value = call.opset < 11 ? call.float('value', 0) : call.has(2) ? call.number(2) : 0;
  const around = x.shape.map((): [number, number] => [0, 0]);
  axes.forEach((axis, i) => (around[axis] = [given[i] ?? 0, given[i + axes.length] ?? 0]));
  const cut = ops.stridedSlice(
    x,
    around.map(([before]) => Math.max(0, -before)),
    around.map(([, after]) => (after < 0 ? after : Infinity)),
  );
  const widths = around.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)]);
  const small = rank === 0 ? x : cut;
  if (mode === 'constant') {
    const floats = ops.cast(
      call.deferred(
        small,
        sizeOf(x.shape.map((n, i) => n + sizeOf([widths[i]?.[0] ?? 0]) + (widths[i]?.[1] ?? 0))),
      ),
      'float32',
    );
    return typed(ops.pad(floats, widths, { constantValues: value }), call.type());
  }
  if (mode !== 'wrap') return ops.pad(small, widths, { mode });
  return widths.reduce((y, [before, after], axis) => {
    const size = y.shape[axis] ?? 1;
    if (before + after === 0) return y;
    if (size < 0) throw needsNumbers(call.who, 'a size of the axis');
    const places = Int32Array.from(
      { length: before + size + after },
      (_, i) => (((i - before) % size) + size) % size,
    );
    return ops.gather(y, asSym(tensor(places)), { axis });
  }, small);
};

const centerCropPad: Handler = (call) => {
  const x = call.x(0);
  const axes = call.ints('axes', [...x.shape.keys()]).map((axis) => call.axis(axis, x.rank));
  const wanted = call.numbers(1);
  return axes.reduce((y, axis, i) => {
    const [size, goal] = [y.shape[axis] ?? 0, wanted[i] ?? 0];
    if (size < 0) throw needsNumbers(call.who, 'a size of the axis');
    const start = Math.floor(Math.abs(size - goal) / 2);
    if (goal <= size) return parts(y, axis, [start, goal])[1] as Sym;
    const around = y.shape.map((_, at): [number, number] =>
      at === axis ? [start, goal - size - start] : [0, 0],
    );
    return typed(ops.pad(ops.cast(y, 'float32'), around), call.type()).x;
  }, x);
};

const depthToSpace: Handler = (call) => {
  const [n = -1, channels = 1, height = 1, width = 1] = call.x(0).shape;
  const block = call.int('blocksize');
  const depth = channels / block ** 2;
  const columns = call.text('mode', 'DCR', ['DCR', 'CRD']) === 'CRD';
  const split = columns ? [n, depth, block, block, height, width] : [n, block, block, depth, height, width];
  const order = columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  const turned = ops.transpose(ops.reshape(call.x(0), split), order);
  return ops.reshape(turned, [n, depth, height * block, width * block]);
};

const spaceToDepth: Handler = (call) => {
  const [n = -1, channels = 1, height = 1, width = 1] = call.x(0).shape;
  const block = call.int('blocksize');
  const split = [n, channels, height / block, block, width / block, block];
  const turned = ops.transpose(ops.reshape(call.x(0), split), [0, 3, 5, 1, 2, 4]);
  return ops.reshape(turned, [n, channels * block ** 2, height / block, width / block]);
};

const optional: Readonly<Record<string, Handler>> = {
  Optional: (call) => (call.inputs[0] === undefined ? [undefined] : [call.inputs[0]]),
  OptionalGetElement: (call) => {
    const [first] = call.inputs;
    if (first === undefined) throw call.error('a value', 'none');
    return first;
  },
  OptionalHasElement: (call) =>
    typed(asSym(tensor(Number(call.inputs[0] !== undefined), [], 'bool')), 'BOOL'),
};

/** Shapes, parts and constants. */
export const shapes: Handlers = {
  ...optional,
  Shape: shape,
  Size: size,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Split: split,
  Slice: slice,
  Expand: expand,
  Tile: tile,
  Transpose: transpose,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  Pad: pad,
  CenterCropPad: centerCropPad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};

/** Lists of tensors. */
export const sequences: Handlers = {
  SequenceEmpty: () => new SequenceValue([]),
  SequenceConstruct: (call) => new SequenceValue(call.all().map((x, i) => new TensorValue(x, call.type(i)))),
  SequenceLength: (call) => typed(asSym(tensor(call.list(0).length, [], 'int32')), 'INT64'),
  SequenceAt: (call) => {
    const items = call.list(0);
    const found = items.at(call.number(1));
    if (found === undefined) throw call.error(`a place in a list of ${items.length}`, String(call.number(1)));
    return found;
  },
  SequenceInsert: (call) => {
    const items = call.list(0);
    const at = call.has(2) ? call.number(2) : items.length;
    return new SequenceValue(items.toSpliced(at < 0 ? at + items.length : at, 0, call.value(1)));
  },
  SequenceErase: (call) => {
    const items = call.list(0);
    return new SequenceValue(items.toSpliced(call.has(1) ? call.number(1) : -1, 1));
  },
  SplitToSequence: (call) => {
    const x = call.x(0);
    const axis = call.axis(call.int('axis', 0), x.rank);
    const total = call.knownShape()[axis] ?? 0;
    const given = call.has(1) ? call.numbers(1) : undefined;
    const isScalar = call.has(1) && call.shape(1).length === 0;
    const each = given && !isScalar ? given : undefined;
    const step = given?.[0] ?? 1;
    const count = Math.ceil(total / step);
    const sizes = each ?? Array.from({ length: count }, (_, i) => Math.min(step, total - i * step));
    const made = parts(x, axis, sizes);
    const drop = !given && !call.flag('keepdims', true);
    return new SequenceValue(
      made.map((part) => new TensorValue(drop ? ops.squeeze(part, axis) : part, call.type())),
    );
  },
  ConcatFromSequence: (call) => {
    const items = call.list(0).map((item) => {
      if (item instanceof TensorValue) return item;
      throw call.error('a list of tensors', 'another', 'DTYPE');
    });
    const xs = items.map((item) => settledOf(call.who, 'tensors of the list', item));
    const axis = call.int('axis');
    const [first] = items;
    if (!first) throw call.error('at least one tensor', 'none');
    const joined = call.flag('new_axis') ? ops.stack(xs, { axis }) : ops.concatenate(xs, { axis });
    return new TensorValue(joined, first.type);
  },
};
