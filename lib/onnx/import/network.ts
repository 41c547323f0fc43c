import { expected, mismatch } from '../../base/checks.js';
import { sizeOf } from '../../base/list.js';
import { EngineError } from '../../base/errors.js';
import { typeOf } from '../../core/apply.js';
import { Tensor, tensor } from '../../core/tensor.js';
import { Trace } from '../../core/trace.js';
import { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
} from '../messages.js';
import { type ReadExternal, arrayOf, denseArrayOf } from '../tensors.js';
import { Call, type Result, hasNumbers, inType } from './call.js';
import { elementwise } from './elementwise.js';
import { HANDLERS } from './handlers.js';
import { type OnnxValue, TensorValue, TextValue, valueOf } from './values.js';

const WHO = 'importOnnx';

/** ONNX's own set of ops. */
const isOwn = (domain: string | undefined): boolean =>
  domain === undefined || domain === '' || domain === 'ai.onnx';

/** The versions of ONNX's set of ops that are read. */
const OPSETS = { oldest: 7, newest: 27 } as const;

type Versions = ReadonlyMap<string, number>;

const versionsOf = (list: ModelProto['opsetImport']): Versions =>
  new Map(list.map(({ domain, version }) => [isOwn(domain) ? '' : (domain ?? ''), version]));

const functionKey = (domain: string | undefined, name: string, overload: string | undefined): string =>
  `${isOwn(domain) ? '' : (domain ?? '')}:${name}:${overload ?? ''}`;

/** What the nodes of a graph see: its own values and those around it. */
class Scope {
  readonly #values = new Map<string, OnnxValue>();

  constructor(
    readonly versions: Versions,
    /** What a function was called with in the places of its attributes. */
    readonly attributes: ReadonlyMap<string, AttributeProto> | undefined,
    readonly outer?: Scope,
  ) {}

  get(name: string): OnnxValue | undefined {
    return this.#values.get(name) ?? this.outer?.get(name);
  }

  set(name: string, value: OnnxValue): void {
    this.#values.set(name, value);
  }

  inner(): Scope {
    return new Scope(this.versions, this.attributes, this);
  }
}

/** Deeper calls of functions and graphs are taken for a circle. */
const DEEPEST = 64;

/** A network of a file: it runs on symbolic values, and on tensors at once. */
export class Network {
  readonly #versions: Versions;
  readonly #functions: ReadonlyMap<string, FunctionProto>;
  /** Tensors of graphs, which are made once. */
  readonly #made = new WeakMap<TensorProto, OnnxValue>();
  readonly #external: ReadExternal;
  readonly #inputs: ReadonlySet<string>;
  readonly graph: GraphProto;

  /** @throws EngineError `ARGUMENT` that lists all ops that are not known. */
  constructor(model: ModelProto, external: ReadExternal) {
    this.graph = model.graph as GraphProto;
    this.#external = external;
    this.#inputs = new Set(this.graph.input.map(({ name }) => name));
    this.#versions = versionsOf(model.opsetImport);
    this.#functions = new Map(
      (model.functions ?? []).map((one) => [functionKey(one.domain, one.name, one.overload), one]),
    );
    const version = this.#versions.get('');
    if (version !== undefined && !(version >= OPSETS.oldest && version <= OPSETS.newest))
      throw mismatch(WHO, `a model of opset ${OPSETS.oldest} to ${OPSETS.newest}`, `one of ${version}`);
    const unknown = new Map<string, string>();
    for (const node of this.#allNodes()) {
      const { opType, domain, name } = node;
      if (this.#functionOf(node) || (isOwn(domain) && Object.hasOwn(HANDLERS, opType))) continue;
      const set = isOwn(domain) ? `opset ${version ?? 'none'}` : domain;
      unknown.set(`${domain}:${opType}`, `${opType} (node '${name ?? ''}', ${set})`);
    }
    if (unknown.size > 0)
      throw mismatch(WHO, 'a model of known ops', `one with ${[...unknown.values()].join(', ')}`);
  }

