// In which order layers get features that in PyTorch come from images with their channels first: those of a Flatten. And in which they
// give those that a Reshape makes images of.
import { itemAt, sizeOf } from '../base/list.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import type { Operation } from '../core/operation.js';
import type { Shape } from '../engine/engine.js';
import { Layer } from '../layers/layer.js';
import type { LayerGraph } from './layerGraph.js';
import type { Model } from './model.js';
import type { OutputStructure } from './structure.js';

/** The index in PyTorch of each feature here. */
export type Permutation = readonly number[];
/** Undefined: the same order on both sides; a text: why it is not known. */
export type Order = Permutation | string | undefined;
/**
 * How PyTorch lays out what has steps or sides: with channels first where they are last here, with those of each step first, or the same; else
 * it is not known.
 */
type Layout = 'first' | 'firstOfStep' | 'same' | undefined;

/** What a layer's weights go by. */
export interface LayerOrders {
  /** The order of the features of its input. */
  readonly input: Order;
  /** The order of the features of its output. */
  readonly output: Order;
  /** The layout of its input. */
  readonly layout: Layout;
}

/** What is known of a value between layers. */
interface State {
  readonly order: Order;
  readonly layout: Layout;
}

/** Layers that in PyTorch take images with their channels first. */
const OF_IMAGES = /^(Depthwise|Separable)?Conv[123]D(Transpose)?$|Pooling[123]D$/;
/** Layers that in PyTorch take sequences as they are here. */
const OF_SEQUENCES = /^(LSTM|GRU|SimpleRNN|RNN|Bidirectional|Embedding|\w*Attention)$/;
/** Layers that change sides alone. */
const OF_SIDES =
  /^(Cropping|ZeroPadding|UpSampling|SpatialDropout)[123]D$|^(CenterCrop|Resizing|GroupNormalization)$/;
/** Layers and ops that leave every feature in its place. */
const IN_PLACE = new RegExp(
  '^(Activation|ActivityRegularization|Add|AlphaDropout|Average|BatchNormalization|Dropout|E[lL][uU]|GaussianDropout|GaussianNoise|Gelu|' +
    'Identity|LayerNormalization|LeakyRe[lL][uU]|Masking|Maximum|Minimum|Multiply|Normalization|PReLU|RMSNormalization|Re[lL][uU]|' +
    'Rescaling|Sigmoid|Silu|Softmax|SpectralNormalization|Subtract|Tanh|UnitNormalization)$',
);

/** The indices of the features [..., channels] of images once they are flattened, with their channels first there. */
export function channelsFirst(shape: Shape): Permutation | undefined {
  const channels = itemAt(shape, shape.length - 1);
  const pixels = sizeOf(shape.slice(0, -1));
  if (channels === 1 || pixels === 1) return undefined;
  return Array.from(
    { length: channels * pixels },
    (_, i) => (i % channels) * pixels + Math.floor(i / channels),
  );
}

const isEqual = (a: Order, b: Order): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((n, i) => n === b[i]));

const graphOf = (operation: Operation): LayerGraph | undefined => {
  if (!('knownGraph' in operation)) return undefined;
  const model = operation as Model<OutputStructure>;
  return model.callsLayers ? undefined : model.knownGraph();
};

/** What goes in or out of an operation for one sample. */
interface Value extends State {
  readonly shape: Shape;
}

/** The orders of all layers that are connected in a model's graph; of others there is nothing. */
export function torchOrders(model: Layer): ReadonlyMap<Layer, LayerOrders> {
  const orders = new Map<Layer, LayerOrders>();
  const graph = graphOf(model);
  if (graph) new OrderPass(orders).through(graph, graph.inputs.map(inputState));
  return orders;
}

/** Of what enters a model: images have their channels first in PyTorch, sequences last. */
const inputState = ({ rank }: KerasTensor): State => ({
  order: undefined,
  layout: rank > 3 ? 'first' : 'same',
});

/** A pass from a model's inputs to its outputs. */
class OrderPass {
  readonly #orders: Map<Layer, LayerOrders>;

  constructor(orders: Map<Layer, LayerOrders>) {
    this.#orders = orders;
  }

