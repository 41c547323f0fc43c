// A graph of an ONNX file while it is made.
import { firstOf, itemAt } from '../../base/list.js';
import { countedNames } from '../../base/names.js';
import type { Tensor } from '../../core/tensor.js';
import type { Variable } from '../../core/variable.js';
import type { DType } from '../../engine/engine.js';
import type { AttributeProto, GraphProto, NodeProto, ValueInfoProto } from '../messages.js';

/** What a value's numbers are: those of the engine, and whole numbers of 64 bits for sizes. */
export type ValueType = DType | 'int64';

/** A value of a graph. */
export interface Value {
  readonly name: string;
  readonly dtype: ValueType;
  readonly rank: number;
}

type Type = Omit<Value, 'name'>;

/** A tensor that is stored in the file. */
export interface Stored {
  readonly name: string;
  readonly dtype: ValueType;
  readonly shape: readonly number[];
  /** Its numbers, or what holds them when the file is written. */
  readonly numbers: ArrayLike<number> | Tensor | Variable;
}

/** An attribute that is a float, whole as its number may be. */
export const float = (f: number) => ({ f });

type AttributeValue =
  number | string | readonly number[] | { readonly f: number } | { readonly g: GraphProto };
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if ('f' in value) return { name, type: 1, f: value.f };
  if ('g' in value) return { name, type: 5, g: value.g };
  return { name, type: 7, ints: value };
}

/** What all graphs of a file share. */
export class OnnxFile {
  readonly stored: Stored[] = [];
  readonly #constants = new Map<string, Value>();
  readonly #names = countedNames();
  readonly #taken = new Set<string>();
  /** What the names of values begin with: the layer that is being written. */
  prefix = '';

  /** @param opset The version of the set of ops. */
  constructor(readonly opset: number) {}

