// LSTM, GRU and the simple recurrent layer, whose input is x · kernel + bias of every step already.
import { itemAt, lastOf } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import type { TraceNode } from '../../core/traceNode.js';
import { type OnnxGraph, type Value, infoOf, range } from './graph.js';
import type { Lower, Scope } from './scope.js';
import { chosen } from './elementwise.js';
import { product } from './products.js';

/** What ONNX calls it, how many states it has, and its order of our gates. */
interface Kind {
  readonly opType: 'LSTM' | 'GRU' | 'RNN';
  readonly gates: readonly number[];
  readonly states: 1 | 2;
}

/** What a recurrent op reads. */
interface Parts {
  readonly z: Value;
  readonly kernel: Value;
  readonly bias: Value | undefined;
  readonly first: readonly Value[];
  readonly mask: Value | undefined;
  readonly units: number;
  readonly attrs: TraceNode['attrs'];
}

function partsOf(node: TraceNode, inputs: readonly Value[], scope: Scope, { states }: Kind): Parts {
  const { attrs } = node;
  if (attrs['masked'] === true) throw scope.refusal(node, 'its states are masked, as in training');
  const isMasked = attrs['stepMask'] === true;
  const others = inputs.slice(2, isMasked ? -1 : undefined);
  const bias = node.op === 'gru' && attrs['resetAfter'] !== false ? others.shift() : undefined;
  return {
    z: itemAt(inputs, 0),
    kernel: itemAt(inputs, 1),
    bias,
    first: others.slice(0, states),
    mask: isMasked ? lastOf(inputs) : undefined,
    units: itemAt(itemAt(node.inputs, 1).shape, 0),
    attrs,
  };
}

/** The x, kernel and bias of which a recurrent op's input was computed, as ops.lstm and its relatives do it. */
function projection(z: Sym): { x: Sym; kernel: Sym; bias: Sym | undefined } | undefined {
  const rows = z.op === 'reshape' || z.op === 'reshapeLike' ? z.inputs[0] : undefined;
  const bias = rows?.op === 'add' ? rows.inputs[1] : undefined;
  const made = bias ? rows?.inputs[0] : rows;
  if (made?.op !== 'matmul' || made.attrs['transposeA'] === true || made.attrs['transposeB'] === true)
    return undefined;
  const [flat, kernel] = made.inputs;
  const x = flat?.op === 'reshape' && flat.attrs['from'] === undefined ? flat.inputs[0] : undefined;
  const isWhole =
    x?.rank === 3 &&
    kernel?.rank === 2 &&
    x.shape[2] === kernel.shape[0] &&
    flat?.rank === 2 &&
    flat.shape[1] === x.shape[2];
  return isWhole && kernel ? { x, kernel, bias } : undefined;
}

const vector = (dtype: Value['dtype'], rank: number) => ({ dtype, rank });

/** Columns [n, gates · units] in ONNX's order of gates. */
function ordered(graph: OnnxGraph, x: Value, { gates }: Kind, units: number): Value {
  if (gates.every((gate, i) => gate === i)) return x;
  const axis = x.rank - 1;
  const types = gates.map(() => x);
  const sizes = graph.ints(gates.map(() => units));
  const parts = graph.all('Split', [x, sizes], types, { axis });
  return graph.op(
    'Concat',
    gates.map((gate) => itemAt(parts, gate)),
    x,
    { axis },
  );
}

