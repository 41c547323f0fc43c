// Ops that move numbers: shapes, slices, places.
import { itemAt, sizeOf } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import type { Tensor } from '../../core/tensor.js';
import { Variable } from '../../core/variable.js';
import { type OnnxGraph, type Value, range } from './graph.js';
import type { Lower, Scope } from './scope.js';
import { type Size, sizeAlong } from '../sizeAlong.js';
import { chosen, comparison } from './elementwise.js';

const numbers = (value: unknown): readonly number[] => (value ?? []) as readonly number[];

/** An axis counted from 0. */
export const axisOf = (value: unknown, rank: number, otherwise = -1): number => {
  const axis = Number(value ?? otherwise);
  return axis < 0 ? axis + rank : axis;
};

const sizesOf = (scope: Scope, sizes: readonly Size[]): Value =>
  scope.graph.sizes(
    sizes.map((size) => (typeof size === 'number' ? size : { of: scope.valueOf(size.of), axis: size.axis })),
  );

/** A value's numbers in a shape; one size that is not known follows from the others. */
function reshaped(scope: Scope, x: Value, sizes: readonly Size[]): Value {
  const unknown = sizes.filter((size) => typeof size !== 'number');
  const plain =
    unknown.length > 1 || sizes.includes(0)
      ? sizes
      : sizes.map((size) => (typeof size === 'number' ? size : -1));
  const allowzero = sizes.includes(0) && scope.graph.opset >= 14 ? 1 : undefined;
  return scope.graph.op(
    'Reshape',
    [x, sizesOf(scope, plain)],
    { dtype: x.dtype, rank: sizes.length },
    { allowzero },
  );
}

const allSizes = (value: Sym): Size[] => value.shape.map((_, axis) => sizeAlong(value, axis));

const reshape: Lower = ({ inputs: [x], outputs: [y], attrs }, [value], scope) => {
  const from = numbers(attrs['from']);
  const { shape } = y as Sym;
  const free = shape.filter((n, i) => n < 0 && !((from[i] ?? -1) >= 0)).length;
  const sizes = shape.map((n, i): Size => {
    if (n >= 0) return n;
    const axis = from[i] ?? -1;
    return axis >= 0 ? sizeAlong(x as Sym, axis) : -1;
  });
  const known = sizes.filter((size) => typeof size !== 'number').length;
  // The one that is computed is any that is not known.
  if (free === 0 && known === 1) return reshaped(scope, value as Value, sizes);
  return scope.graph.op(
    'Reshape',
    [value, sizesOf(scope, sizes)],
    { dtype: (value as Value).dtype, rank: shape.length },
    { allowzero: sizes.includes(0) && scope.graph.opset >= 14 ? 1 : undefined },
  );
};

const expand = (scope: Scope, x: Value, sizes: readonly Size[]): Value => {
  // Expand takes no bool in some runtimes, and no uint8.
  const isNarrow = x.dtype === 'bool' || x.dtype === 'uint8';
  const given = isNarrow ? scope.graph.cast(x, 'int32') : x;
  const made = scope.graph.op('Expand', [given, sizesOf(scope, sizes)], {
    dtype: given.dtype,
    rank: Math.max(sizes.length, x.rank),
  });
  return isNarrow ? scope.graph.cast(made, x.dtype) : made;
};

/** Places beyond all sizes: "to the end". */
const END = 2 ** 31 - 1;
const place = (n: number) => Math.max(Math.min(n, END), -END);

const slice: Lower = ({ attrs }, [given], { graph }) => {
  const { of, perm } = graph.source(given as Value);
  const begin = numbers(attrs['begin']);
  const end = numbers(attrs['end']);
  const strides = numbers(attrs['strides']);
  const stride = (axis: number) => strides[axis] ?? 1;
  const cut = range(0, begin.length).filter((i) => begin[i] !== 0 || itemAt(end, i) < END || stride(i) !== 1);
  if (cut.length === 0) return given as Value;
  const lists = [
    cut.map((i) => place(itemAt(begin, i))),
    cut.map((i) => place(itemAt(end, i))),
    cut.map((i) => itemAt(perm, i)),
    ...(cut.some((i) => stride(i) !== 1) ? [cut.map(stride)] : []),
  ];
  return graph.transpose(graph.op('Slice', [of, ...lists.map((list) => graph.ints(list))], of), perm);
};

