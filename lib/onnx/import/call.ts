import { sizeOf } from '../../base/list.js';
import { EngineError } from '../../base/errors.js';
import type { Sym } from '../../core/sym.js';
import { Tensor, tensor } from '../../core/tensor.js';
import { Trace } from '../../core/trace.js';
import { Variable } from '../../core/variable.js';
import { asSym } from '../../ops/composed.js';
import { broadcastTo } from '../../ops/shape.js';
import { cast } from '../../ops/unary.js';
import { FORMATS, type NumberType, typeOfCode, isNumberType } from '../dtypes.js';
import type { AttributeProto, GraphProto, NodeProto } from '../messages.js';
import { type OnnxArray, type OnnxTexts, arrayOf } from '../tensors.js';
import { type OnnxValue, SequenceValue, TensorValue, TextValue } from './values.js';

/** What a node's op gives: values, or symbolic values of the first input's type. */
export type Result = Sym | OnnxValue | readonly (Sym | OnnxValue | undefined)[];

/** An op of ONNX as a composition of ops. */
export type Handler = (call: Call) => Result;

/** Handlers by the names of ops. */
export type Handlers = Readonly<Record<string, Handler>>;

/** The numbers of attributes' types in files. */
const KINDS = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, GRAPH: 5, FLOATS: 6, INTS: 7, STRINGS: 8 } as const;

/** Runs a graph within a node, which also reads the values around it. */
export type RunGraph = (graph: GraphProto, inputs: readonly OnnxValue[]) => OnnxValue[];

/** The error where numbers are needed that are known only when the network runs. */
export const needsNumbers = (who: string, what: string): EngineError =>
  new EngineError(
    'STATE',
    `[importOnnx] ${who}: expected ${what} that is known before the network runs, received one that depends on what is fed: call infer, which takes each call anew`,
  );

/** What flows on of a value. @throws EngineError `STATE` where it was computed of a size that is not known yet. */
export function settledOf(who: string, what: string, { x, other }: TensorValue): Sym {
  if (other) throw needsNumbers(who, what);
  return x;
}

/** A node that is being computed: its inputs and attributes. */
export class Call {
  readonly #attributes: ReadonlyMap<string, AttributeProto>;

  constructor(
    readonly node: NodeProto,
    /** The version of the set of ops. */
    readonly opset: number,
    /** undefined: an input that is left out. */
    readonly inputs: readonly (OnnxValue | undefined)[],
    attributes: ReadonlyMap<string, AttributeProto>,
    readonly runGraph: RunGraph,
  ) {
    this.#attributes = attributes;
  }

  /** The node in words. */
  get who(): string {
    const { name, opType } = this.node;
    return name ? `node '${name}' (${opType})` : opType;
  }

  /** What the network is described in, where sizes are not known. */
  get trace(): Trace {
    const { current } = Trace;
    if (current) return current;
    throw needsNumbers(this.who, 'sizes');
  }

  /** How many outputs are asked for. */
  get outputs(): number {
    return this.node.output.length;
  }

  /** The error of something that this node cannot take. */
  error(what: string, received: string, code: 'ARGUMENT' | 'SHAPE' | 'DTYPE' = 'ARGUMENT'): EngineError {
    return new EngineError(code, `[importOnnx] ${this.who}: expected ${what}, received ${received}`);
  }

  /** Whether an input is given. */
  has(i: number): boolean {
    return this.inputs[i] !== undefined;
  }

  /** An input, which has to be a tensor of numbers. */
  value(i: number): TensorValue {
    const given = this.inputs[i];
    if (given instanceof TensorValue) return given;
    const what = given === undefined ? 'none' : given instanceof TextValue ? 'texts' : 'a list';
    throw this.error(`a tensor of numbers as input ${i}`, what, given ? 'DTYPE' : 'ARGUMENT');
  }

  /** An input's numbers or symbolic value. @throws EngineError `STATE` where it was computed of a size that is not known yet. */
  x(i: number): Sym {
    return settledOf(this.who, `input ${i}`, this.value(i));
  }

  /** {@link x}, or undefined where the input is left out. */
  maybe(i: number): Sym | undefined {
    return this.has(i) ? this.x(i) : undefined;
  }

  /** All inputs from one on. */
  all(from = 0): Sym[] {
    return this.inputs.slice(from).map((_, i) => this.x(from + i));
  }

  /** The type of an input's numbers. */
  type(i = 0): NumberType {
    return this.value(i).type;
  }

  /** The sizes of an input, -1 where one is not known. */
  shape(i = 0): readonly number[] {
    const { x, other } = this.value(i);
    return other ? x.shape.map((n, axis) => (n === other.shape[axis] ? n : -1)) : x.shape;
  }

  /** The sizes of an input, all known. */
  knownShape(i = 0): readonly number[] {
    const shape = this.shape(i);
    if (shape.includes(-1)) throw needsNumbers(this.who, `a shape of input ${i}`);
    return shape;
  }

  /** A list as input. */
  list(i: number): readonly OnnxValue[] {
    const given = this.inputs[i];
    if (given instanceof SequenceValue) return given.items;
    throw this.error(`a list as input ${i}`, given === undefined ? 'none' : 'a tensor', 'DTYPE');
  }

  /** Whether the numbers of an input are known. */
  isKnown(i: number): boolean {
    const given = this.inputs[i];
    return given instanceof TensorValue && given.other === undefined && hasNumbers(given.x);
  }