  #functionOf({ domain, opType, overload }: NodeProto): FunctionProto | undefined {
    return this.#functions.get(functionKey(domain, opType, overload));
  }

  /** All nodes, those of graphs within them and of functions included. */
  *#allNodes(): Generator<NodeProto> {
    const waiting = [...this.graph.node, ...[...this.#functions.values()].flatMap(({ node }) => node)];
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      yield node;
      for (const { g } of node.attribute ?? []) if (g) waiting.push(...g.node);
    }
  }

  /** The numbers of a tensor of the file. */
  constant(tensor: TensorProto): OnnxValue {
    const known = this.#made.get(tensor);
    if (known && !(known instanceof TensorValue && known.x instanceof Tensor && known.x.isDisposed))
      return known;
    const array = arrayOf(WHO, tensor, this.#external);
    const value = array.type === 'STRING' ? new TextValue(array.data, array.shape) : valueOf(WHO, array);
    this.#made.set(tensor, value);
    return value;
  }

  /**
   * Computes the outputs.
   *
   * @param given Values by the names of inputs, and of initializers that shall be others than the file has.
   * @param wanted Names of values. Default: the outputs of the graph.
   * @throws EngineError of the ops, with the node's name.
   */
  run(
    given: ReadonlyMap<string, OnnxValue>,
    wanted: readonly string[] = this.graph.output.map(({ name }) => name),
  ): OnnxValue[] {
    const scope = new Scope(this.#versions, undefined);
    for (const [name, value] of given) scope.set(name, value);
    return this.#runGraph(this.graph, scope, wanted, 0);
  }

  #runGraph(graph: GraphProto, scope: Scope, wanted: readonly string[], depth: number): OnnxValue[] {
    for (const one of graph.initializer ?? []) {
      const name = one.name ?? '';
      // Inputs with a default, and weights, are given.
      if (scope.get(name) === undefined || depth > 0) scope.set(name, this.constant(one));
    }
    for (const sparse of graph.sparseInitializer ?? []) {
      const name = sparse.values?.name ?? '';
      scope.set(name, valueOf(WHO, denseArrayOf(WHO, sparse, this.#external)));
    }
    this.#runNodes(graph.node, scope, depth);
    return wanted.map((name) => this.#found(scope, name, 'an output'));
  }

  #found(scope: Scope, name: string, what: string): OnnxValue {
    const value = scope.get(name);
    if (value !== undefined) return value;
    throw expected(WHO, `${what} that a node makes`, name);
  }

  #runNodes(nodes: readonly NodeProto[], scope: Scope, depth: number): void {
    if (depth > DEEPEST) throw mismatch(WHO, `calls ${DEEPEST} deep at most`, 'deeper ones');
    for (const node of nodes) {
      const outputs = this.#runNode(node, scope, depth);
      node.output.forEach((name, i) => {
        const value = outputs[i];
        if (name !== '' && value !== undefined) scope.set(name, value);
      });
    }
  }

  #runNode(node: NodeProto, scope: Scope, depth: number): readonly (OnnxValue | undefined)[] {
    const inputs = node.input.map((name) =>
      // An input of the graph that is left out is there for the nodes that can do without.
      name === '' || this.#inputs.has(name)
        ? scope.get(name)
        : this.#found(scope, name, `an input of ${node.opType}`),
    );
    while (inputs.length > 0 && inputs.at(-1) === undefined) inputs.pop();
    const attributes = new Map<string, AttributeProto>();
    for (const attribute of node.attribute ?? []) {
      const { refAttrName } = attribute;
      const own = refAttrName ? scope.attributes?.get(refAttrName) : attribute;
      if (own) attributes.set(attribute.name, own);
    }
    const called = this.#functionOf(node);
    if (called) return this.#runFunction(called, inputs, attributes, depth);
    const handler = HANDLERS[node.opType];
    const runGraph = (graph: GraphProto, given: readonly OnnxValue[]) => {
      const inner = scope.inner();
      graph.input.forEach(({ name }, i) => {
        const value = given[i];
        if (value) inner.set(name, value);
      });
      return this.#runGraph(
        graph,
        inner,
        graph.output.map(({ name }) => name),
        depth + 1,
      );
    };
    const opset = scope.versions.get('') ?? OPSETS.newest;
    const run = (given: readonly (OnnxValue | undefined)[]) => {
      const call = new Call(node, opset, given, attributes, runGraph);
      if (!handler) throw call.error('an op that is known', node.opType);
      return settled(
        call,
        named(call, () => handler(call)),
      );
    };
    const large = deferred(inputs);
    if (!large) {
      const { opType } = node;
      return twice(inputs, run, { broadcasts: BROADCASTING.has(opType), fills: FILLING.has(opType) });
    }
    try {
      return run(large);
    } catch (error) {
      // The op needs the numbers.
      if (!(error instanceof EngineError && error.code === 'STATE')) throw error;
      return run(inputs);
    }
  }

  #runFunction(
    called: FunctionProto,
    inputs: readonly (OnnxValue | undefined)[],
    attributes: Map<string, AttributeProto>,
    depth: number,
  ): readonly (OnnxValue | undefined)[] {
    for (const attribute of called.attributeProto ?? [])
      if (!attributes.has(attribute.name)) attributes.set(attribute.name, attribute);
    const own = versionsOf(called.opsetImport ?? []);
    const scope = new Scope(own.size > 0 ? own : this.#versions, attributes);
    called.input.forEach((name, i) => {
      const value = inputs[i];
      if (value) scope.set(name, value);
    });
    this.#runNodes(called.node, scope, depth + 1);
    return called.output.map((name) => scope.get(name));
  }
}