  /** A name that no other value has. */
  name(wanted: string): string {
    let name = this.#names(wanted);
    while (this.#taken.has(name)) name = this.#names(wanted);
    this.#taken.add(name);
    return name;
  }

  /** Stores a tensor. */
  store(wanted: string, dtype: ValueType, shape: readonly number[], numbers: Stored['numbers']): Value {
    const name = this.name(wanted);
    this.stored.push({ name, dtype, shape, numbers });
    return { name, dtype, rank: shape.length };
  }

  /** Stores numbers of which the graphs need one copy. */
  constant(dtype: ValueType, shape: readonly number[], numbers: readonly number[]): Value {
    const key = `${dtype} ${shape.join()} ${numbers.map((n) => (Object.is(n, -0) ? '-0' : n)).join()}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const made = this.store('constant', dtype, shape, numbers);
    this.#constants.set(key, made);
    return made;
  }
}

/** The permutation that undoes another. */
export function inverse(perm: readonly number[]): number[] {
  const back = Array<number>(perm.length).fill(0);
  perm.forEach((axis, i) => (back[axis] = i));
  return back;
}

/** Whole numbers from `from` to before `to`. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(to - from, 0) }, (_, i) => from + i);

/**
 * The nodes of one graph. Transposes are moved towards its outputs, past ops that work on each number alone, so that those of neighbouring
 * convolutions meet and vanish.
 */
export class OnnxGraph {
  readonly nodes: NodeProto[] = [];
  /** What transposes are of. */
  readonly #moved = new Map<string, { of: Value; perm: readonly number[] }>();
  readonly #transposes = new Map<string, Value>();
  readonly #makers = new Map<string, NodeProto>();

  constructor(
    readonly file: OnnxFile,
    readonly outer?: OnnxGraph,
  ) {}

  get opset(): number {
    return this.file.opset;
  }

  /** Adds a node: its outputs. */
  all<N extends number>(
    opType: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly Type[] & { length: N },
    attributes: Attributes = {},
  ): Value[] & { length: N } {
    const made = outputs.map(({ dtype, rank }) => ({
      name: this.file.name(`${this.file.prefix}/${opType}`),
      dtype,
      rank,
    }));
    const names = inputs.map((value) => value?.name ?? '');
    while (names.at(-1) === '') names.pop();
    const node: NodeProto = {
      ...{ name: firstOf(made).name, opType, input: names, output: made.map(({ name }) => name) },
      attribute: Object.entries(attributes).flatMap(([name, value]) =>
        value === undefined ? [] : [attribute(name, value)],
      ),
    };
    this.nodes.push(node);
    for (const { name } of made) this.#makers.set(name, node);
    return made as Value[] & { length: N };
  }

  /** Adds a node with one output. */
  op(opType: string, inputs: readonly (Value | undefined)[], type: Type, attributes?: Attributes): Value {
    return firstOf(this.all(opType, inputs, [type] as const, attributes));
  }

  /** Adds a node as another with more inputs: see `attribute` of that. */
  again(opType: string, inputs: readonly Value[], type: Type, attributes: readonly AttributeProto[]): Value {
    const made = this.op(opType, inputs, type);
    const node = { ...(this.nodes.pop() as NodeProto), attribute: attributes };
    this.nodes.push(node);
    this.#makers.set(made.name, node);
    return made;
  }

  /** The node that made a value of this graph. */
  makerOf(value: Value): NodeProto | undefined {
    return this.#makers.get(value.name);
  }

  /** What a value is a transpose of: itself where it is none. */
  source(value: Value): { of: Value; perm: readonly number[] } {
    return this.#movedFrom(value.name) ?? { of: value, perm: range(0, value.rank) };
  }

  #movedFrom(name: string): { of: Value; perm: readonly number[] } | undefined {
    return this.#moved.get(name) ?? (this.outer && this.outer.#movedFrom(name));
  }

  #transposeOf(key: string): Value | undefined {
    return this.#transposes.get(key) ?? (this.outer && this.outer.#transposeOf(key));
  }

  transpose(x: Value, perm: readonly number[]): Value {
    const { of, perm: before } = this.source(x);
    const whole = perm.map((axis) => itemAt(before, axis));
    if (whole.every((axis, i) => axis === i)) return of;
    const key = `${of.name} ${whole.join()}`;
    const known = this.#transposeOf(key);
    if (known) return known;
    const made = this.op('Transpose', [of], of, { perm: whole });
    this.#moved.set(made.name, { of, perm: whole });
    this.#transposes.set(key, made);
    return made;
  }

  /** Adds an op on each number alone, whose inputs broadcast; of the last one's type unless it is given. */
  elementwise(
    opType: string,
    inputs: readonly Value[],
    attributes: Attributes = {},
    dtype?: ValueType,
  ): Value {
    const type = {
      dtype: dtype ?? itemAt(inputs, inputs.length - 1).dtype,
      rank: Math.max(...inputs.map(({ rank }) => rank)),
    };
    const { perm } = this.source(
      inputs.find((x) => x.rank === type.rank && this.source(x).of !== x) ?? firstOf(inputs),
    );
    const isMoved = perm.length === type.rank && perm.some((axis, i) => axis !== i);
    if (!isMoved || inputs.some(({ rank }) => rank !== type.rank && rank > 1))
      return this.op(opType, inputs, type, attributes);
    const back = inverse(perm);
    const given = inputs.map((x) =>
      x.rank === type.rank ? this.transpose(x, back) : x.rank === 0 ? x : this.#alongLast(x, perm),
    );
    return this.transpose(this.op(opType, given, type, attributes), perm);
  }

  /** A vector along the last axis of a transpose, in the axes of what that is of. */
  #alongLast(x: Value, perm: readonly number[]): Value {
    const after = perm.length - 1 - itemAt(perm, perm.length - 1);
    return after === 0 ? x : this.reshape(x, [-1, ...Array<number>(after).fill(1)]);
  }

  /** A number as a scalar. */
  scalar(value: number, dtype: ValueType = 'float32'): Value {
    return this.file.constant(dtype, [], [value]);
  }

  /** A list of whole numbers. */
  ints(list: readonly number[]): Value {
    return this.file.constant('int64', [list.length], list);
  }

  cast(x: Value, dtype: ValueType): Value {
    if (x.dtype === dtype) return x;
    return this.elementwise('Cast', [x], { to: TYPE_CODES[dtype] }, dtype);
  }

  /** One -1 in the shape is computed. */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.op('Reshape', [x, this.ints(shape)], { dtype: x.dtype, rank: shape.length });
  }

  unsqueeze(x: Value, axes: readonly number[]): Value {
    return this.op('Unsqueeze', [x, this.ints(axes)], { dtype: x.dtype, rank: x.rank + axes.length });
  }

  squeeze(x: Value, axes: readonly number[]): Value {
    return this.op('Squeeze', [x, this.ints(axes)], { dtype: x.dtype, rank: x.rank - axes.length });
  }

  /** Adds a ReduceSum, ReduceMax, … over axes from 0 on. */
  reduce(opType: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
    const { of, perm } = this.source(x);
    const reduced = axes.map((axis) => itemAt(perm, axis));
    const left = perm.filter((axis) => !reduced.includes(axis));
    const type = { dtype: x.dtype, rank: keepDims ? x.rank : left.length };
    const asInput = opType === 'ReduceSum' || this.opset >= 18;
    const sorted = [...reduced].sort((a, b) => a - b);
    const y = asInput
      ? this.op(opType, [of, this.ints(sorted)], type, { keepdims: Number(keepDims) })
      : this.op(opType, [of], type, { axes: sorted, keepdims: Number(keepDims) });
    if (keepDims) return this.transpose(y, perm);
    const order = [...left].sort((a, b) => a - b);
    return this.transpose(
      y,
      left.map((axis) => order.indexOf(axis)),
    );
  }

  /** The sizes of a value's axes, int64 [rank]. */
  shape(x: Value): Value {
    return this.op('Shape', [x], { dtype: 'int64', rank: 1 });
  }

  /** Sizes of which some are those of axes of values, int64 [n]. */
  sizes(parts: readonly (number | { readonly of: Value; readonly axis: number })[]): Value {
    const known = parts.filter((part) => typeof part === 'number');
    if (known.length === parts.length) return this.ints(known);
    const lists = parts.map((part) => {
      if (typeof part === 'number') return this.ints([part]);
      const { of, perm } = this.source(part.of);
      return this.op('Gather', [this.shape(of), this.ints([itemAt(perm, part.axis)])], {
        dtype: 'int64',
        rank: 1,
      });
    });
    return lists.length === 1
      ? firstOf(lists)
      : this.op('Concat', lists, { dtype: 'int64', rank: 1 }, { axis: 0 });
  }

  /** This graph as the body of a node. The outputs are given with their shapes. */
  body(
    input: readonly ValueInfoProto[],
    outputs: readonly (readonly [value: Value, shape: readonly number[]])[],
  ): GraphProto {
    const output = outputs.map(([value, shape]) => {
      const { name, dtype } = this.op('Identity', [value], value);
      return infoOf(name, dtype, shape);
    });
    return { name: this.file.name('body'), node: this.nodes, input, output };
  }
}

/** The numbers of types in files. */
export const TYPE_CODES: Readonly<Record<ValueType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** A value's type. -1 is a size that is not known, a text one with a name. */
export const infoOf = (
  name: string,
  dtype: ValueType,
  shape: readonly (number | string)[],
): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: TYPE_CODES[dtype],
      shape: {
        dim: shape.map((n) => (typeof n === 'string' ? { dimParam: n } : n < 0 ? {} : { dimValue: n })),
      },
    },
  },
});
