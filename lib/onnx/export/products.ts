// Products, convolutions, pooling, reductions and normalization.
import { itemAt, lastOf, sizeOf } from '../../base/list.js';
import type { Attrs } from '../../engine/engine.js';
import type { Sym } from '../../core/sym.js';
import type { TraceNode } from '../../core/traceNode.js';
import { type Attributes, type OnnxGraph, type Value, float, range } from './graph.js';
import type { Lower, Scope } from './scope.js';
import { variableOf } from './scope.js';
import { chosen, comparison } from './elementwise.js';
import { axisOf } from './shapes.js';

const numbers = (value: unknown): readonly number[] => (value ?? []) as readonly number[];
const isLast = (attrs: Attrs) => (attrs['dataFormat'] ?? 'channelsLast') === 'channelsLast';
const channelsFirst = (rank: number) => [0, rank - 1, ...range(1, rank - 1)];
const channelsLast = (rank: number) => [0, ...range(2, rank), 1];

/** An op on images, with its channels where ONNX has them. */
function onImage(graph: OnnxGraph, attrs: Attrs, x: Value, body: (image: Value) => Value): Value {
  if (!isLast(attrs)) return body(x);
  return graph.transpose(body(graph.transpose(x, channelsFirst(x.rank))), channelsLast(x.rank));
}

const spatialOf = (attrs: Attrs, { shape }: Sym) => (isLast(attrs) ? shape.slice(1, -1) : shape.slice(2));

/** Pads of windows: what ONNX has before all axes, then after them. */
function padsOf(
  attrs: Attrs,
  image: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
): Attributes {
  const padding = attrs['padding'] ?? 'valid';
  const axes = range(0, kernel.length);
  const given = numbers(attrs['pads']);
  const both = (pair: (axis: number) => readonly [number, number]) => {
    const pads = [...axes.map((i) => pair(i)[0]), ...axes.map((i) => pair(i)[1])];
    return pads.some((n) => n !== 0) ? { pads } : {};
  };
  if (padding === 'explicit') return both((i) => [itemAt(given, 2 * i), itemAt(given, 2 * i + 1)]);
  if (padding !== 'same') return {};
  if (image.some((n, i) => n < 0 && strides[i] !== 1)) return { auto_pad: 'SAME_UPPER' };
  const dilations = numbers(attrs['dilations']);
  return both((i) => {
    const [size, stride] = [itemAt(image, i), itemAt(strides, i)];
    const reach = (itemAt(kernel, i) - 1) * (dilations[i] ?? 1) + 1;
    const all =
      stride === 1 ? reach - 1 : Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  });
}

const orOnes = (list: readonly number[], count: number) =>
  list.length > 0 ? list : Array<number>(count).fill(1);
const unlessOnes = (list: readonly number[]) => (list.some((n) => n !== 1) ? list : undefined);

const conv: Lower = ({ attrs, inputs: [image, kernel] }, [x, w], { graph }) => {
  const weights = w as Value;
  const spatial = (kernel as Sym).shape.slice(0, -2);
  const strides = orOnes(numbers(attrs['strides']), spatial.length);
  const perm = [weights.rank - 1, weights.rank - 2, ...range(0, spatial.length)];
  const group = Number(attrs['groups'] ?? 1);
  return onImage(graph, attrs, x as Value, (given) =>
    graph.op('Conv', [given, graph.transpose(weights, perm)], given, {
      kernel_shape: spatial,
      strides: unlessOnes(strides),
      dilations: unlessOnes(numbers(attrs['dilations'])),
      group: group === 1 ? undefined : group,
      ...padsOf(attrs, spatialOf(attrs, image as Sym), spatial, strides),
    }),
  );
};

