import { itemAt } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import type { NumberType } from '../dtypes.js';
import type { GraphProto } from '../messages.js';
import { type Call, type Handler, type Handlers, hasNumbers, needsNumbers, settledOf } from './call.js';
import { flipped, parts } from './shapes.js';
import { type OnnxValue, TensorValue } from './values.js';

/** Longer loops are not written out step by step. */
const MOST_STEPS = 10_000;

const scalar = (x: Sym) => ops.reshape(x, []);

/** The number of a value that is known, else undefined. */
function knownNumber(value: OnnxValue | undefined): number | undefined {
  if (!(value instanceof TensorValue) || value.other || !hasNumbers(value.x)) return undefined;
  return ops.array(value.x).dataSync()[0];
}

const choice: Handler = (call) => {
  const known = knownNumber(call.inputs[0]);
  const [then, otherwise] = [call.graph('then_branch'), call.graph('else_branch')];
  if (known !== undefined) return call.runGraph(known ? then : otherwise, []);
  let types: TensorValue[] = [];
  const branch = (graph: typeof then) => () => {
    const made = call.runGraph(graph, []).map((value) => {
      if (value instanceof TensorValue) return value;
      throw call.error('branches that give tensors', 'a list');
    });
    types = made;
    return made.map((value) => settledOf(call.who, 'results of branches', value));
  };
  const condition = call.x(0);
  const made: readonly unknown[] = ops.cond(scalar(condition), branch(then), branch(otherwise));
  return made.map((x, i) => new TensorValue(x as Sym, types[i]?.type ?? 'FLOAT'));
};

/** What is kept of each step, along a new axis. */
function scanned(call: Call, rows: readonly (readonly OnnxValue[])[], count: number): TensorValue[] {
  return Array.from({ length: count }, (_, i) => {
    const values = rows.map((row) => row[i]);
    const [first] = values;
    if (!(first instanceof TensorValue)) throw call.error('at least one step', 'none');
    const xs = values.map((value) => {
      if (value instanceof TensorValue) return settledOf(call.who, 'what is kept of each step', value);
      throw call.error('tensors that are kept of each step', 'another');
    });
    return new TensorValue(ops.stack(xs), first.type);
  });
}

const integer = (n: number) => new TensorValue(asSym(tensor(n, [], 'int32')), 'INT64');
const truth = (value: boolean) => new TensorValue(asSym(tensor(Number(value), [], 'bool')), 'BOOL');

/** Steps are written out one after another where it is known how many there are, else a loop of the network has them. */
const loop: Handler = (call) => {
  const body = call.graph('body');
  const first = call.inputs.slice(2).map((value) => {
    if (value) return value;
    throw call.error('first states', 'none');
  });
  const most = call.has(0) ? (call.isKnown(0) ? call.number(0) : undefined) : Infinity;
  let going = call.has(1) ? knownNumber(call.inputs[1]) : 1;
  let states: readonly OnnxValue[] = first;
  const rows: OnnxValue[][] = [];
  const kept = body.output.length - 1 - states.length;
  for (let i = 0; most !== undefined && going !== undefined && going && i < most; i++) {
    if (i === MOST_STEPS) throw call.error(`at most ${MOST_STEPS} steps`, 'more');
    const [condition, ...made] = call.runGraph(body, [integer(i), truth(true), ...states]);
    going = knownNumber(condition);
    if (going === undefined) {
      if (i > 0 || kept > 0) throw needsNumbers(call.who, 'a condition');
      break;
    }
    states = made.slice(0, states.length);
    rows.push(made.slice(states.length));
  }
  if (most !== undefined && going !== undefined)
    return [...states, ...(rows.length === 0 ? emptyRows(call, kept) : scanned(call, rows, kept))];
  if (kept > 0) throw needsNumbers(call.who, 'a number of steps');
  return whileLoop(call, first, most);
};

/** What is kept of no steps has a first axis without places. */
function emptyRows(call: Call, count: number): TensorValue[] {
  const { output } = call.graph('body');
  return output.slice(-count || output.length).map(({ type }) => {
    const dims = type?.tensorType?.shape?.dim.map((dim) =>
      dim.value === 'dimValue' ? (dim.dimValue ?? 0) : 0,
    );
    return new TensorValue(asSym(ops.zeros([0, ...(dims ?? [])])), 'FLOAT');
  });
}

