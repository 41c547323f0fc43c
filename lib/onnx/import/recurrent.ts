import type { Sym } from '../../core/sym.js';
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, needsNumbers } from './call.js';
import { flipped } from './shapes.js';
import { TensorValue } from './values.js';

type Activation = (x: Sym) => Sym;

/** A function by its name in ONNX. */
function activation(
  call: Call,
  name: string,
  alpha: number | undefined,
  beta: number | undefined,
): Activation {
  const known: Readonly<Record<string, Activation>> = {
    relu: (x) => ops.relu(x),
    tanh: (x) => ops.tanh(x),
    sigmoid: (x) => ops.sigmoid(x),
    affine: (x) => ops.add(ops.multiply(x, alpha ?? 1), beta ?? 0),
    leakyrelu: (x) => ops.leakyRelu(x, { negativeSlope: alpha ?? 0.01 }),
    thresholdedrelu: (x) => ops.where(ops.greater(x, alpha ?? 1), x, ops.zerosLike(x)),
    scaledtanh: (x) => ops.multiply(ops.tanh(ops.multiply(x, beta ?? 1)), alpha ?? 1),
    hardsigmoid: (x) => ops.clip(ops.add(ops.multiply(x, alpha ?? 0.2), beta ?? 0.5), 0, 1),
    elu: (x) => ops.elu(x, { alpha: alpha ?? 1 }),
    softsign: (x) => ops.softsign(x),
    softplus: (x) => ops.softplus(x),
  };
  const found = known[name.toLowerCase()];
  if (!found) throw call.error(`one of ${Object.keys(known).join(', ')} as activation`, name);
  return found;
}

/** What one direction of a recurrent node has. */
interface Direction {
  /** [gates · hidden, inputs]. */
  readonly weights: Sym;
  /** [gates · hidden, hidden]. */
  readonly recurrent: Sym;
  /** [gates · hidden] of the input's product and of the states'; undefined: none. */
  readonly bias: readonly [Sym, Sym] | undefined;
  /** [n, hidden]; undefined: zeros. */
  readonly first: readonly (Sym | undefined)[];
  readonly peepholes: Sym | undefined;
  readonly functions: readonly Activation[];
  /** Whether the functions are those of the fused ops. */
  readonly plain: boolean;
  readonly backwards: boolean;
}

/** The states of all steps, [n, steps, hidden] in the order of the sequence, and the last ones, [n, hidden]. */
interface Run {
  readonly all: Sym;
  readonly last: readonly Sym[];
}

/** Where the inputs of a kind of node stand, and what its functions are without a word. */
interface Kind {
  readonly functions: readonly string[];
  readonly states: readonly number[];
  readonly run: (call: Call, x: Sym, direction: Direction) => Run;
}

const row = (x: Sym, i: number) => ops.squeeze(ops.stridedSlice(x, i, i + 1), 0);

/** Gates [gates · hidden, …] in another order. */
function reordered(x: Sym, gates: number, order: readonly number[]): Sym {
  const blocks = ops.split(x, gates);
  return ops.concatenate(order.map((i) => blocks[i] as Sym));
}

/** Whether first states are zeros, of any size: as if they were left out. */
function isZero(value: unknown): boolean {
  if (!(value instanceof TensorValue) || value.other === undefined) return false;
  return [value.x, value.other].every((x) =>
    ops
      .array(x)
      .dataSync()
      .every((n) => n === 0),
  );
}