/** Keras's sizes: see `transposedWindow` in cpp/core/window.cpp. */
const convTranspose: Lower = ({ attrs, inputs: [, kernel] }, [x, w], { graph }) => {
  const weights = w as Value;
  const spatial = (kernel as Sym).shape.slice(0, -2);
  const axes = range(0, spatial.length);
  const strides = orOnes(numbers(attrs['strides']), spatial.length);
  const dilations = numbers(attrs['dilations']);
  const extra = numbers(attrs['outputPadding']);
  const isSame = attrs['padding'] === 'same';
  const reach = (i: number) => (itemAt(spatial, i) - 1) * (dilations[i] ?? 1) + 1;
  // What is cut off before and after the whole result; less than 0: zeros after it.
  const cut = axes.map((i): readonly [number, number] => {
    const [extent, stride, more] = [reach(i), itemAt(strides, i), extra[i]];
    if (isSame && more !== undefined) {
      const rows = extent + (extent % 2) - 2 + more;
      const front = Math.min(rows - Math.floor(rows / 2), extent - 1);
      const before = extent - 1 - front;
      return [before, extent - (extent % 2) - more - before];
    }
    if (more !== undefined) return [0, -more];
    const all = isSame ? extent - stride : Math.min(extent - stride, 0);
    const before = Math.max(Math.floor(all / 2), 0);
    return [before, all - before];
  });
  const pads = [...cut.map(([before]) => before), ...cut.map(([, after]) => Math.max(after, 0))];
  const outputPadding = cut.map(([, after]) => Math.max(-after, 0));
  const perm = [weights.rank - 1, weights.rank - 2, ...axes];
  return onImage(graph, attrs, x as Value, (given) =>
    graph.op('ConvTranspose', [given, graph.transpose(weights, perm)], given, {
      kernel_shape: spatial,
      strides: unlessOnes(strides),
      dilations: unlessOnes(dilations),
      pads: pads.some((n) => n !== 0) ? pads : undefined,
      output_padding: outputPadding.some((n) => n !== 0) ? outputPadding : undefined,
    }),
  );
};

function pooled(opType: string, more: (attrs: Attrs) => Attributes = () => ({})): Lower {
  return ({ attrs, inputs: [image] }, [x], { graph }) => {
    const poolSize = numbers(attrs['poolSize']);
    const given = numbers(attrs['strides']);
    const strides = given.length > 0 ? given : poolSize;
    const pads = padsOf(attrs, spatialOf(attrs, image as Sym), poolSize, strides);
    return onImage(graph, attrs, x as Value, (one) =>
      graph.op(opType, [one], one, { kernel_shape: poolSize, strides, ...pads, ...more(attrs) }),
    );
  };
}

const averagePool: Lower = (node, inputs, scope) => {
  const divides = node.attrs['divide'] !== false;
  const means = pooled('AveragePool', () => ({ count_include_pad: divides ? 0 : 1 }))(
    node,
    inputs,
    scope,
  ) as Value;
  if (divides) return means;
  const size = sizeOf(numbers(node.attrs['poolSize']));
  return scope.graph.elementwise('Mul', [means, scope.graph.scalar(size)]);
};

const upSampling: Lower = ({ attrs }, [x], { graph }) => {
  const scales = [1, 1, ...numbers(attrs['size'])];
  return onImage(graph, attrs, x as Value, (image) =>
    graph.op('Resize', [image, undefined, graph.file.constant('float32', [scales.length], scales)], image, {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    }),
  );
};

const matrix = (graph: OnnxGraph, x: Value, isTransposed: boolean) =>
  isTransposed ? graph.transpose(x, [...range(0, x.rank - 2), x.rank - 1, x.rank - 2]) : x;

export function product(graph: OnnxGraph, a: Value, b: Value, transposeA = false, transposeB = false): Value {
  const rank = Math.max(a.rank, b.rank);
  return graph.op('MatMul', [matrix(graph, a, transposeA), matrix(graph, b, transposeB)], {
    dtype: 'float32',
    rank,
  });
}

const matmul: Lower = ({ attrs }, [a, b], { graph }) =>
  product(graph, a as Value, b as Value, attrs['transposeA'] === true, attrs['transposeB'] === true);