/** The layer as one node. */
function single(node: TraceNode, parts: Parts, kind: Kind, scope: Scope): Value[] {
  const { graph } = scope;
  const { units, kernel, attrs } = parts;
  const columns = kind.gates.length * units;
  const found = projection(itemAt(node.inputs, 0));
  const x = found ? scope.valueOf(found.x) : parts.z;
  // Of an input that was computed elsewhere all columns are taken as they are.
  const identity = () =>
    graph.file.constant(
      'float32',
      [columns, columns],
      range(0, columns ** 2).map((i) => Number(i % (columns + 1) === 0)),
    );
  const matrix = (given: Value) =>
    graph.unsqueeze(graph.transpose(ordered(graph, given, kind, units), [1, 0]), [0]);
  const zeros = () => graph.file.constant('float32', [columns], Array<number>(columns).fill(0));
  const own = found?.bias && scope.valueOf(found.bias);
  const biases =
    (own ?? parts.bias)
      ? [own ?? zeros(), parts.bias ?? zeros()].map((one) => ordered(graph, one, kind, units))
      : [];
  const bias =
    biases.length > 0
      ? graph.unsqueeze(graph.op('Concat', biases, vector('float32', 1), { axis: 0 }), [0])
      : undefined;
  const first = parts.first.map((state) => graph.unsqueeze(state, [0]));
  const isBackwards = attrs['goBackwards'] === true;
  const given = [
    graph.transpose(x, [1, 0, 2]),
    matrix(found ? scope.valueOf(found.kernel) : identity()),
    matrix(kernel),
    bias,
    undefined,
    ...first,
  ];
  const [sequence, ...last] = graph.all(
    kind.opType,
    given,
    [vector('float32', 4), ...range(0, kind.states).map(() => vector('float32', 3))],
    {
      hidden_size: units,
      direction: isBackwards ? 'reverse' : undefined,
      linear_before_reset: kind.opType === 'GRU' ? Number(attrs['resetAfter'] !== false) : undefined,
    },
  );
  const states = last.map((state) => graph.squeeze(state, [0]));
  if (attrs['returnSequences'] !== true) return states;
  const steps = graph.squeeze(sequence as Value, [1]);
  return [graph.transpose(isBackwards ? reversed(graph, steps) : steps, [1, 0, 2]), ...states];
}

/** In our sequences the step that ran first comes first. */
const reversed = (graph: OnnxGraph, x: Value): Value =>
  graph.op(
    'Slice',
    [x, graph.ints([-1]), graph.ints([-(2 ** 31) + 1]), graph.ints([0]), graph.ints([-1])],
    x,
  );

/** The new states, of the input of a step and the states before it. */
type Step = (graph: OnnxGraph, z: Value, states: readonly Value[], parts: Parts) => readonly Value[];

const by = (graph: OnnxGraph, opType: string, ...inputs: Value[]) => graph.elementwise(opType, inputs);

const split = (graph: OnnxGraph, x: Value, units: number, count: number): Value[] =>
  graph.all('Split', [x, graph.ints(Array<number>(count).fill(units))], Array<Value>(count).fill(x), {
    axis: 1,
  });

const lstmStep: Step = (graph, z, [h, c], { kernel, units }) => {
  const sum = by(graph, 'Add', z, product(graph, h as Value, kernel));
  const [i, f, g, o] = split(graph, sum, units, 4) as [Value, Value, Value, Value];
  const gate = (x: Value) => by(graph, 'Sigmoid', x);
  const kept = by(graph, 'Mul', gate(f), c as Value);
  const next = by(graph, 'Add', kept, by(graph, 'Mul', gate(i), by(graph, 'Tanh', g)));
  return [by(graph, 'Mul', gate(o), by(graph, 'Tanh', next)), next];
};

const gruStep: Step = (graph, z, [state], { kernel, bias, units }) => {
  const h = state as Value;
  const [update, reset, candidate] = split(graph, z, units, 3) as [Value, Value, Value];
  const gate = (x: Value, of: Value) => by(graph, 'Sigmoid', by(graph, 'Add', x, of));
  const products = (): readonly Value[] => {
    if (bias) return split(graph, by(graph, 'Add', product(graph, h, kernel), bias), units, 3);
    return split(graph, kernel, units, 3).map((columns) => product(graph, h, columns));
  };
  const [toUpdate, toReset, toCandidate] = products() as [Value, Value, Value];
  const [u, r] = [gate(update, toUpdate), gate(reset, toReset)];
  const columns = () => itemAt(split(graph, kernel, units, 3), 2);
  const met = bias ? by(graph, 'Mul', r, toCandidate) : product(graph, by(graph, 'Mul', r, h), columns());
  const g = by(graph, 'Tanh', by(graph, 'Add', candidate, met));
  return [by(graph, 'Add', g, by(graph, 'Mul', u, by(graph, 'Sub', h, g)))];
};

const simpleStep: Step = (graph, z, [h], { kernel }) => [
  by(graph, 'Tanh', by(graph, 'Add', z, product(graph, h as Value, kernel))),
];

