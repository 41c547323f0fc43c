// Which tensors of PyTorch's modules the weights of layers are, and how their axes are laid out there.
import { itemAt, listOf, sizeOf } from '../base/list.js';
import type { Variable } from '../core/variable.js';
import type { Shape } from '../engine/engine.js';
import { BaseRNN } from '../layers/baseRNN.js';
import { Bidirectional } from '../layers/bidirectional.js';
import type { EinsumDense } from '../layers/einsumDense.js';
import { Layer } from '../layers/layer.js';
import { MultiHeadAttention } from '../layers/multiHeadAttention.js';
import { StackedRNNCells } from '../layers/stackedRNNCells.js';
import type { LayerOrders, Permutation } from './torchOrder.js';

/** An axis of a weight, or one of those that it is split into, and how far apart its numbers are in the tensor. */
interface Axis {
  readonly size: number;
  readonly stride: number;
  /** The index in the tensor of each index here. Default the same. */
  readonly permutation: Permutation | undefined;
}

/** Numbers of a weight, one after another from `to` on, and where they are in PyTorch's tensors. */
export interface TorchPart {
  readonly weight: Variable;
  readonly to: number;
  /** The names of the tensors within their module. The numbers of several are added. */
  readonly tensors: readonly string[];
  /** The shape of each of these tensors. */
  readonly shape: Shape;
  readonly axes: readonly Axis[];
  /** The offset in the tensors of the first number. */
  readonly begin: number;
}

/** What PyTorch has for a layer, or why it has nothing. */
export type TorchParts = readonly TorchPart[] | string;

interface Split {
  /** The weight's axes, split. Default: its shape. */
  readonly sizes?: Shape;
  /** The tensor's shape, where axes are joined there. */
  readonly shape?: Shape;
  readonly to?: number;
  readonly begin?: number;
  /** Of each of the weight's axes. */
  readonly permutations?: readonly (Permutation | undefined)[];
}

/** A tensor whose axes are a weight's in another order: the first is the weight's axis `turn[0]`, and so on. */
function turned(
  weight: Variable,
  tensors: string | readonly string[],
  turn: readonly number[],
  { sizes = weight.shape, shape, to = 0, begin = 0, permutations = [] }: Split = {},
): TorchPart {
  const theirs = turn.map((axis) => itemAt(sizes, axis));
  const axes = sizes.map((size, axis) => ({
    size,
    stride: sizeOf(theirs.slice(turn.indexOf(axis) + 1)),
    permutation: permutations[axis],
  }));
  return { weight, to, tensors: listOf(tensors), shape: shape ?? theirs, axes, begin };
}

/** A tensor as the weight is here. */
export const same = (weight: Variable, tensor: string, more?: Split): TorchPart =>
  turned(weight, tensor, [...weight.shape.keys()], more);

/** The parts of those weights that a layer has. */
const known = (parts: readonly (TorchPart | undefined)[]): TorchPart[] =>
  parts.filter((part) => part !== undefined);

const ownName = ({ name }: Variable): string => name.slice(name.lastIndexOf('/') + 1);
const weightOf = ({ ownWeights }: Layer, name: string): Variable | undefined =>
  ownWeights.find((weight) => ownName(weight) === name);

/** The weights of a layer under other names, with the same axes. */
const renamed = (
  layer: Layer,
  names: Readonly<Record<string, string>>,
  permutation?: Permutation,
): TorchPart[] =>
  known(
    Object.entries(names).map(([name, tensor]) => {
      const weight = weightOf(layer, name);
      return weight && same(weight, tensor, { permutations: [permutation] });
    }),
  );

type Row = (layer: Layer, orders: LayerOrders) => TorchParts;

/** [in, out] here, [out, in] there; both axes may go in another order, next to images that are flattened. */
const dense: Row = (layer, { input, output }) => {
  if (typeof input === 'string') return input;
  if (typeof output === 'string') return output;
  const [kernel, bias] = [weightOf(layer, 'kernel'), weightOf(layer, 'bias')];
  return known([
    kernel && turned(kernel, 'weight', [1, 0], { permutations: [input, output] }),
    bias && same(bias, 'bias', { permutations: [output] }),
  ]);
};

/** [..., in, out] here and [out, in, ...] there; of transposed convolutions the two are exchanged on both sides. */
const backToFront = (kernel: Variable, tensor: string): TorchPart => {
  const rank = kernel.shape.length;
  return turned(kernel, tensor, [rank - 1, rank - 2, ...kernel.shape.slice(2).keys()]);
};

