import { expected, mismatch } from '../base/checks.js';
import { firstOf, itemAt } from '../base/list.js';
import { type DtypePolicy, computeDtype } from './dtypePolicy.js';
import {
  type Compute,
  type Attrs,
  type CustomGradient,
  type DType,
  type NativeGraph,
  type Scan,
  type Shape,
  type TypedArray,
  type TypedValue,
  type While,
  engine,
} from '../engine/engine.js';
import { getDevice } from '../engine/devices.js';
import { Program } from './program.js';
import type { Stateful } from './stateful.js';
import { Sym } from './sym.js';
import { Tensor } from './tensor.js';
import type { TraceNode } from './traceNode.js';
import type { Variable } from './variable.js';

/** The step of a loop that is being traced. @internal */
export interface LoopStep {
  /** How many steps were before it, int32 []. */
  readonly number: Sym;
  /** The step of another loop that the loop is in. */
  readonly outer: LoopStep | undefined;
}

/** What decides the masks that all steps of a sequence share. */
interface SequenceStart {
  readonly key: Sym | undefined;
  readonly loop: LoopStep | undefined;
}

/**
 * A graph under construction, with the updates of variables that belong to its step. {@link compile} makes one for
 * each signature; a model makes its own.
 */
export class Trace {
  static readonly #open: Trace[] = [];

  readonly #graph: NativeGraph = engine().createGraph();
  readonly #parameters = new Map<Tensor, Sym>();
  readonly #held = new Set<Tensor | Variable>();
  readonly #updates = new Map<Variable, Sym>();
  /** Those that change in each step, whatever branch of it assigns them. */
  readonly #counters = new Set<Variable>();
  /** What optimizers gave variables, one after the other, and what is read of it. */
  readonly #optimized = new Map<Variable, { readonly value: Sym; read?: Sym }[]>();
  /** The numbers of its inputs, while the traced function runs on them. @internal */
  numbers:
    { readonly feeds: readonly Sym[]; readonly tensors: readonly Tensor[]; policy: DtypePolicy } | undefined;
  readonly #sources = new Set<Stateful>();
  #draws = 0;
  /** The key of random ops that have neither a key nor a seed, int32 [2]: the first of them sets it, or whose trace it is. @internal */
  key: Sym | undefined;
  #loop: LoopStep | undefined;
  #sequence: SequenceStart | undefined;
  #precision: Compute | undefined;
  #layer: string | undefined;

  /** The innermost trace whose function is running, if any. */
  static get current(): Trace | undefined {
    return Trace.#open.at(-1);
  }

  /**
   * Adds the ops of a function as those of a layer that computes in a dtype, whatever the program does; so do the ops of their gradients.
   * @internal
   */
  withPrecision<T>(precision: Compute, body: () => T): T {
    const before = this.#precision;
    this.#precision = precision;
    try {
      return body();
    } finally {
      this.#precision = before;
    }
  }

  /** Notes in which layer the ops of a function are, for {@link TraceNode}. @internal */
  withinLayer<T>(name: string, body: () => T): T {
    const before = this.#layer;
    this.#layer = name;
    try {
      return body();
    } finally {
      this.#layer = before;
    }
  }

  /** Runs a function while this trace is the current one: variables that ops meet are then read symbolically. */
  within<T>(body: () => T): T {
    Trace.#open.push(this);
    try {
      return body();
    } finally {
      Trace.#open.pop();
    }
  }

  /** Whether the step of a loop is being traced: its values end with it. @internal */
  get inStep(): boolean {
    return this.#loop !== undefined;
  }

  /** The innermost loop whose step is being traced. @internal */
  get loop(): LoopStep | undefined {
    return this.#loop;
  }

  /** Traces a recurrent layer over a sequence, at the start of which the masks of its cells are drawn. @internal */
  withinSequence<T>(key: Sym | undefined, body: () => T): T {
    const outer = this.#sequence;
    this.#sequence = { key, loop: this.#loop };
    try {
      return body();
    } finally {
      this.#sequence = outer;
    }
  }