const recurrent =
  ({ functions, states, run }: Kind): Handler =>
  (call) => {
    const byBatch = call.int('layout', 0) === 1;
    const x = byBatch ? call.x(0) : ops.transpose(call.x(0), [1, 0, 2]);
    const [directions = 1, , hidden = 0] = [call.shape(1)[0], 0, call.shape(2).at(-1)];
    const way = call.text('direction', 'forward', ['forward', 'reverse', 'bidirectional']);
    const names = call.texts('activations', Array.from({ length: directions }, () => functions).flat());
    const [alphas, betas] = [call.floats('activation_alpha', []), call.floats('activation_beta', [])];
    const plainNames = functions.map((name) => name.toLowerCase()).join();
    const runs = Array.from({ length: directions }, (_, i) => {
      const own = names.slice(i * functions.length, (i + 1) * functions.length);
      const bias = call.has(3) ? ops.split(row(call.x(3), i), 2) : undefined;
      const first = states.map((input) => {
        if (!call.has(input) || isZero(call.inputs[input])) return undefined;
        const all = byBatch ? ops.transpose(call.x(input), [1, 0, 2]) : call.x(input);
        return row(all, i);
      });
      return run(call, x, {
        weights: row(call.x(1), i),
        recurrent: row(call.x(2), i),
        bias: bias && [bias[0] as Sym, bias[1] as Sym],
        first,
        peepholes: functions.length === 3 && call.has(7) ? row(call.x(7), i) : undefined,
        functions: own.map((name, j) =>
          activation(call, name, alphas[i * functions.length + j], betas[i * functions.length + j]),
        ),
        plain:
          own.map((name) => name.toLowerCase()).join() === plainNames &&
          alphas.length + betas.length === 0 &&
          !call.has(4) &&
          !call.given('clip') &&
          !call.flag('input_forget'),
        backwards: way === 'reverse' || i === 1,
      });
    });
    // [steps, directions, n, hidden], or with the batch first [n, steps, directions, hidden].
    const all = ops.stack(
      runs.map(({ all: y }) => (byBatch ? y : ops.transpose(y, [1, 0, 2]))),
      { axis: byBatch ? 2 : 1 },
    );
    const last = states.map((_, at) =>
      ops.stack(
        runs.map((one) => one.last[at] as Sym),
        { axis: byBatch ? 1 : 0 },
      ),
    );
    if (hidden !== call.int('hidden_size', hidden))
      throw call.error(`hidden_size ${hidden}, as the weights`, String(call.int('hidden_size')));
    return [all, ...last];
  };

/** The sequence of a fused op that ran backwards, in the order of the input. */
const inOrder = (y: Sym, backwards: boolean) => (backwards ? flipped(y, 1) : y);

/** Steps one after another, for what no fused op does. */
function stepwise(
  call: Call,
  x: Sym,
  { first, backwards, recurrent: weights }: Direction,
  step: (x: Sym, states: readonly Sym[]) => readonly Sym[],
): Run {
  const [, steps = -1] = x.shape;
  if (steps < 0) throw needsNumbers(call.who, 'a number of steps');
  const hidden = weights.shape.at(-1) ?? 1;
  const zeros = zerosFor(x, hidden);
  let states: readonly Sym[] = first.map((one) => one ?? zeros);
  const lengths = call.has(4) ? ops.reshape(ops.cast(call.x(4), 'int32'), [-1, 1]) : undefined;
  const outputs: Sym[] = [];
  for (let i = 0; i < steps; i++) {
    const at = backwards ? steps - 1 - i : i;
    const now = ops.squeeze(ops.stridedSlice(x, [0, at], [Infinity, at + 1]), 1);
    const next = step(now, states);
    const live = lengths && ops.greater(lengths, at);
    const before = states;
    states = live ? next.map((one, j) => ops.where(live, one, before[j] as Sym)) : next;
    const [h] = next as [Sym];
    outputs[at] = live ? ops.where(live, h, ops.zerosLike(h)) : h;
  }
  return { all: ops.stack(outputs, { axis: 1 }), last: states };
}

/** Zeros [n, hidden] for a sequence [n, steps, inputs], whatever its batch. */
function zerosFor(x: Sym, hidden: number): Sym {
  const [n = -1] = x.shape;
  if (n >= 0) return asSym(ops.zeros([n, hidden]));
  const column = ops.reshape(ops.sum(ops.zerosLike(x), { axis: [1, 2] }), [-1, 1]);
  return ops.add(column, asSym(tensor(new Float32Array(hidden), [1, hidden])));
}

/** A product with weights [rows, columns] and what is added. */
const projected = (x: Sym, weights: Sym, bias?: Sym): Sym => {
  const y = ops.matmul(x, weights, { transposeB: true });
  return bias ? ops.add(y, bias) : y;
};

/** Limits what functions get, where a node says so. */
const limited = (call: Call): ((x: Sym) => Sym) => {
  if (!call.given('clip')) return (x) => x;
  const limit = call.float('clip');
  return (x) => ops.clip(x, -limit, limit);
};

const simple: Kind = {
  functions: ['Tanh'],
  states: [5],
  run: (call, x, direction) => {
    const { weights, recurrent: own, bias, first, backwards, plain } = direction;
    const sum = bias && ops.add(bias[0], bias[1]);
    if (plain) {
      const [initialState] = first;
      const options = {
        returnSequences: true,
        goBackwards: backwards,
        ...(initialState && { initialState }),
      };
      const [y, h] = ops.simpleRnn(x, ops.transpose(weights), ops.transpose(own), sum, options);
      return { all: inOrder(y, backwards), last: [h] };
    }
    const [f] = direction.functions as [Activation];
    const limit = limited(call);
    return stepwise(call, x, direction, (now, [h]) => [
      f(limit(ops.add(projected(now, weights, sum), projected(h as Sym, own)))),
    ]);
  },
};