  through(graph: LayerGraph, given: readonly State[]): readonly State[] {
    const states = new Map<KerasTensor, State>(graph.inputs.map((tensor, i) => [tensor, itemAt(given, i)]));
    for (const { operation, inputs, outputs } of graph.nodes) {
      if (outputs.every((tensor) => states.has(tensor))) continue;
      const before = inputs.map((tensor) => ({ ...states.get(tensor)!, shape: tensor.shape.slice(1) }));
      const inner = graphOf(operation);
      const after = inner ? this.through(inner, before) : [];
      outputs.forEach((tensor, i) => {
        const wanted = () => wantedOrder(graph, tensor);
        states.set(tensor, after[i] ?? this.#after(operation, before, tensor.shape.slice(1), wanted));
      });
    }
    return graph.outputs.map((tensor) => states.get(tensor)!);
  }

  /** @param wanted In which order the output has to come. */
  #after(operation: Operation, inputs: readonly Value[], shape: Shape, wanted: () => Order): State {
    const [first] = inputs;
    if (!first) return { order: undefined, layout: undefined };
    const { className } = operation;
    if (className === 'TimeDistributed') return this.#eachStep(operation, first, shape);
    const output = className === 'Dense' && shape.length === 1 ? wanted() : undefined;
    if (operation instanceof Layer)
      this.#record(operation, { input: first.order, output, layout: first.layout });
    if (className === 'Dense') return { order: output, layout: first.layout === 'same' ? 'same' : undefined };
    if (className === 'Flatten') return { order: flattened(operation, first), layout: 'same' };
    if (className === 'Reshape') return reshaped(operation, first, shape);
    if (className === 'Concatenate') return concatenated(inputs, shape);
    if (OF_IMAGES.test(className))
      return { order: undefined, layout: isChannelsFirst(operation) ? 'same' : 'first' };
    if (OF_SEQUENCES.test(className)) return { order: undefined, layout: 'same' };
    const layouts = inputs.filter((value) => value.shape.length === shape.length).map(({ layout }) => layout);
    const layout = layouts.every((one) => one === layouts[0]) ? layouts[0] : undefined;
    if (IN_PLACE.test(className) || OF_SIDES.test(className)) {
      const { order } = inputs.find((value) => value.order !== undefined) ?? first;
      const agree = inputs.every((value) => isEqual(value.order, order));
      return { order: agree ? order : unknown(operation), layout };
    }
    if (
      operation instanceof Layer &&
      className === 'Permute' &&
      isToFront(operation) &&
      first.layout === 'first'
    )
      return { order: undefined, layout: 'same' };
    if (className === 'RepeatVector') return { order: first.order, layout: 'same' };
    // What only moves numbers may have brought features of images into any order.
    const isMoved = inputs.some(
      (value) =>
        value.order !== undefined ||
        (value.shape.length > 1 && sizeOf(value.shape) === sizeOf(shape) && channelsFirst(value.shape)),
    );
    const isNew = operation instanceof Layer && operation.weights.length > 0;
    const isAxisKept = first.order === undefined && shape.at(-1) === first.shape.at(-1);
    return { order: isMoved && !isNew && !isAxisKept ? unknown(operation) : undefined, layout: undefined };
  }

  #eachStep(operation: Operation, { shape: before, order, layout: given }: Value, shape: Shape): State {
    const { layer } = operation as Operation & { readonly layer: Layer };
    const layout = given === 'firstOfStep' ? 'first' : given;
    const step = { order, layout, shape: before.slice(1) };
    const after = this.#after(layer, [step], shape.slice(1), () => undefined);
    if (shape.length === 2) return { order: after.order, layout: 'same' };
    return { ...after, layout: after.layout === 'first' ? 'firstOfStep' : after.layout };
  }

  /** A layer that is called again with features in another order cannot have its weights in both. */
  #record(layer: Layer, orders: LayerOrders): void {
    const before = this.#orders.get(layer);
    const fits = !before || (isEqual(before.input, orders.input) && isEqual(before.output, orders.output));
    this.#orders.set(
      layer,
      fits ? orders : { ...orders, input: `'${layer.name}' gets features in several orders` },
    );
  }
}

