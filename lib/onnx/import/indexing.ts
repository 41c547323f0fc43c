import { sizeOf } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Handler, type Handlers, hasNumbers, needsNumbers, typed, inType } from './call.js';
import { SequenceValue, TensorValue, TextValue } from './values.js';

/** Indices counted from the start of an axis of so many places. */
export function fromStart(indices: Sym, size: number): Sym {
  const whole = indices.dtype === 'int32' ? indices : ops.cast(indices, 'int32');
  return size < 0 ? whole : ops.where(ops.less(whole, 0), ops.add(whole, size), whole);
}

const gather: Handler = (call) => {
  const indices = call.x(1);
  const [first] = call.inputs;
  if (first instanceof TextValue) {
    const places = call.numbers(1);
    return new TextValue(
      places.map((at) => first.texts.at(at) ?? ''),
      indices.shape,
    );
  }
  const x = call.x(0);
  const axis = call.axis(call.int('axis', 0), x.rank);
  return ops.gather(x, fromStart(indices, x.shape[axis] ?? -1), { axis });
};

const gatherElements: Handler = (call) => {
  const [x, indices] = [call.x(0), call.x(1)];
  const axis = call.axis(call.int('axis', 0), x.rank);
  const end = indices.shape.map((n, i) => (i === axis || n < 0 ? Infinity : n));
  const part = ops.stridedSlice(
    x,
    end.map(() => 0),
    end,
  );
  return ops.takeAlongAxis(part, fromStart(indices, x.shape[axis] ?? -1), { axis });
};

/** For each axis of a shape its places, of that shape. */
const places = (shape: readonly number[], axis: number): Sym => {
  const inside = sizeOf(shape.slice(axis + 1));
  const size = shape[axis] ?? 1;
  return asSym(
    tensor(
      Int32Array.from({ length: sizeOf(shape) }, (_, i) => Math.floor(i / inside) % size),
      shape,
    ),
  );
};

const gatherND: Handler = (call) => {
  const [x, indices] = [call.x(0), call.x(1)];
  const batch = call.int('batch_dims', 0);
  const shape = call.knownShape(0);
  const depth = indices.shape.at(-1) ?? 0;
  const own = indices.shape.slice(0, -1);
  const indexed = shape.slice(batch, batch + depth);
  const flat = indexed
    .map((size, i) => {
      const column = ops.squeeze(
        ops.stridedSlice(
          indices,
          indices.shape.map((_, at) => (at === indices.rank - 1 ? i : 0)),
          indices.shape.map((_, at) => (at === indices.rank - 1 ? i + 1 : Infinity)),
        ),
        -1,
      );
      return ops.multiply(fromStart(column, size), sizeOf(indexed.slice(i + 1)));
    })
    .reduce((a, b) => ops.add(a, b));
  const rest = shape.slice(batch + depth);
  const batches = sizeOf(shape.slice(0, batch));
  const rows = ops.reshape(x, [batches * sizeOf(indexed), ...rest]);
  const inner = own.slice(batch);
  const each = ops.reshape(flat, [batches, -1]);
  const start = Int32Array.from({ length: batches }, (_, i) => i * sizeOf(indexed));
  const all = ops.add(each, asSym(tensor(start, [batches, 1])));
  return ops.reshape(ops.gather(rows, all), [...shape.slice(0, batch), ...inner, ...rest]);
};

const reductions = { none: undefined, add: 'add', mul: 'mul', max: 'max', min: 'min' } as const;
const reductionNames = Object.keys(reductions) as (keyof typeof reductions)[];

/** bool and uint8 are scattered as int32. */
const wide = (x: Sym): Sym => (x.dtype === 'float32' || x.dtype === 'int32' ? x : ops.cast(x, 'int32'));

const scatterElements: Handler = (call) => {
  const x = wide(call.x(0));
  const [indices, updates] = [call.x(1), wide(call.x(2))];
  const axis = call.axis(call.int('axis', 0), x.rank);
  const shape = call.knownShape(1);
  const columns = shape.map((_, i) =>
    ops.reshape(i === axis ? fromStart(indices, x.shape[axis] ?? -1) : places(shape, i), [-1, 1]),
  );
  const reduction = reductions[call.text('reduction', 'none', reductionNames)];
  const all = ops.concatenate(columns, { axis: 1 });
  const made = ops.scatterUpdate(x, all, ops.reshape(updates, [-1]), reduction ? { reduction } : {});
  return typed(made, call.type());
};

