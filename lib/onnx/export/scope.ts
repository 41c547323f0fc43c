import { mismatch } from '../../base/checks.js';
import { EngineError } from '../../base/errors.js';
import { itemAt, listOf } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import type { TraceNode } from '../../core/traceNode.js';
import { Variable } from '../../core/variable.js';
import type { ValueInfoProto } from '../messages.js';
import { type OnnxFile, OnnxGraph, type Value, infoOf } from './graph.js';

/** Writes what a node of a trace computes: its results, or the first of them. */
export type Lower = (node: TraceNode, inputs: readonly Value[], scope: Scope) => Value | readonly Value[];

/** What is known of the ops of a trace. */
export interface Ops {
  readonly handlers: Readonly<Record<string, Lower>>;
  /** Why others cannot be written. */
  readonly refused: Readonly<Record<string, string>>;
}

/** What an op reads outside of its body. */
function operandsOf({ scan, whileLoop, cond, inputs }: TraceNode): readonly Sym[] {
  if (scan) return [...scan.states.map(({ first }) => first), ...scan.sequences.map(({ whole }) => whole)];
  if (whileLoop) return whileLoop.states.map(({ first }) => first);
  return cond ? [cond.predicate] : inputs;
}

/** The place of a graph in the file: which values of the trace are there, as what. */
export class Scope {
  readonly graph: OnnxGraph;
  readonly #values = new Map<Sym, Value>();

  /**
   * @param isOwn Whether a value is computed here, not outside.
   * @param graph Where nodes are added. Default: a new graph within that of the outer scope.
   */
  constructor(
    readonly file: OnnxFile,
    readonly ops: Ops,
    /** How many ops read a value. */
    readonly readers: ReadonlyMap<Sym, number>,
    readonly outer?: Scope,
    readonly isOwn: (value: Sym) => boolean = () => true,
    graph?: OnnxGraph,
  ) {
    this.graph = graph ?? new OnnxGraph(file, outer?.graph);
  }

  /** The error of an op that cannot be written. */
  refusal({ layer, op }: TraceNode, reason: string): EngineError {
    return mismatch(
      'exportOnnx',
      'ops that ONNX has',
      `'${op}' ${layer === undefined ? 'outside of layers' : `in layer '${layer}'`}: ${reason}`,
    );
  }

  /** A scope within this one. */
  within(isOwn: (value: Sym) => boolean, graph?: OnnxGraph): Scope {
    return new Scope(this.file, this.ops, this.readers, this, isOwn, graph);
  }

  give(value: Sym, as: Value): void {
    this.#values.set(value, as);
  }

  /** A value of the trace in the file: its nodes, and those that it needs, are added where they are not there. */
  valueOf(wanted: Sym): Value {
    const open = [wanted];
    for (let next = open.at(-1); next; next = open.at(-1)) {
      const value = next;
      if (this.#known(value)) {
        open.pop();
        continue;
      }
      const home = this.#homeOf(value);
      if (home !== this) {
        home.valueOf(value);
        continue;
      }
      this.#check(value.node);
      const missing = operandsOf(value.node).filter((one) => !this.#known(one));
      if (missing.length > 0) open.push(...missing);
      else this.#write(value);
    }
    return this.#known(wanted) as Value;
  }

  #known(value: Sym): Value | undefined {
    return this.#values.get(value) ?? (this.outer && this.outer.#known(value));
  }

  /** Parameters and constants are there for all graphs. */
  #homeOf(value: Sym): Scope {
    if (!this.outer) return this;
    const isShared = value.op === 'parameter' || value.op === 'constant';
    return !isShared && this.isOwn(value) ? this : this.outer.#homeOf(value);
  }

  #check(node: TraceNode): void {
    if (!(node.op in this.ops.handlers))
      throw this.refusal(node, this.ops.refused[node.op] ?? 'there is no way to write it');
  }

  #write(value: Sym): void {
    const { node } = value;
    const lower = this.ops.handlers[node.op] as Lower;
    const before = this.file.prefix;
    this.file.prefix = node.layer ?? 'model';
    const made = lower(
      node,
      operandsOf(node).map((one) => this.#known(one) as Value),
      this,
    );
    this.file.prefix = before;
    for (const [i, one] of listOf(made as Value | Value[]).entries()) this.give(itemAt(node.outputs, i), one);
    if (!this.#values.has(value)) throw this.refusal(node, 'one of its results is there for derivatives');
  }

  /** Gives a value that stands for what a body reads. */
  bodyInput(value: Sym): ValueInfoProto {
    const { dtype, rank, shape } = value;
    const name = this.file.name(`${this.file.prefix}/place`);
    this.give(value, { name, dtype, rank });
    return infoOf(name, dtype, shape);
  }
}

/** Which values that some are computed of depend on others. */
export function dependents(of: readonly Sym[], on: readonly Sym[]): ReadonlySet<Sym> {
  const met = new Set(of);
  for (const { inputs } of met) for (const input of inputs) met.add(input);
  const found = new Set(on);
  // A value is later than those that it is made of.
  for (const value of [...met].sort((a, b) => a.id - b.id))
    if (value.inputs.some((input) => found.has(input))) found.add(value);
  return found;
}

/** How many ops read each of the values that some are computed of. */
export function readersOf(outputs: readonly Sym[]): ReadonlyMap<Sym, number> {
  const counts = new Map(outputs.map((value) => [value, 1]));
  const nodes = new Set(outputs.map(({ node }) => node));
  for (const { inputs } of nodes)
    for (const input of inputs) {
      counts.set(input, (counts.get(input) ?? 0) + 1);
      nodes.add(input.node);
    }
  return counts;
}

/** What holds the numbers of a value that is a variable. */
export const variableOf = ({ node }: Sym): Variable | undefined =>
  node.source instanceof Variable ? node.source : undefined;