/** A bias becomes part of the convolution or product before it, where nothing else reads that. */
function withBias(
  { inputs: syms }: TraceNode,
  inputs: readonly Value[],
  { graph, readers }: Scope,
): Value | undefined {
  for (const [i, j] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const [x, bias] = [itemAt(inputs, i), itemAt(inputs, j)];
    const { of, perm } = graph.source(x);
    const maker = graph.makerOf(of);
    const [whole, vector] = [itemAt(syms, i), itemAt(syms, j)];
    const isVector =
      bias.rank === 1 &&
      bias.dtype === 'float32' &&
      vector.shape[0] === whole.shape.at(-1) &&
      (vector.shape[0] ?? -1) > 0;
    if (!maker || maker.input.length !== 2 || !isVector || readers.get(whole) !== 1) continue;
    const named = maker.input.map((name) => ({ name, dtype: 'float32', rank: of.rank }) as const);
    const attributes = maker.attribute ?? [];
    if (['Conv', 'ConvTranspose'].includes(maker.opType) && lastOf(perm) === 1)
      return graph.transpose(graph.again(maker.opType, [...named, bias], of, attributes), perm);
    const areMatrices = of.rank === 2 && whole.inputs.every(({ rank }) => rank === 2);
    if (maker.opType === 'MatMul' && x === of && areMatrices)
      return graph.again('Gemm', [...named, bias], of, []);
  }
  return undefined;
}

/** x · factor + (beta − mean · factor), where the factor is 1 / √(variance + epsilon), maybe times gamma. */
function batchNormalization({ inputs }: TraceNode, scope: Scope): Value | undefined {
  const { graph } = scope;
  const plain = (value: Sym | undefined): Sym | undefined =>
    value?.op === 'reshape' ? value.inputs[0] : value;
  const [scaled, shift] = [inputs[0], plain(inputs[1])];
  const x = scaled?.op === 'multiply' ? scaled.inputs[0] : undefined;
  const factor = plain(scaled?.inputs[1]);
  if (!x || !factor || !shift || x.rank < 2 || factor.rank !== 1) return undefined;
  const isScaled = factor.op === 'multiply';
  const [inverse, gamma] = isScaled ? [factor.inputs[0], factor.inputs[1]] : [factor, undefined];
  const sum = inverse?.op === 'rsqrt' ? inverse.inputs[0] : undefined;
  const [variance, epsilon] = sum?.op === 'add' ? sum.inputs : [];
  const isShifted = shift.op === 'subtract';
  const [beta, moved] = isShifted ? [shift.inputs[0], shift.inputs[1]] : [undefined, shift.inputs[0]];
  if (!isShifted && !(shift.op === 'multiply' && shift.inputs[1]?.attrs['value'] === -1)) return undefined;
  const mean = moved?.op === 'multiply' && moved.inputs[1] === factor ? moved.inputs[0] : undefined;
  const vectors = [variance, mean, ...(gamma ? [gamma] : []), ...(beta ? [beta] : [])];
  if (epsilon?.op !== 'constant' || !vectors.every((value) => value && variableOf(value) && value.rank === 1))
    return undefined;
  const size = itemAt((variance as Sym).shape, 0);
  // Where the channels are is what the factor was reshaped to; without that they are last.
  const along = scaled?.inputs[1]?.shape ?? [];
  const axis = along.length === 1 ? x.rank - 1 : x.rank - along.length + along.findIndex((n) => n !== 1);
  if (size < 1 || (along.length > 1 && along.every((n) => n === 1))) return undefined;
  const perm = [0, axis, ...range(1, x.rank).filter((one) => one !== axis)];
  const back = perm.map((_, i) => perm.indexOf(i));
  const image = graph.transpose(scope.valueOf(x), perm);
  const filled = (value: Sym | undefined, otherwise: number) =>
    value
      ? scope.valueOf(value)
      : graph.file.constant('float32', [size], Array<number>(size).fill(otherwise));
  const given = [image, filled(gamma, 1), filled(beta, 0), filled(mean, 0), filled(variance, 1)];
  return graph.transpose(
    graph.op('BatchNormalization', given, image, { epsilon: float(Number(epsilon.attrs['value'])) }),
    back,
  );
}