const scatterND: Handler = (call) => {
  const x = wide(call.x(0));
  const reduction = reductions[call.text('reduction', 'none', reductionNames)];
  const made = ops.scatterUpdate(x, call.x(1), wide(call.x(2)), reduction ? { reduction } : {});
  return typed(made, call.type());
};

const oneHot: Handler = (call) => {
  const depth = call.number(1);
  const indices = ops.cast(call.x(0), 'int32');
  const places = fromStart(indices, depth);
  const size = sizeOf(call.knownShape(0)) * depth;
  const hot = ops.oneHot(call.deferred(places, size), { depth, axis: call.int('axis', -1) });
  const pair = call.x(2);
  const one = (i: number) => ops.reshape(ops.stridedSlice(pair, i, i + 1), []);
  const [off, on] = [ops.cast(one(0), 'float32'), ops.cast(one(1), 'float32')];
  return typed(ops.where(ops.greater(hot, 0), on, off), call.type(2));
};

/** The number of results depends on the numbers. */
function knownTensor(x: Sym, who: string): TensorValue['x'] {
  if (hasNumbers(x)) return x;
  throw needsNumbers(who, 'an input');
}

const nonZero: Handler = (call) => {
  const x = knownTensor(call.x(0), call.who);
  const found = ops.nonzero(x as never);
  return typed(asSym(ops.stack(found.map((one) => asSym(one)))), 'INT64');
};

const compress: Handler = (call) => {
  const x = call.x(0);
  const chosen = call.numbers(1).flatMap((n, i) => (n ? [i] : []));
  const kept = asSym(tensor(Int32Array.from(chosen), [chosen.length]));
  if (!call.given('axis')) return ops.gather(ops.reshape(x, [-1]), kept);
  return ops.gather(x, kept, { axis: call.axis(call.int('axis'), x.rank) });
};

const unique: Handler = (call) => {
  const x = call.x(0);
  const numbers = call.numbers(0);
  const axis = call.given('axis') ? call.axis(call.int('axis'), x.rank) : undefined;
  const count = axis === undefined ? numbers.length : (x.shape[axis] ?? 0);
  const inside = axis === undefined ? 1 : sizeOf(x.shape.slice(axis + 1));
  // Rows to compare: single numbers, or all that is at one place of the axis.
  const rows = Array.from({ length: count }, (_, at) =>
    axis === undefined
      ? [numbers[at] ?? 0]
      : numbers.filter((_n, i) => Math.floor(i / inside) % count === at),
  );
  const order = (a: readonly number[], b: readonly number[]) => {
    const i = a.findIndex((n, at) => n !== b[at] && !(Number.isNaN(n) && Number.isNaN(b[at])));
    return i < 0 ? 0 : Number.isNaN(b[i]) ? -1 : Number.isNaN(a[i]) ? 1 : (a[i] ?? 0) - (b[i] ?? 0);
  };
  const firsts = new Map<string, number>();
  const keys = rows.map((row) => row.join());
  keys.forEach((key, i) => {
    if (!firsts.has(key)) firsts.set(key, i);
  });
  const found = [...firsts.values()];
  if (call.flag('sorted', true)) found.sort((a, b) => order(rows[a] ?? [], rows[b] ?? []));
  const position = new Map(found.map((first, i) => [keys[first], i]));
  const inverse = keys.map((key) => position.get(key) ?? 0);
  const counts = found.map((_, i) => inverse.filter((at) => at === i).length);
  const list = (values: readonly number[]) => typed(asSym(tensor(Int32Array.from(values))), 'INT64');
  const taken = list(found).x;
  const y = axis === undefined ? ops.gather(ops.reshape(x, [-1]), taken) : ops.gather(x, taken, { axis });
  return [y, list(found), list(inverse), list(counts)];
};

/** Each sample's first steps in the other order. */
const reverseSequence: Handler = (call) => {
  const x = call.x(0);
  const [time, batch] = [call.int('time_axis', 0), call.int('batch_axis', 1)];
  const lengths = ops.cast(call.x(1), 'int32');
  const steps = x.shape[call.axis(time, x.rank)] ?? 0;
  if (steps < 0) throw needsNumbers(call.who, 'a number of steps');
  const moved = ops.moveaxis(x, [batch, time], [0, 1]);
  const at = ops.reshape(asSym(ops.arange(0, steps, 1, 'int32')), [1, steps]);
  const last = ops.subtract(ops.reshape(lengths, [-1, 1]), 1);
  const order = ops.where(ops.lessEqual(at, last), ops.subtract(last, at), at);
  return ops.moveaxis(ops.gather(moved, order, { axis: 1, batchDims: 1 }), [0, 1], [batch, time]);
};