/** Larger tensors are not computed with before the network runs: what is made of them may be larger still. */
const SMALL = 4096;

/** Inputs with large tensors that are known as parts of the network; undefined where there is none. */
function deferred(
  inputs: readonly (OnnxValue | undefined)[],
): readonly (OnnxValue | undefined)[] | undefined {
  const trace = Trace.current;
  const isLarge = (value: OnnxValue | undefined): value is TensorValue =>
    value instanceof TensorValue && !value.other && hasNumbers(value.x) && sizeOf(value.x.shape) > SMALL;
  if (!trace || !inputs.some(isLarge)) return undefined;
  return inputs.map((value) =>
    isLarge(value) ? new TensorValue(trace.lift(value.x as unknown as Tensor), value.type) : value,
  );
}

/** Ops for which a number may stand for a tensor full of it. */
const BROADCASTING = new Set([...Object.keys(elementwise), 'Scan', 'Loop']);

/** Ops that make tensors of sizes, which are parts of the network where these are not known. */
const FILLING = new Set(['ConstantOfShape', 'Expand', 'Range']);

/** Of a tensor that is one number everywhere and has sizes that are not known: that number with sizes of 1, which broadcast. */
function narrowed(value: OnnxValue | undefined): OnnxValue | undefined {
  if (!(value instanceof TensorValue) || !value.other) return value;
  const { shape } = value.other;
  const isOpen = value.x.shape.some((n, i) => n !== shape[i]);
  const numbers = isOpen ? (value.x as unknown as Tensor).dataSync() : [];
  const first = numbers[0];
  if (first === undefined || !numbers.every((n) => n === first)) return value;
  const narrow = value.x.shape.map((n, i) => (n === shape[i] ? n : 1));
  return new TensorValue(
    asSym(tensor(Array<number>(sizeOf(narrow)).fill(first), narrow, value.x.dtype)),
    value.type,
  );
}

/** Computes a node, and where it computes with sizes that are not known once more for the others. */
function twice(
  inputs: readonly (OnnxValue | undefined)[],
  run: (inputs: readonly (OnnxValue | undefined)[]) => readonly (OnnxValue | undefined)[],
  { broadcasts, fills }: { broadcasts: boolean; fills: boolean },
): readonly (OnnxValue | undefined)[] {
  const depends = inputs.some((value) => value instanceof TensorValue && value.other);
  const isComputed = inputs.every(
    (value) =>
      value === undefined || (value instanceof TensorValue && (value.other || !(value.x instanceof Sym))),
  );
  const [first] = inputs;
  // What is large is no part of a size.
  const isFilled = fills && !(inputs.length > 1 && first instanceof TensorValue && first.other);
  if (!depends || (isFilled && Trace.current)) return run(inputs);
  if (!isComputed) return run(broadcasts ? inputs.map(narrowed) : inputs);
  const plain = (value: OnnxValue | undefined, other: boolean) =>
    value instanceof TensorValue && value.other
      ? new TensorValue(other ? value.other : value.x, value.type)
      : value;
  const [some, others] = [false, true].map((other) => run(inputs.map((value) => plain(value, other)))) as [
    readonly (OnnxValue | undefined)[],
    readonly (OnnxValue | undefined)[],
  ];
  return some.map((value, i) => {
    const other = others[i];
    return value instanceof TensorValue && other instanceof TensorValue
      ? new TensorValue(value.x, value.type, other.x)
      : value;
  });
}

/** Errors of ops tell which node called them. */
function named(call: Call, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof EngineError) || error.message.startsWith(`[${WHO}]`)) throw error;
    throw new EngineError(error.code, `[${WHO}] ${call.who}: ${error.message}`, { cause: error });
  }
}

/** What an op gave as values of its first input's type. */
function settled(call: Call, result: Result): readonly (OnnxValue | undefined)[] {
  const list: readonly (Sym | OnnxValue | undefined)[] = Array.isArray(result)
    ? (result as readonly (Sym | OnnxValue | undefined)[])
    : [result as Sym | OnnxValue];
  return list.map((value) => {
    if (value === undefined || isValue(value)) return value;
    const first = call.inputs.find((input) => input instanceof TensorValue);
    const type =
      first instanceof TensorValue
        ? first.type
        : ({ int32: 'INT64', bool: 'BOOL', uint8: 'UINT8', float32: 'FLOAT' } as const)[typeOf(value).dtype];
    return new TensorValue(inType(value, type), type);
  });
}

const isValue = (value: Sym | OnnxValue): value is OnnxValue =>
  value instanceof TensorValue || !('dtype' in value);