const add: Lower = (node, inputs, scope) =>
  batchNormalization(node, scope) ?? withBias(node, inputs, scope) ?? scope.graph.elementwise('Add', inputs);

const reduced =
  (opType: string): Lower =>
  ({ attrs }, [x], { graph }) => {
    const value = x as Value;
    const given = numbers(attrs['axes']);
    const axes = given.length > 0 ? given.map((axis) => axisOf(axis, value.rank)) : range(0, value.rank);
    if (axes.length === 0) return value;
    const narrow = value.dtype === 'bool' || value.dtype === 'uint8' ? value.dtype : undefined;
    const made = graph.reduce(
      opType,
      narrow ? graph.cast(value, 'int32') : value,
      axes,
      attrs['keepDims'] === true,
    );
    return narrow ? graph.cast(made, narrow) : made;
  };

const placeOf =
  (opType: string): Lower =>
  ({ attrs }, [x], { graph }) => {
    const value = x as Value;
    const keepDims = attrs['keepDims'] === true;
    const given = value.dtype === 'bool' || value.dtype === 'uint8' ? graph.cast(value, 'int32') : value;
    const type = { dtype: 'int64', rank: value.rank - (keepDims ? 0 : 1) } as const;
    const axis = axisOf(attrs['axis'], value.rank);
    return graph.cast(graph.op(opType, [given], type, { axis, keepdims: Number(keepDims) }), 'int32');
  };

const alongAxis =
  (opType: string): Lower =>
  ({ attrs }, [x], { graph }) =>
    graph.op(opType, [x], x as Value, { axis: axisOf(attrs['axis'], (x as Value).rank) });

/** (x − mean) / √(variance + epsilon), with the statistics. */
function normalized(graph: OnnxGraph, x: Value, axes: readonly number[], epsilon: number) {
  const mean = graph.reduce('ReduceMean', x, axes, true);
  const centred = graph.elementwise('Sub', [x, mean]);
  const variance = graph.reduce('ReduceMean', graph.elementwise('Mul', [centred, centred]), axes, true);
  const root = graph.elementwise('Sqrt', [graph.elementwise('Add', [variance, graph.scalar(epsilon)])]);
  return { y: graph.elementwise('Div', [centred, root]), mean, variance };
}

const layerNormalization: Lower = ({ attrs }, inputs, { graph }) => {
  const [x, gamma, beta] = inputs as [Value, Value, Value];
  const epsilon = Number(attrs['epsilon'] ?? 1e-3);
  if (graph.opset >= 17)
    return graph.op('LayerNormalization', [x, gamma, beta], x, {
      axis: -gamma.rank,
      epsilon: float(epsilon),
    });
  const { y } = normalized(graph, x, range(x.rank - gamma.rank, x.rank), epsilon);
  return graph.elementwise('Add', [graph.elementwise('Mul', [y, gamma]), beta]);
};

/** With the statistics of the batch itself. */
const normalizedByBatch: Lower = ({ attrs }, inputs, { graph }) => {
  const [x, gamma, beta] = inputs as [Value, Value, Value];
  const axis = axisOf(attrs['axis'], x.rank);
  const others = range(0, x.rank).filter((one) => one !== axis);
  const { y, mean, variance } = normalized(graph, x, others, Number(attrs['epsilon'] ?? 1e-3));
  const along = (vector: Value) => graph.reshape(vector, [-1, ...Array<number>(x.rank - 1 - axis).fill(1)]);
  const scaled = graph.elementwise('Mul', [y, along(gamma)]);
  return [
    graph.elementwise('Add', [scaled, along(beta)]),
    graph.reshape(mean, [-1]),
    graph.reshape(variance, [-1]),
  ];
};

/** The engine's score of a key that is not seen, as cpp/ops/attention.cpp has it. */
const UNSEEN = Math.fround(-0.7 * 3.4028234663852886e38);