const pad: Lower = ({ attrs }, [given], { graph }) => {
  const { of, perm } = graph.source(given as Value);
  const paddings = numbers(attrs['paddings']);
  if (paddings.every((n) => n === 0)) return given as Value;
  const side = (which: 0 | 1) => {
    const pads = Array<number>(perm.length).fill(0);
    perm.forEach((axis, i) => (pads[axis] = itemAt(paddings, 2 * i + which)));
    return pads;
  };
  const isBool = of.dtype === 'bool';
  const x = isBool ? graph.cast(of, 'int32') : of;
  const value = graph.scalar(Number(attrs['value'] ?? 0), x.dtype);
  const made = graph.op('Pad', [x, graph.ints([...side(0), ...side(1)]), value], x);
  return graph.transpose(isBool ? graph.cast(made, 'bool') : made, perm);
};

const concatenate: Lower = ({ attrs }, inputs, { graph }) => {
  const first = itemAt(inputs, 0);
  const { perm } = graph.source(first);
  const back = perm.map((_, axis) => perm.indexOf(axis));
  const parts = inputs.map((x) => graph.transpose(x, back));
  const axis = itemAt(perm, axisOf(attrs['axis'], first.rank));
  return graph.transpose(graph.op('Concat', parts, first, { axis }), perm);
};

const gather: Lower = ({ attrs }, inputs, { graph }) => {
  const [x, places] = inputs as [Value, Value];
  const axis = axisOf(attrs['axis'], x.rank, 0);
  const batch = Number(attrs['batchDims'] ?? 0);
  const indices = graph.cast(places, 'int64');
  const rank = x.rank - 1 + places.rank - batch;
  if (batch === 0) return graph.op('Gather', [x, indices], { dtype: x.dtype, rank }, { axis });
  // Of GatherND what is gathered comes before the other axes.
  const axes = range(batch, x.rank).filter((one) => one !== axis);
  const given = graph.transpose(x, [...range(0, batch), axis, ...axes]);
  const made = graph.op(
    'GatherND',
    [given, graph.unsqueeze(indices, [places.rank])],
    { dtype: x.dtype, rank },
    { batch_dims: batch },
  );
  const between = axis - batch;
  const own = range(batch, places.rank);
  const rest = range(places.rank, rank);
  return graph.transpose(made, [
    ...range(0, batch),
    ...rest.slice(0, between),
    ...own,
    ...rest.slice(between),
  ]);
};

/** Sums of rows by their places. */
const gatherBackward: Lower = ({ attrs, inputs: [, , like], outputs }, inputs, scope) => {
  const { graph } = scope;
  const [rows, places, target] = inputs as [Value, Value, Value];
  const axis = axisOf(attrs['axis'], target.rank, 0);
  const batch = Number(attrs['batchDims'] ?? 0);
  const refuse = (reason: string) => scope.refusal(itemAt(outputs, 0).node, reason);
  if (graph.opset < 16) throw refuse('it needs opset 16');
  const zero = expand(scope, graph.scalar(0), allSizes(like as Sym));
  const indices = graph.cast(places, 'int64');
  const reduction = 'add';
  if (batch > 0) {
    const areNumbers = axis === batch && rows.rank === places.rank && places.rank === batch + 1;
    if (!areNumbers) throw refuse('its rows are not numbers');
    return graph.op('ScatterElements', [zero, indices, rows], target, { reduction, axis });
  }
  // Of ScatterND what is added to comes first.
  const [before, own] = [range(0, axis), range(axis, axis + places.rank)];
  const given = graph.transpose(rows, [...own, ...before, ...range(axis + places.rank, rows.rank)]);
  const to = graph.transpose(zero, [axis, ...before, ...range(axis + 1, target.rank)]);
  const made = graph.op('ScatterND', [to, graph.unsqueeze(indices, [places.rank]), given], target, {
    reduction,
  });
  return graph.transpose(made, [...range(1, axis + 1), 0, ...range(axis + 1, target.rank)]);
};