function whileLoop(call: Call, first: readonly OnnxValue[], most: number | undefined): OnnxValue[] {
  const start = first.map((value) => {
    if (value instanceof TensorValue) return value;
    throw call.error('states that are tensors', 'a list');
  });
  const body = call.graph('body');
  const limit = most === undefined ? scalar(call.x(0)) : undefined;
  const condition = call.has(1) ? scalar(call.x(1)) : truth(true).x;
  const made: readonly unknown[] = ops.whileLoop(
    (at: Sym, going: Sym) => (limit ? ops.logicalAnd(going, ops.less(at, limit)) : going),
    (at: Sym, _going: Sym, ...states: Sym[]) => {
      const [next, ...values] = call.runGraph(body, [
        new TensorValue(at, 'INT64'),
        truth(true),
        ...states.map((x, i) => new TensorValue(x, start[i]?.type ?? 'FLOAT')),
      ]);
      const xs = [next, ...values].map((value) => {
        if (value instanceof TensorValue) return settledOf(call.who, 'what a step gives', value);
        throw call.error('a step that gives tensors', 'another');
      });
      const [after, ...rest] = xs as [Sym, ...Sym[]];
      return [ops.add(at, 1), scalar(after), ...rest];
    },
    [
      asSym(tensor(0, [], 'int32')),
      condition,
      ...start.map((value) => settledOf(call.who, 'first states', value)),
    ],
    most !== undefined && Number.isFinite(most) ? { maximumIterations: most } : {},
  );
  return start.map(({ type }, i) => new TensorValue(made[i + 2] as Sym, type));
}

/** How a node goes over sequences. */
interface Sweep {
  readonly body: GraphProto;
  readonly states: readonly TensorValue[];
  /** [steps, …], as the steps take them. */
  readonly sequences: readonly TensorValue[];
}

/** Steps along axes of inputs: written out where it is known how many there are, else as a loop of the network. */
const scan: Handler = (call) => {
  const body = call.graph('body');
  const count = call.int('num_scan_inputs');
  const old = call.opset < 9;
  if (old) throw call.error('opset 9 or newer', String(call.opset));
  const states = call.inputs.length - count;
  const kept = body.output.length - states;
  const none = (length: number) => Array<number>(length).fill(0);
  const axes = call.ints('scan_input_axes', none(count));
  const ways = call.ints('scan_input_directions', none(count));
  const outputAxes = call.ints('scan_output_axes', none(kept));
  const outputWays = call.ints('scan_output_directions', none(kept));
  const sequences = Array.from({ length: count }, (_, i) => {
    const x = call.x(states + i);
    const first = ops.moveaxis(x, call.axis(axes[i] ?? 0, x.rank), 0);
    return new TensorValue(ways[i] === 1 ? flipped(first, 0) : first, call.type(states + i));
  });
  const steps = sequences[0]?.x.shape[0] ?? 0;
  const sweep = { body, states: Array.from({ length: states }, (_, i) => call.value(i)), sequences };
  const [last, rows] = steps < 0 ? swept(call, sweep) : writtenOut(call, sweep, steps);
  const whole = rows.map(({ x, type }, i) => {
    const turned = outputWays[i] === 1 ? flipped(x, 0) : x;
    return new TensorValue(ops.moveaxis(turned, 0, call.axis(outputAxes[i] ?? 0, x.rank)), type);
  });
  return [...last, ...whole];
};

/** @returns The last states, and what was kept of each step, [steps, …]. */
function writtenOut(
  call: Call,
  { body, states, sequences }: Sweep,
  steps: number,
): [readonly OnnxValue[], TensorValue[]] {
  if (steps > MOST_STEPS) throw call.error(`at most ${MOST_STEPS} steps`, String(steps));
  const each = sequences.map(({ x, type }) =>
    parts(x, 0, Array<number>(steps).fill(1)).map((part) => new TensorValue(ops.squeeze(part, 0), type)),
  );
  let now: readonly OnnxValue[] = states;
  const rows: OnnxValue[][] = [];
  for (let i = 0; i < steps; i++) {
    const made = call.runGraph(body, [...now, ...each.map((list) => list[i] as TensorValue)]);
    now = made.slice(0, states.length);
    rows.push(made.slice(states.length));
  }
  return [now, scanned(call, rows, body.output.length - states.length)];
}

/** As {@link writtenOut}: the steps are one loop. */
function swept(call: Call, { body, states, sequences }: Sweep): [readonly OnnxValue[], TensorValue[]] {
  let types: NumberType[] = [];
  const step = (before: readonly Sym[], elements: readonly Sym[]): Sym[] => {
    const made = call.runGraph(body, [
      ...before.map((x, i) => new TensorValue(x, itemAt(states, i).type)),
      ...elements.map((x, i) => new TensorValue(x, itemAt(sequences, i).type)),
    ]);
    const values = made.map((value) => {
      if (value instanceof TensorValue) return value;
      throw call.error('a step that gives tensors', 'another');
    });
    types = values.map(({ type }) => type);
    return values.map((value) => settledOf(call.who, 'what a step gives', value));
  };
  const first = states.map((value) => settledOf(call.who, 'first states', value));
  const [last, rows] = ops.scan(
    (before: readonly Sym[], elements: readonly Sym[]) => {
      const made = step(before, elements);
      return [made.slice(0, first.length), made.slice(first.length)];
    },
    first,
    sequences.map(({ x }) => x),
  ) as unknown as [readonly Sym[], readonly Sym[]];
  return [
    last.map((x, i) => new TensorValue(x, itemAt(states, i).type)),
    rows.map((x, i) => new TensorValue(x, itemAt(types, first.length + i))),
  ];
}

/** Choices and loops. */
export const control: Handlers = { If: choice, Loop: loop, Scan: scan };