/** Attention as products and a softmax. */
const attention: Lower = ({ attrs, inputs: syms }, inputs, { graph }) => {
  const [q, k, v] = inputs.slice(0, 3).map((x) => graph.transpose(x, [0, 2, 1, 3])) as [Value, Value, Value];
  let scores = graph.elementwise('Mul', [
    product(graph, q, k, false, true),
    graph.scalar(Number(attrs['scale'])),
  ]);
  if (attrs['bias'] === true) scores = graph.elementwise('Add', [scores, itemAt(inputs, 3)]);
  const seen = attrs['mask'] === true ? [lastOf(inputs)] : [];
  if (attrs['isCausal'] === true) seen.push(past(graph, itemAt(syms, 0), itemAt(syms, 1), q, k));
  for (const mask of seen) scores = chosen(graph, mask, scores, graph.scalar(UNSEEN));
  const weights = graph.op('Softmax', [scores], scores, { axis: -1 });
  return graph.transpose(product(graph, weights, v), [0, 2, 1, 3]);
};

/** Which keys are at the place of a query or before it. */
function past(graph: OnnxGraph, query: Sym, key: Sym, q: Value, k: Value): Value {
  const line = (sym: Sym, value: Value): Value => {
    const size = itemAt(sym.shape, 1);
    if (size >= 0) return graph.file.constant('int32', [size], range(0, size));
    const { of, perm } = graph.source(value);
    const count = graph.squeeze(graph.sizes([{ of, axis: itemAt(perm, 2) }]), [0]);
    const type = { dtype: 'int64', rank: 1 } as const;
    return graph.op('Range', [graph.scalar(0, 'int64'), count, graph.scalar(1, 'int64')], type);
  };
  const [rows, columns] = [graph.cast(line(query, q), 'int32'), graph.cast(line(key, k), 'int32')];
  return comparison(graph, 'GreaterOrEqual', graph.unsqueeze(rows, [1]), columns);
}

/** Real and imaginary parts along the last axis. */
const fft: Lower = (node, inputs, scope) => {
  const { graph } = scope;
  const [re, im] = inputs as [Value, Value];
  if (graph.opset < 17) throw scope.refusal(node, 'it needs opset 17');
  const { rank } = re;
  const isInverse = Number(node.attrs['inverse'] ?? false);
  const length = itemAt(itemAt(node.inputs, 0).shape, rank - 1);
  if (length < 0) throw scope.refusal(node, 'its length is not known');
  const flat = (x: Value) => graph.reshape(x, [-1, length, 1]);
  const signal = graph.op('Concat', [flat(re), flat(im)], { dtype: 'float32', rank: 3 }, { axis: 2 });
  const axis = graph.opset >= 20;
  const made = graph.op('DFT', axis ? [signal, undefined, graph.scalar(1, 'int64')] : [signal], signal, {
    inverse: isInverse,
    axis: axis ? undefined : 1,
  });
  const shape = graph.shape(re);
  return [0, 1].map((part) => {
    const one = graph.op(
      'Gather',
      [made, graph.scalar(part, 'int64')],
      { dtype: 'float32', rank: 2 },
      { axis: 2 },
    );
    // The engine's inverse is not divided by the length.
    const whole = graph.op('Reshape', [one, shape], re);
    return isInverse ? graph.elementwise('Mul', [whole, graph.scalar(length)]) : whole;
  });
};

export const PRODUCTS: Readonly<Record<string, Lower>> = {
  add,
  matmul,
  conv,
  convTranspose,
  maxPool: pooled('MaxPool'),
  averagePool,
  upSampling,
  sum: reduced('ReduceSum'),
  mean: reduced('ReduceMean'),
  prod: reduced('ReduceProd'),
  max: reduced('ReduceMax'),
  min: reduced('ReduceMin'),
  argmax: placeOf('ArgMax'),
  argmin: placeOf('ArgMin'),
  softmax: alongAxis('Softmax'),
  logSoftmax: alongAxis('LogSoftmax'),
  layerNormalization,
  batchNormalization: normalizedByBatch,
  dotProductAttention: attention,
  fft,
};