/** [..., channels, multiplier] here and [channels · multiplier, 1, ...] there. */
const byChannel = (kernel: Variable, tensor: string): TorchPart => {
  const rank = kernel.shape.length;
  const sides = kernel.shape.slice(0, -2);
  const shape = [sizeOf(kernel.shape.slice(-2)), 1, ...sides];
  return turned(kernel, tensor, [rank - 2, rank - 1, ...sides.keys()], { shape });
};

const conv: Row = (layer) => {
  const kernel = weightOf(layer, 'kernel');
  return known([kernel && backToFront(kernel, 'weight'), ...renamed(layer, { bias: 'bias' })]);
};

const depthwiseConv: Row = (layer) => {
  const kernel = weightOf(layer, 'kernel');
  return known([kernel && byChannel(kernel, 'weight'), ...renamed(layer, { bias: 'bias' })]);
};

const separableConv: Row = (layer) => {
  const [depthwise, pointwise] = [weightOf(layer, 'depthwiseKernel'), weightOf(layer, 'pointwiseKernel')];
  return known([
    depthwise && byChannel(depthwise, 'depthwise.weight'),
    pointwise && backToFront(pointwise, 'pointwise.weight'),
    ...renamed(layer, { bias: 'pointwise.bias' }),
  ]);
};

/** Vectors of features; those of several axes of images are [channels, ...] there. */
const normalization =
  (names: Readonly<Record<string, string>>): Row =>
  (layer, { input, layout }) => {
    if (typeof input === 'string') return input;
    const rank = layer.ownWeights[0]?.shape.length ?? 1;
    if (rank === 1 || layout === 'same') return renamed(layer, names, input);
    if (layout !== 'first')
      return `'${layer.name}' has weights of several axes, of which it is not known how PyTorch lays them out`;
    const turn = [rank - 1, ...Array(rank - 1).keys()];
    return known(
      Object.entries(names).map(([name, tensor]) => {
        const weight = weightOf(layer, name);
        return weight && turned(weight, tensor, turn);
      }),
    );
  };

/** One number for each channel, or one for all: axes that are shared have the size 1 here. */
const prelu: Row = (layer, { input }) => {
  if (typeof input === 'string') return input;
  const alpha = weightOf(layer, 'alpha');
  if (!alpha) return [];
  const sizes = alpha.shape.filter((size) => size !== 1);
  return [
    turned(alpha, 'weight', [0], {
      sizes: [sizeOf(sizes)],
      shape: sizes.length > 0 ? sizes : [1],
      permutations: [input],
    }),
  ];
};

/** The position there of each of a cell's gates here: i, f, c, o and the same; z, r, h and r, z, n. */
const GATES: Readonly<Record<string, readonly number[]>> = {
  LSTMCell: [0, 1, 2, 3],
  GRUCell: [1, 0, 2],
  SimpleRNNCell: [0],
};

/** @param end What names end with: the number of the layer in its stack, and whether it goes backwards. */
function cellParts(cell: Layer, end: string, input?: Permutation): TorchParts {
  const gates = GATES[cell.className];
  if (!gates) return [];
  const count = gates.length;
  const [kernel, recurrent, bias] = ['kernel', 'recurrentKernel', 'bias'].map((name) => weightOf(cell, name));
  const matrix = (weight: Variable, name: string, rows?: Permutation) => {
    const [features, columns] = [itemAt(weight.shape, 0), itemAt(weight.shape, 1)];
    return turned(weight, `weight_${name}${end}`, [1, 2, 0], {
      sizes: [features, count, columns / count],
      shape: [columns, features],
      permutations: [rows, gates],
    });
  };
  const vector = (weight: Variable, names: readonly string[], half = 0) => {
    const size = itemAt(weight.shape, weight.shape.length - 1);
    const tensors = names.map((name) => `bias_${name}${end}`);
    const more = { sizes: [count, size / count], shape: [size], to: half * size, permutations: [gates] };
    return turned(weight, tensors, [0, 1], more);
  };
  if (cell.className === 'GRUCell' && bias?.shape.length === 1)
    return `'${cell.name}' is without resetAfter, and PyTorch's GRU is always with it`;
  const biases = bias?.shape.length === 2 ? [vector(bias, ['ih']), vector(bias, ['hh'], 1)] : [];
  return known([
    kernel && matrix(kernel, 'ih', input),
    recurrent && matrix(recurrent, 'hh'),
    ...(bias && biases.length === 0 ? [vector(bias, ['ih', 'hh'])] : biases),
  ]);
}

/** All of several, or the first reason against it. */
const all = (parts: readonly TorchParts[]): TorchParts =>
  parts.find((given) => typeof given === 'string') ?? (parts as readonly (readonly TorchPart[])[]).flat();