/** Step by step, where some steps do not count: those keep the states. */
function stepwise(parts: Parts, kind: Kind, step: Step, scope: Scope): Value[] {
  const { graph, file } = scope;
  const { z, mask, units, attrs } = parts;
  const inner = scope.within(() => true);
  const input = (dtype: Value['dtype'], shape: readonly number[]) => {
    const name = file.name(`${file.prefix}/place`);
    return { value: { name, dtype, rank: shape.length }, info: infoOf(name, dtype, shape) };
  };
  const states = range(0, kind.states).map(() => input('float32', [-1, units]));
  const [at, counts] = [input('float32', [-1, kind.gates.length * units]), input('bool', [-1])];
  const before = states.map(({ value }) => value);
  const isCounted = inner.graph.unsqueeze(counts.value, [1]);
  const next = step(inner.graph, at.value, before, parts).map((value, i) =>
    chosen(inner.graph, isCounted, value, itemAt(before, i)),
  );
  const shown = itemAt(next, 0);
  const output =
    attrs['zeroOutput'] === true ? chosen(inner.graph, isCounted, shown, inner.graph.scalar(0)) : shown;
  const body = inner.graph.body(
    [...states, at, counts].map(({ info }) => info),
    [...next, output].map((value) => [value, [-1, units]] as const),
  );
  const count = graph.sizes([{ of: z, axis: 0 }, units]);
  const zeros = graph.op('Expand', [graph.scalar(0), count], vector('float32', 2));
  const first = range(0, kind.states).map((i) => parts.first[i] ?? zeros);
  const sequences = [graph.transpose(z, [1, 0, 2]), graph.transpose(mask as Value, [1, 0])];
  const isBackwards = Number(attrs['goBackwards'] === true);
  const made = graph.all(
    'Scan',
    [...first, ...sequences],
    [...first.map(() => vector('float32', 2)), vector('float32', 3)],
    { body: { g: body }, num_scan_inputs: 2, scan_input_directions: [isBackwards, isBackwards] },
  );
  const last = made.slice(0, kind.states);
  return attrs['returnSequences'] === true ? [graph.transpose(lastOf(made), [1, 0, 2]), ...last] : last;
}

const recurrent =
  (kind: Kind, step: Step): Lower =>
  (node, inputs, scope) => {
    const parts = partsOf(node, inputs, scope, kind);
    return parts.mask ? stepwise(parts, kind, step, scope) : single(node, parts, kind, scope);
  };

/** One step of a choice: h, as h' = a · h + b along an axis. */
const linearRecurrence: Lower = (node, inputs, scope) => {
  const { graph, file } = scope;
  const [a, b] = inputs as [Value, Value];
  const axis = Number(node.attrs['axis'] ?? -1);
  const along = axis < 0 ? axis + b.rank : axis;
  const rest = range(0, b.rank).filter((one) => one !== along);
  const shape = rest.map((one) => itemAt(itemAt(node.outputs, 0).shape, one));
  const inner = scope.within(() => true);
  const names = ['before', 'factor', 'more'].map((name) => ({
    ...{ name: file.name(`${file.prefix}/${name}`), rank: rest.length },
    dtype: 'float32' as const,
  }));
  const [h, factor, more] = names as [Value, Value, Value];
  const next = by(inner.graph, 'Add', by(inner.graph, 'Mul', factor, h), more);
  const body = inner.graph.body(
    names.map(({ name }) => infoOf(name, 'float32', shape)),
    [next, next].map((value) => [value, shape] as const),
  );
  const whole = graph.shape(b);
  const sizes = graph.op('Gather', [whole, graph.ints(rest)], { dtype: 'int64', rank: 1 });
  const first = graph.op(
    'Expand',
    [graph.scalar(Number(node.attrs['initial'] ?? 0)), sizes],
    vector('float32', rest.length),
  );
  const given = [a, b].map((x) => graph.op('Expand', [x, whole], vector('float32', b.rank)));
  const isReverse = Number(node.attrs['reverse'] === true);
  const [, made] = graph.all('Scan', [first, ...given], [first, b], {
    ...{ body: { g: body }, num_scan_inputs: 2, scan_input_axes: [along, along], scan_output_axes: [along] },
    ...{ scan_input_directions: [isReverse, isReverse], scan_output_directions: [isReverse] },
  });
  return made as Value;
};

export const RECURRENT: Readonly<Record<string, Lower>> = {
  lstm: recurrent({ opType: 'LSTM', gates: [0, 3, 1, 2], states: 2 }, lstmStep),
  gru: recurrent({ opType: 'GRU', gates: [0, 1, 2], states: 1 }, gruStep),
  simpleRnn: recurrent({ opType: 'RNN', gates: [0], states: 1 }, simpleStep),
  linearRecurrence,
};