/** A part of a cache is overwritten with new steps. */
const tensorScatter: Handler = (call) => {
  const [past, update] = [call.x(0), call.x(1)];
  const shape = call.knownShape(0);
  const axis = call.axis(call.int('axis', -2), past.rank);
  const [batches = 1] = shape;
  const count = call.knownShape(1)[axis] ?? 0;
  const size = shape[axis] ?? 1;
  const starts = call.has(2) ? call.numbers(2) : Array<number>(batches).fill(0);
  const circular = call.text('mode', 'linear', ['linear', 'circular']) === 'circular';
  const flat = ops.moveaxis(past, axis, 1);
  const rows = ops.moveaxis(update, axis, 1);
  const indices = Int32Array.from({ length: batches * count * 2 }, (_, i) => {
    const [pair, second] = [Math.floor(i / 2), i % 2];
    const batch = Math.floor(pair / count);
    const at = (starts[batch] ?? 0) + (pair % count);
    return second ? (circular ? at % size : at) : batch;
  });
  const made = ops.scatterUpdate(flat, asSym(tensor(indices, [batches, count, 2])), rows);
  return inType(ops.moveaxis(made, 1, axis), call.type());
};

/** Boxes that do not overlap much, the best first; each batch and class on its own. */
const nonMaxSuppression: Handler = (call) => {
  const [boxes, scores] = [call.numbers(0), call.numbers(1)];
  const [batches = 0, classes = 0, count = 0] = call.shape(1);
  const most = call.has(2) ? call.number(2) : 0;
  const overlap = call.has(3) ? call.number(3) : 0;
  const least = call.has(4) ? call.number(4) : -Infinity;
  const centred = call.flag('center_point_box');
  const corners = (batch: number, i: number) => {
    const [a = 0, b = 0, c = 0, d = 0] = boxes.slice((batch * count + i) * 4, (batch * count + i) * 4 + 4);
    if (centred) return [b - d / 2, a - c / 2, b + d / 2, a + c / 2] as const;
    return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)] as const;
  };
  const shared = (one: readonly number[], two: readonly number[]) => {
    const side = (i: 0 | 1) =>
      Math.max(0, Math.min(one[i + 2] ?? 0, two[i + 2] ?? 0) - Math.max(one[i] ?? 0, two[i] ?? 0));
    const area = (box: readonly number[]) =>
      ((box[2] ?? 0) - (box[0] ?? 0)) * ((box[3] ?? 0) - (box[1] ?? 0));
    const both = side(0) * side(1);
    return both === 0 ? 0 : both / (area(one) + area(two) - both);
  };
  const found: number[] = [];
  for (let batch = 0; batch < batches; batch++)
    for (let kind = 0; kind < classes; kind++) {
      const score = (i: number) => scores[(batch * classes + kind) * count + i] ?? 0;
      const order = [...Array(count).keys()]
        .filter((i) => score(i) > least)
        .sort((a, b) => score(b) - score(a));
      const kept: number[] = [];
      for (const i of order) {
        if (kept.length >= most) break;
        if (kept.every((other) => shared(corners(batch, i), corners(batch, other)) <= overlap)) kept.push(i);
      }
      found.push(...kept.flatMap((i) => [batch, kind, i]));
    }
  return typed(asSym(tensor(Int32Array.from(found), [found.length / 3, 3])), 'INT64');
};

/** Reading and writing at places. */
export const indexing: Handlers = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  TensorScatter: tensorScatter,
  OneHot: oneHot,
  NonZero: nonZero,
  Compress: compress,
  Unique: unique,
  ReverseSequence: reverseSequence,
  NonMaxSuppression: nonMaxSuppression,
  SequenceMap: (call) => {
    const [first, ...others] = call.inputs;
    if (!(first instanceof SequenceValue)) throw call.error('a list as input 0', 'a tensor', 'DTYPE');
    const made = first.items.map((item, i) =>
      call.runGraph(call.graph('body'), [
        item,
        ...others.flatMap((other) =>
          other instanceof SequenceValue ? [other.items[i] ?? item] : other === undefined ? [] : [other],
        ),
      ]),
    );
    return call.node.output.map((_, at) => new SequenceValue(made.flatMap((row) => row[at] ?? [])));
  },
};