/** A stack of cells is one module of several layers. */
function recurrentParts(layer: Layer, { input }: LayerOrders, way = ''): TorchParts {
  if (typeof input === 'string') return input;
  if (!(layer instanceof BaseRNN)) return [];
  const { cell } = layer as { readonly cell: unknown };
  const cells: readonly unknown[] = cell instanceof StackedRNNCells ? cell.cells : [cell];
  return all(
    cells.map((one, i) =>
      one instanceof Layer ? cellParts(one, `_l${i}${way}`, i === 0 ? input : undefined) : [],
    ),
  );
}

const recurrent: Row = (layer, orders) => recurrentParts(layer, orders);

const bidirectional: Row = (layer, orders) =>
  layer instanceof Bidirectional
    ? all([
        recurrentParts(layer.forwardLayer, orders),
        recurrentParts(layer.backwardLayer, orders, '_reverse'),
      ])
    : [];

/** Query, key and value are one tensor there, unless key and value have other sizes than the query. */
const attention: Row = (layer) => {
  if (!(layer instanceof MultiHeadAttention)) return [];
  const { queryDense, keyDense, valueDense, outputDense, options } = layer;
  if (options.useGate) return `'${layer.name}' has a gate, which PyTorch's attention does not have`;
  const inputs = [queryDense, keyDense, valueDense].filter((one) => one !== undefined);
  const kernels = inputs.map((one) => one.ownWeights[0]).filter((one) => one !== undefined);
  const size = kernels[0]?.shape[0] ?? 0;
  const isOne = kernels.every(({ shape }) => shape[0] === size && sizeOf(shape.slice(1)) === size);
  const parts = inputs.flatMap((one: EinsumDense, i) => {
    const [kernel, bias] = [weightOf(one, 'kernel'), weightOf(one, 'bias')];
    const name = `${itemAt(['q', 'k', 'v'], i)}_proj_weight`;
    const rows = kernel ? sizeOf(kernel.shape.slice(1)) : 0;
    const whole = isOne && { shape: [3 * size, size], begin: i * size * size };
    const features = kernel?.shape[0] ?? 0;
    return [
      kernel &&
        turned(kernel, isOne ? 'in_proj_weight' : name, [1, 2, 0], { shape: [rows, features], ...whole }),
      bias && same(bias, 'in_proj_bias', { shape: [3 * rows], begin: i * rows }),
    ];
  });
  const [kernel, bias] = [
    outputDense && weightOf(outputDense, 'kernel'),
    outputDense && weightOf(outputDense, 'bias'),
  ];
  const out = kernel && { shape: [itemAt(kernel.shape, 2), sizeOf(kernel.shape.slice(0, 2))] };
  return known([
    ...parts,
    kernel && turned(kernel, 'out_proj.weight', [2, 0, 1], out),
    bias && same(bias, 'out_proj.bias'),
  ]);
};

const SCALED = { gamma: 'weight', beta: 'bias' };

/** By the names of classes. What is not here, and weights that a row leaves out, have their own names and axes there. */
const ROWS: Readonly<Record<string, Row>> = {
  BatchNormalization: normalization({
    ...SCALED,
    movingMean: 'running_mean',
    movingVariance: 'running_var',
  }),
  Bidirectional: bidirectional,
  Conv1D: conv,
  Conv1DTranspose: conv,
  Conv2D: conv,
  Conv2DTranspose: conv,
  Conv3D: conv,
  Conv3DTranspose: conv,
  Dense: dense,
  DepthwiseConv1D: depthwiseConv,
  DepthwiseConv2D: depthwiseConv,
  Embedding: (layer) => renamed(layer, { embeddings: 'weight' }),
  GRU: recurrent,
  GroupNormalization: normalization(SCALED),
  LSTM: recurrent,
  LayerNormalization: normalization(SCALED),
  MultiHeadAttention: attention,
  PReLU: prelu,
  RMSNormalization: normalization({ scale: 'weight' }),
  RNN: recurrent,
  SeparableConv1D: separableConv,
  SeparableConv2D: separableConv,
  SimpleRNN: recurrent,
};

/** Whether a layer is one module of PyTorch's, with all that is in it. */
export const isTorchModule = ({ className }: Layer): boolean => className in ROWS;

/** Rows that can take the features of their input in another order. */
const IN_ANY_ORDER = [dense, recurrent, bidirectional, prelu];
const isForAnyOrder = ({ className }: Layer): boolean =>
  IN_ANY_ORDER.includes(ROWS[className] ?? conv) || /^(Batch|Layer|RMS)Normalization$/.test(className);

/** What PyTorch has for a layer. */
export function torchParts(layer: Layer, orders: LayerOrders): TorchParts {
  if (orders.input !== undefined && !isForAnyOrder(layer))
    return typeof orders.input === 'string' ? orders.input : `'${layer.name}' takes flattened images`;
  return ROWS[layer.className]?.(layer, orders) ?? [];
}