const unknown = ({ name }: Operation): string =>
  `the order of the features that '${name}' makes is not known`;

const isChannelsFirst = (operation: Operation): boolean =>
  operation.getConfig()['dataFormat'] === 'channelsFirst';

/** Whether a Permute has the last axis first, and the others in their order. */
const isToFront = (operation: Operation): boolean => {
  const dims = operation.getConfig()['dims'] as readonly number[];
  return dims.every((axis, i) => axis === (i === 0 ? dims.length : i));
};

function flattened(operation: Operation, { shape, order, layout }: Value): Order {
  if (shape.length < 2) return order;
  const permutation = channelsFirst(
    isChannelsFirst(operation) ? [...shape.slice(1), itemAt(shape, 0)] : shape,
  );
  if (permutation === undefined) return undefined;
  if (isChannelsFirst(operation)) return layout === 'same' ? permutation : unknown(operation);
  if (layout === 'same' && order === undefined) return undefined;
  return layout === 'first' ? permutation : unknown(operation);
}

/** Images of features: with their channels first there, where the features come in that order. */
function reshaped(operation: Operation, { shape: before, order, layout }: Value, shape: Shape): State {
  const isFlat = before.length === 1;
  if (shape.length === 1)
    return { order: flattened(operation, { shape: before, order, layout }), layout: 'same' };
  if (!isFlat) return { order: undefined, layout: undefined };
  if (order === undefined) return { order, layout: 'same' };
  return isEqual(order, channelsFirst(shape))
    ? { order: undefined, layout: 'first' }
    : { order: unknown(operation), layout: undefined };
}

/** Features next to each other, where that is the last axis. */
function concatenated(inputs: readonly Value[], shape: Shape): State {
  const layouts = inputs.map(({ layout }) => layout);
  const layout = layouts.every((one) => one === layouts[0]) ? layouts[0] : undefined;
  const text = inputs.find(({ order }) => typeof order === 'string')?.order;
  if (text !== undefined || inputs.every(({ order }) => order === undefined)) return { order: text, layout };
  let begin = 0;
  const permutation = inputs.flatMap(({ order, shape: own }) => {
    const size = itemAt(own, own.length - 1);
    const from = begin;
    begin += size;
    return Array.from({ length: size }, (_, i) => from + ((order as Permutation | undefined)?.[i] ?? i));
  });
  return {
    order: begin === shape.at(-1) ? permutation : 'features are concatenated along another axis than theirs',
    layout,
  };
}

/** In which order features have to come: that of the images that a Reshape makes of them. */
function wantedOrder(graph: LayerGraph, tensor: KerasTensor): Order {
  const orders: Order[] = [];
  const open = [tensor];
  for (let from = open.pop(); from; from = open.pop())
    for (const { operation, inputs, outputs } of graph.nodes) {
      if (!inputs.includes(from)) continue;
      if (operation.className === 'Reshape') orders.push(imageOrder(graph, itemAt(outputs, 0)));
      else if (IN_PLACE.test(operation.className)) open.push(...outputs);
      else orders.push(undefined);
    }
  const [first] = orders;
  if (orders.every((order) => isEqual(order, first))) return first;
  return `'${tensor.node.operation.name}' leads to images and to what is none, and PyTorch has one order for both`;
}

/** The order of features in what is reshaped, by the layer that takes it: images have channels first, sequences last. */
function imageOrder(graph: LayerGraph, tensor: KerasTensor): Order {
  const shape = tensor.shape.slice(1);
  const takerOf = (from: KerasTensor) => graph.nodes.find(({ inputs }) => inputs.includes(from));
  let taker = takerOf(tensor);
  while (taker && (IN_PLACE.test(taker.operation.className) || OF_SIDES.test(taker.operation.className)))
    taker = takerOf(itemAt(taker.outputs, 0));
  const className = taker?.operation.className ?? '';
  if (taker && OF_IMAGES.test(className))
    return isChannelsFirst(taker.operation) ? undefined : channelsFirst(shape);
  return shape.length > 2 && !OF_SEQUENCES.test(className) ? channelsFirst(shape) : undefined;
}