/** By comparison with all places: OneHot of ONNX counts negative places from the end. */
const oneHot: Lower = ({ attrs }, [places], { graph }) => {
  const depth = Number(attrs['depth']);
  const all = graph.file.constant('int32', [depth], range(0, depth));
  const isIt = comparison(
    graph,
    'Equal',
    graph.unsqueeze(graph.cast(places as Value, 'int32'), [(places as Value).rank]),
    all,
  );
  const [on, off] = [Number(attrs['onValue'] ?? 1), Number(attrs['offValue'] ?? 0)];
  if (on === 1 && off === 0) return graph.cast(isIt, 'float32');
  return chosen(graph, isIt, graph.scalar(on), graph.scalar(off));
};

/** How many numbers of the sequence come before each value. */
const searchSorted: Lower = ({ attrs }, inputs, { graph }) => {
  const [sequence, values] = inputs as [Value, Value];
  const isBefore = comparison(
    graph,
    attrs['right'] === true ? 'LessOrEqual' : 'Less',
    sequence,
    graph.unsqueeze(values, [values.rank]),
  );
  return graph.reduce('ReduceSum', graph.cast(isBefore, 'int32'), [values.rank], false);
};

/** What has an order in all runtimes, where NaN is as large as infinity. */
function sortable(graph: OnnxGraph, x: Value): Value {
  if (x.dtype !== 'float32') return graph.cast(x, 'int32');
  const isNone = graph.elementwise('IsNaN', [x], {}, 'bool');
  return graph.elementwise('Where', [isNone, graph.scalar(Infinity), x]);
}

/** The order of the last axis, or its first k places. */
const argsort: Lower = ({ attrs, inputs: [sym] }, [x], scope) => {
  const { graph } = scope;
  const value = x as Value;
  const k = Number(attrs['k'] ?? -1);
  const count = sizesOf(scope, [k >= 0 ? k : sizeAlong(sym as Sym, value.rank - 1)]);
  const largest = attrs['descending'] === true ? 1 : 0;
  const given = sortable(graph, value);
  const types = [given, { dtype: 'int64', rank: value.rank }] as const;
  const [, order] = graph.all('TopK', [given, count], types, { axis: -1, largest, sorted: 1 });
  return graph.cast(order as Value, 'int32');
};

/** How many numbers of one value there are to one of another. */
const sizeRatio: Lower = ({ inputs }, values, { graph }) => {
  const sizes = inputs.map(({ shape }, i) =>
    shape.every((n) => n >= 0)
      ? graph.scalar(sizeOf(shape))
      : graph.cast(graph.op('Size', [itemAt(values, i)], { dtype: 'int64', rank: 0 }), 'float32'),
  );
  return graph.elementwise('Div', sizes);
};

export const SHAPES: Readonly<Record<string, Lower>> = {
  reshape,
  reshapeLike: ({ inputs }, [x], scope) => reshaped(scope, x as Value, allSizes(itemAt(inputs, 1))),
  transpose: ({ attrs }, [x], { graph }) => graph.transpose(x as Value, numbers(attrs['perm'])),
  // A -1 keeps the size, as does a 1 in ONNX.
  broadcastTo: ({ attrs }, [x], scope) =>
    expand(
      scope,
      x as Value,
      numbers(attrs['shape']).map((n) => (n < 0 ? 1 : n)),
    ),
  broadcastLike: ({ inputs }, [x], scope) => expand(scope, x as Value, allSizes(itemAt(inputs, 1))),
  sizeRatio,
  slice,
  pad,
  concatenate,
  gather,
  gatherBackward,
  toIndices: (_node, [x], { graph }) => graph.cast(x as Value, 'int32'),
  oneHot,
  searchSorted,
  argsort,
  cumsum: ({ attrs }, [x], { graph }) =>
    graph.op('CumSum', [x, graph.scalar(axisOf(attrs['axis'], (x as Value).rank), 'int64')], x as Value, {
      exclusive: Number(attrs['exclusive'] ?? false),
      reverse: Number(attrs['reverse'] ?? false),
    }),
  parameter: ({ source, outputs }, _inputs, { file }) => {
    const { dtype, shape } = itemAt(outputs, 0);
    return file.store(
      source instanceof Variable ? source.name : 'tensor',
      dtype,
      shape,
      source as Tensor | Variable,
    );
  },
  constant: ({ attrs, outputs: [y] }, _inputs, scope) => {
    const { dtype, shape } = y as Sym;
    const value = scope.graph.scalar(Number(attrs['value']), dtype);
    return shape.length === 0 ? value : expand(scope, value, shape);
  },
};