  /**
   * The numbers of an input, which the op has to know before the network runs; NaN for one that depends on a size that is not known.
   *
   * @throws EngineError `STATE` where they depend on what is fed.
   */
  sizes(i: number): number[] {
    const { x, other } = this.value(i);
    const numbers = this.#read(x, i);
    if (!other) return numbers;
    const others = this.#read(other, i);
    return numbers.map((n, at) => (n === others[at] ? n : NaN));
  }

  /** {@link sizes}, all of which have to be known. */
  numbers(i: number): number[] {
    const numbers = this.sizes(i);
    const { other } = this.value(i);
    if (other && numbers.some(Number.isNaN)) throw needsNumbers(this.who, `input ${i}`);
    return numbers;
  }

  /** The one number of an input. */
  number(i: number): number {
    const [first] = this.numbers(i);
    if (first === undefined) throw this.error(`a number as input ${i}`, 'an empty tensor', 'SHAPE');
    return first;
  }

  #read(x: Sym, i: number): number[] {
    const known: unknown = x;
    if (known instanceof Tensor || known instanceof Variable) return Array.from(known.dataSync());
    throw needsNumbers(this.who, `input ${i}`);
  }

  /** An axis counted from the start. */
  axis(axis: number, rank: number): number {
    const at = axis < 0 ? axis + rank : axis;
    if (Number.isInteger(at) && at >= 0 && at < rank) return at;
    throw this.error(`an axis from ${-rank} to ${rank - 1}`, String(axis));
  }

  /** Whether an attribute is given. */
  given(name: string): boolean {
    return this.#attributes.has(name);
  }

  #attribute(name: string, kind: keyof typeof KINDS): AttributeProto | undefined {
    const found = this.#attributes.get(name);
    // Files of old versions leave the type out.
    if (!found || found.type === KINDS[kind] || found.type === 0) return found;
    throw this.error(`${kind} for the attribute ${name}`, `an attribute of type ${found.type}`);
  }

  #required<T>(name: string, value: T | null | undefined): T {
    if (value !== undefined && value !== null) return value;
    throw this.error(`the attribute ${name}`, 'none');
  }

  int(name: string, fallback?: number): number {
    return this.#required(name, this.#attribute(name, 'INT')?.i ?? fallback);
  }

  /** An attribute that is 0 or 1. */
  flag(name: string, fallback = false): boolean {
    return this.int(name, Number(fallback)) !== 0;
  }

  ints(name: string, fallback?: readonly number[]): readonly number[] {
    return this.#required(name, this.#attribute(name, 'INTS')?.ints ?? fallback);
  }

  float(name: string, fallback?: number): number {
    return this.#required(name, this.#attribute(name, 'FLOAT')?.f ?? fallback);
  }

  floats(name: string, fallback?: readonly number[]): readonly number[] {
    return this.#required(name, this.#attribute(name, 'FLOATS')?.floats ?? fallback);
  }

  text<T extends string>(name: string, fallback: T | undefined, allowed?: readonly T[]): T {
    const bytes = this.#attribute(name, 'STRING')?.s;
    const given = bytes === undefined ? fallback : (new TextDecoder().decode(bytes) as T);
    if (given !== undefined && (!allowed || allowed.includes(given))) return given;
    throw this.error(`${allowed?.join(' or ') ?? 'a text'} for the attribute ${name}`, given ?? 'none');
  }

  texts(name: string, fallback?: readonly string[]): readonly string[] {
    const decoder = new TextDecoder();
    const given = this.#attribute(name, 'STRINGS')?.strings?.map((bytes) => decoder.decode(bytes));
    return this.#required(name, given ?? fallback);
  }

  tensor(name: string): OnnxArray | OnnxTexts {
    return arrayOf('importOnnx', this.#required(name, this.#attribute(name, 'TENSOR')?.t));
  }

  graph(name: string): GraphProto {
    return this.#required(name, this.#attribute(name, 'GRAPH')?.g);
  }

  /** The type that an attribute names by its number. */
  typeNamed(name: string, fallback?: NumberType): NumberType {
    if (!this.given(name) && fallback !== undefined) return fallback;
    const type = typeOfCode(this.int(name));
    if (isNumberType(type)) return type;
    throw this.error(`a type of real numbers for ${name}`, type ?? String(this.int(name)), 'DTYPE');
  }

  /** A tensor filled with one number, which takes no memory before the network runs where it is large. */
  filled(shape: readonly number[], value: number, type: NumberType): TensorValue {
    const { dtype } = FORMATS[type];
    const trace = Trace.current;
    const scalar = tensor(value, [], dtype);
    const start = trace && sizeOf(shape) > LARGE ? trace.lift(scalar) : asSym(scalar);
    return new TensorValue(broadcastTo(start, shape), type);
  }

  /** x, as a part of the network where what is made of it is so large that it should not be computed before. */
  deferred(x: Sym, size: number): Sym {
    const trace = Trace.current;
    return trace && size > LARGE && hasNumbers(x) ? trace.lift(x as unknown as Tensor) : x;
  }
}

/** So many numbers are not computed before the network runs. */
const LARGE = 1 << 20;

/** Whether a value has numbers already. */
export const hasNumbers = (x: unknown): boolean => x instanceof Tensor;

/** x in the dtype that a type is computed in. */
export const inType = (x: Sym, type: NumberType): Sym =>
  x.dtype === FORMATS[type].dtype ? x : cast(x, FORMATS[type].dtype);

/** A value of another type than the first input's. */
export const typed = (x: Sym, type: NumberType): TensorValue => new TensorValue(inType(x, type), type);