  /** Traces what all steps of the sequence share, as at its start, with the key there; outside of sequences as it is. @internal */
  atSequence<T>(key: Sym | undefined, body: (key: Sym | undefined) => T): T {
    const loop = this.#loop;
    if (this.#sequence) this.#loop = this.#sequence.loop;
    try {
      return body(this.#sequence?.key ?? key);
    } finally {
      this.#loop = loop;
    }
  }

  /** Traces the step of a loop, whose random ops draw with its own key, and with a seed by its number (int32 []). @internal */
  withinStep<T>(stepKey: Sym, number: Sym, body: () => T): T {
    const { key } = this;
    const outer = this.#loop;
    this.#loop = { number, outer };
    this.key = stepKey;
    try {
      return body();
    } finally {
      this.key = key;
      this.#loop = outer;
    }
  }

  /** Notes what the traced function depends on besides its inputs. @internal */
  dependOn(source: Stateful): void {
    this.#sources.add(source);
  }

  /** What the traced function depended on. @internal */
  get sources(): readonly Stateful[] {
    return [...this.#sources];
  }

  /** A value that is fed at each run. -1 in the shape is a dimension that is known only then. */
  input(dtype: DType, shape: Shape, label: string): Sym {
    return firstOf(this.#made([engine().addInput(this.#graph, dtype, shape, label)], { op: 'input' }));
  }

  /** Adds an op of the engine, by its name there, and gives its outputs. */
  op(name: string, inputs: readonly Sym[], attrs: Attrs = {}): [Sym, ...Sym[]] {
    for (const input of inputs) this.#checkOwn(name, input);
    const ids = inputs.map((input) => input.id);
    const values = engine().addOp(this.#graph, name, ids, this.#marked(attrs));
    return this.#made(values, { op: name, inputs, attrs }) as [Sym, ...Sym[]];
  }

  #marked(attrs: Attrs): Attrs {
    return this.#precision === undefined ? attrs : { ...attrs, precision: this.#precision };
  }

  /** A filled constant, by default a scalar. */
  constant(value: number, dtype: DType = 'float32', shape: Shape = []): Sym {
    return this.op('constant', [], { value, dtype, shape })[0];
  }

  /** The value of a variable at this point of the step, or a tensor as a constant of the graph. */
  lift(value: Tensor | Variable): Sym {
    const given = value instanceof Tensor ? undefined : this.#updates.get(value);
    if (!given) return this.start(value);
    const optimized = this.#optimized.get(value as Variable)?.at(-1);
    if (optimized?.value !== given) return given;
    return (optimized.read ??= firstOf(this.op('stopGradient', [given])));
  }

  /** The value of a variable at the start of the step. */
  start(value: Tensor | Variable): Sym {
    const storage = value instanceof Tensor ? value : value.storage;
    const known = this.#parameters.get(storage);
    if (known) return known;
    const made = engine().addParameter(
      this.#graph,
      storage.handle,
      value instanceof Tensor ? 'tensor' : value.name,
    );
    const sym = firstOf(this.#made([made], { op: 'parameter', source: value }));
    this.#parameters.set(storage, sym);
    this.#held.add(value);
    return sym;
  }

  /** Records that the step gives a variable a new value, which {@link lift} then reads. */
  assign(target: Variable, value: Sym): void {
    this.#checkOwn('assign', value);
    this.start(target);
    this.#updates.set(target, value);
  }

  /** As {@link assign}, also where the branch of a step that does it is not chosen: for counters of steps. @internal */
  count(target: Variable, value: Sym): void {
    this.assign(target, value);
    this.#counters.add(target);
  }

  /** Says that an optimizer has given variables their values, through which no gradient goes: further steps begin there. @internal */
  optimized(targets: readonly Variable[]): void {
    for (const target of targets) {
      const value = this.#updates.get(target);
      if (!value) continue;
      const list = this.#optimized.get(target);
      if (list) list.push({ value });
      else this.#optimized.set(target, [{ value }]);
    }
  }

  /** The values of variables of which another value was computed: at the start of the step, or after an optimizer's update. @internal */
  readBy(y: Sym, targets: readonly Variable[]): Sym[] {
    if (this.#optimized.size === 0) return targets.map((target) => this.start(target));
    const before = ancestorsOf(y);
    return targets.map((target) => {
      const all = this.#optimized.get(target)?.flatMap(({ read }) => read ?? []) ?? [];
      return all.findLast((read) => before.has(read)) ?? this.start(target);
    });
  }

  /** Makes what `body` assigns to variables hold where a condition, bool [], is true: elsewhere they keep their values before it. */
  assignWhere(condition: Sym, body: () => void): void {
    const before = new Map(this.#updates);
    body();
    for (const [target, value] of this.#updates) {
      const kept = before.get(target) ?? this.start(target);
      if (value !== kept && !this.#counters.has(target))
        this.assign(target, this.op('where', [condition, value, kept])[0]);
    }
  }

  /** The variables that the step updates so far. */
  get updated(): readonly Variable[] {
    return [...this.#updates.keys()];
  }

  /**
   * Adds a loop whose step has been traced with inputs that stand for what it reads: see {@link Scan}. What a step reads besides is the
   * same in all of them.
   *
   * @returns The last states, then the results of all steps, [steps, ...].
   */
  scan(scan: Scan<Sym>): Sym[] {
    const { states, sequences, results } = scan;
    const operands = [...states.map(({ first }) => first), ...sequences.map(({ whole }) => whole)];
    const read = [...operands, ...states.map(({ next }) => next), ...results.map(({ value }) => value)];
    for (const value of read) this.#checkOwn('scan', value);
    const made = engine().addScan(this.#graph, {
      states: states.map((state) => ({
        before: state.before.id,
        first: state.first.id,
        next: state.next.id,
      })),
      sequences: sequences.map(({ element, whole, backwards }) => ({
        element: element.id,
        whole: whole.id,
        backwards,
      })),
      results: results.map(({ value, backwards }) => ({ value: value.id, backwards })),
    });
    return this.#made(made, { op: 'scan', inputs: read, scan });
  }

  /** Adds a loop whose condition and step have been traced with inputs that stand for its states: the last states. See {@link While}. */
  whileLoop(whileLoop: While<Sym>): Sym[] {
    const { states, condition, maximum } = whileLoop;
    const operands = states.map(({ first }) => first);
    const read = [...operands, ...states.map(({ next }) => next), condition];
    for (const value of read) this.#checkOwn('whileLoop', value);
    const made = engine().addWhile(this.#graph, {
      states: states.map(({ before, first, next }) => ({
        before: before.id,
        first: first.id,
        next: next.id,
      })),
      condition: condition.id,
      maximum,
    });
    return this.#made(made, { op: 'whileLoop', inputs: read, whileLoop });
  }

  /**
   * Adds a choice between what two functions trace, of which the step computes one. What they assign to variables holds where their
   * branch is chosen.
   *
   * @param aligned Makes of what the two gave lists of values.
   * @returns The values of the chosen branch.
   */
  cond<T>(
    predicate: Sym,
    then: () => T,
    otherwise: () => T,
    aligned: (then: T, otherwise: T) => readonly [then: readonly Sym[], otherwise: readonly Sym[]],
  ): Sym[] {
    this.#checkOwn('cond', predicate);
    const first = this.constant(0);
    const [a, b] = [this.#branch(then), this.#branch(otherwise)];
    const values = aligned(a.result, b.result);
    const changed = [...new Set([...a.updates.keys(), ...b.updates.keys()])];
    const whole = (given: readonly Sym[], updates: ReadonlyMap<Variable, Sym>) => [
      ...given,
      ...changed.map((variable) => updates.get(variable) ?? this.lift(variable)),
    ];
    const [chosen, other] = [whole(values[0], a.updates), whole(values[1], b.updates)];
    for (const value of [...chosen, ...other]) this.#checkOwn('cond', value);
    if (chosen.length === 0) return [];
    const ids = (list: readonly Sym[]) => list.map((value) => value.id);
    const given = engine().addCond(this.#graph, {
      predicate: predicate.id,
      first: first.id,
      then: ids(chosen),
      otherwise: ids(other),
    });
    const made = this.#made(given, {
      op: 'cond',
      inputs: [predicate, ...chosen, ...other],
      cond: { predicate, first, then: chosen, otherwise: other },
    });
    const results = made.slice(0, values[0].length);
    changed.forEach((variable, i) => {
      this.assign(variable, itemAt(made, results.length + i));
    });
    return results;
  }

  /** What a function gives and assigns to variables, without the assignments. */
  #branch<T>(body: () => T): { result: T; updates: ReadonlyMap<Variable, Sym> } {
    const before = new Map(this.#updates);
    const result = body();
    const updates = new Map(
      [...this.#updates].filter(
        ([target, value]) => before.get(target) !== value && !this.#counters.has(target),
      ),
    );
    for (const target of updates.keys()) {
      const kept = before.get(target);
      if (kept) this.#updates.set(target, kept);
      else this.#updates.delete(target);
    }
    return { result, updates };
  }

  /** Adds a derivative of one's own: the ys. See {@link CustomGradient}. */
  customGradient({ ys, xs, upstream, gradients }: CustomGradient<Sym>): Sym[] {
    const inputs = [...ys, ...xs, ...gradients];
    for (const value of inputs) this.#checkOwn('customGradient', value);
    const ids = (list: readonly Sym[]) => list.map((value) => value.id);
    const made = engine().addCustomGradient(this.#graph, {
      ys: ids(ys),
      xs: ids(xs),
      upstream: ids(upstream),
      gradients: ids(gradients),
    });
    return this.#made(made, { op: 'customGradient', inputs });
  }

  /** Has the gradient of float32 values compute anew what made them since `first`: values equal to them. @internal */
  remat(first: Sym, ys: readonly Sym[]): Sym[] {
    for (const y of ys) this.#checkOwn('remat', y);
    const ids = ys.map(({ id }) => id);
    return this.#made(engine().addRemat(this.#graph, first.id, ids), { op: 'customGradient', inputs: ys });
  }

  /** Gradients of the sum of gradient · y over the ys with respect to each x. Without output gradients they are ones. */
  gradients(ys: readonly Sym[], xs: readonly Sym[], outputGradients: readonly Sym[] | null = null): Sym[] {
    for (const value of [...ys, ...xs, ...(outputGradients ?? [])]) this.#checkOwn('grad', value);
    const ids = (values: readonly Sym[]) => values.map((value) => value.id);
    const made = engine().addGradients(
      this.#graph,
      ids(ys),
      ids(xs),
      outputGradients && ids(outputGradients),
    );
    return this.#made(made, { op: 'gradient', inputs: ys });
  }

  /** Another number for each random op, so that two of one seed differ. @internal */
  nextSalt(): number {
    return this.#draws++;
  }

  /** A program of the graph as it is now, with all updates recorded so far. */
  program(feeds: readonly Sym[], fetches: readonly Sym[], policy: DtypePolicy = 'float32'): Program {
    const updates = [...this.#updates].map(([target, value]) => ({
      tensor: target.storage.handle,
      value: value.id,
    }));
    return this.#program(feeds, fetches, policy, updates);
  }

  /**
   * The numbers of a value, computed from those of the inputs.
   *
   * @throws EngineError `STATE` where there are none, and within the step of a loop.
   * @internal
   */
  numbersOf(value: Sym): TypedArray {
    const wrong = (received: string) =>
      mismatch(
        'dataSync',
        'a value of a step that runs eagerly (compile with runEagerly: true)',
        received,
        'STATE',
      );
    if (!this.numbers) throw wrong(`${value.toString()}, which has numbers only when the step runs`);
    if (this.#loop) throw wrong('one of a single step of a loop');
    const { feeds, tensors, policy } = this.numbers;
    const result = firstOf(this.#program(feeds, [value], policy, []).runSilently(tensors));
    try {
      return result.dataSync();
    } finally {
      result.dispose();
    }
  }

  #program(
    feeds: readonly Sym[],
    fetches: readonly Sym[],
    policy: DtypePolicy,
    updates: Parameters<ReturnType<typeof engine>['createProgram']>[3],
  ): Program {
    for (const value of [...feeds, ...fetches]) this.#checkOwn('program', value);
    const native = engine().createProgram(
      this.#graph,
      feeds.map((value) => value.id),
      fetches.map((value) => value.id),
      updates,
      computeDtype(policy),
      getDevice(),
    );
    return new Program(
      native,
      fetches.map((value) => value.dtype),
      [...this.#held],
    );
  }

  #made(values: readonly TypedValue[], what: Partial<TraceNode> & Pick<TraceNode, 'op'>): Sym[] {
    const outputs: Sym[] = [];
    const node = { inputs: [], attrs: {}, ...what, outputs, layer: this.#layer };
    for (const value of values) outputs.push(new Sym(this, value, node));
    return outputs;
  }

  #checkOwn(name: string, value: Sym): void {
    if (!(value instanceof Sym)) {
      throw expected(name, 'a symbolic value', value);
    }
    if (value.trace !== this) {
      throw mismatch(name, 'values of one traced function', `${value.toString()} of another`);
    }
  }
}

/** What a value was computed of, itself included. */
function ancestorsOf(y: Sym): ReadonlySet<Sym> {
  const found = new Set([y]);
  // A set is walked through to its end, what is added meanwhile included.
  for (const { inputs } of found) for (const input of inputs) found.add(input);
  return found;
}