const gated: Kind = {
  functions: ['Sigmoid', 'Tanh'],
  states: [5],
  run: (call, x, direction) => {
    const { weights, recurrent: own, bias, first, backwards, plain } = direction;
    const after = call.int('linear_before_reset', 0) !== 0;
    if (plain) {
      const [initialState] = first;
      const both = bias && (after ? ops.stack([bias[0], bias[1]]) : ops.add(bias[0], bias[1]));
      const options = {
        ...{ returnSequences: true, goBackwards: backwards, resetAfter: after },
        ...(initialState && { initialState }),
      };
      const [y, h] = ops.gru(x, ops.transpose(weights), ops.transpose(own), both, options);
      return { all: inOrder(y, backwards), last: [h] };
    }
    const [f, g] = direction.functions as [Activation, Activation];
    const limit = limited(call);
    const [wz, wr, wh] = ops.split(weights, 3) as [Sym, Sym, Sym];
    const [rz, rr, rh] = ops.split(own, 3) as [Sym, Sym, Sym];
    const [bz, br, bh] = bias ? (ops.split(bias[0], 3) as [Sym, Sym, Sym]) : [];
    const [cz, cr, ch] = bias ? (ops.split(bias[1], 3) as [Sym, Sym, Sym]) : [];
    return stepwise(call, x, direction, (now, [given]) => {
      const h = given as Sym;
      const z = f(limit(ops.add(projected(now, wz, bz), projected(h, rz, cz))));
      const r = f(limit(ops.add(projected(now, wr, br), projected(h, rr, cr))));
      const kept = after ? ops.multiply(r, projected(h, rh, ch)) : projected(ops.multiply(r, h), rh, ch);
      const candidate = g(limit(ops.add(projected(now, wh, bh), kept)));
      return [ops.add(ops.multiply(ops.subtract(1, z), candidate), ops.multiply(z, h))];
    });
  },
};

/** ONNX has the gates input, output, forget, candidate; the op input, forget, candidate, output. */
const LSTM_ORDER = [0, 2, 3, 1];

const longShort: Kind = {
  functions: ['Sigmoid', 'Tanh', 'Tanh'],
  states: [5, 6],
  run: (call, x, direction) => {
    const { weights, recurrent: own, bias, first, backwards, plain, peepholes } = direction;
    const sum = bias && ops.add(bias[0], bias[1]);
    if (plain && !peepholes) {
      const [h, c] = first;
      const order = (y: Sym) => ops.transpose(reordered(y, 4, LSTM_ORDER));
      // One of the two may be left out, or zeros of a size that is not known.
      const zeros = zerosFor(x, own.shape.at(-1) ?? 1);
      const initialState = h || c ? ([h ?? zeros, c ?? zeros] as const) : undefined;
      const options = {
        returnSequences: true,
        goBackwards: backwards,
        ...(initialState && { initialState }),
      };
      const [y, last, cell] = ops.lstm(
        x,
        order(weights),
        order(own),
        sum && reordered(sum, 4, LSTM_ORDER),
        options,
      );
      return { all: inOrder(y, backwards), last: [last, cell] };
    }
    const [f, g, k] = direction.functions as [Activation, Activation, Activation];
    const limit = limited(call);
    const [pi, po, pf] = peepholes ? (ops.split(peepholes, 3) as [Sym, Sym, Sym]) : [];
    const peeped = (y: Sym, p: Sym | undefined, c: Sym) => (p ? ops.add(y, ops.multiply(p, c)) : y);
    return stepwise(call, x, direction, (now, [h, before]) => {
      const c = before as Sym;
      const all = ops.add(projected(now, weights, sum), projected(h as Sym, own));
      const [i, o, forget, candidate] = ops.split(all, 4, { axis: -1 }) as [Sym, Sym, Sym, Sym];
      const input = f(limit(peeped(i, pi, c)));
      const kept = call.flag('input_forget') ? ops.subtract(1, input) : f(limit(peeped(forget, pf, c)));
      const cell = ops.add(ops.multiply(kept, c), ops.multiply(input, g(limit(candidate))));
      const output = f(limit(peeped(o, po, cell)));
      return [ops.multiply(output, k(cell)), cell];
    });
  },
};

/** Recurrent layers. */
export const recurrents: Handlers = {
  RNN: recurrent(simple),
  GRU: recurrent(gated),
  LSTM: recurrent(longShort),
};
