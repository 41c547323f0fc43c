// What is left to do with the nodes of a graph when all are there.
import { itemAt, sizeOf } from '../../base/list.js';
import type { AttributeProto, NodeProto } from '../messages.js';
import { type Stored } from './graph.js';

const graphsOf = (node: NodeProto) => (node.attribute ?? []).flatMap(({ g }) => (g ? [g] : []));

/** The nodes whose results are read, by others or as `wanted`; bodies of loops too. */
export function alive(nodes: readonly NodeProto[], wanted: Iterable<string>): NodeProto[] {
  const read = new Set(wanted);
  const kept: NodeProto[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.output.some((name) => read.has(name))) continue;
    const attribute = (node.attribute ?? []).map((one): AttributeProto => {
      if (!one.g) return one;
      const inner = alive(
        one.g.node,
        one.g.output.map(({ name }) => name),
      );
      for (const { input } of everyNode(inner)) for (const name of input) read.add(name);
      return { ...one, g: { ...one.g, node: inner } };
    });
    for (const name of node.input) read.add(name);
    kept.push({ ...node, attribute });
  }
  return kept.reverse();
}

/** All nodes, those of bodies included. */
export function* everyNode(nodes: readonly NodeProto[]): Generator<NodeProto> {
  for (const node of nodes) {
    yield node;
    for (const { node: inner } of graphsOf(node)) yield* everyNode(inner);
  }
}

/** Nodes with other names for some values. */
export function renamed(nodes: readonly NodeProto[], names: ReadonlyMap<string, string>): NodeProto[] {
  const to = (name: string) => names.get(name) ?? name;
  return nodes.map((node) => ({
    ...node,
    input: node.input.map(to),
    output: node.output.map(to),
    attribute: (node.attribute ?? []).map((one): AttributeProto =>
      one.g ? { ...one, g: { ...one.g, node: renamed(one.g.node, names) } } : one,
    ),
  }));
}

/** Stored tensors that are read by one transpose alone: by their names, with the permutation. */
export function transposedAtOnce(nodes: readonly NodeProto[], stored: readonly Stored[]) {
  const readers = new Map<string, NodeProto[]>();
  for (const node of everyNode(nodes))
    for (const name of node.input) readers.set(name, [...(readers.get(name) ?? []), node]);
  const found = new Map<string, { perm: readonly number[]; node: NodeProto }>();
  for (const { name } of stored) {
    const [node, more] = readers.get(name) ?? [];
    if (node?.opType !== 'Transpose' || more) continue;
    found.set(name, { perm: node.attribute?.[0]?.ints ?? [], node });
  }
  return found;
}

/** The numbers of a tensor with its axes in another order. */
export function transposed(
  data: ArrayLike<number>,
  shape: readonly number[],
  perm: readonly number[],
): { data: ArrayLike<number>; shape: number[] } {
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const to = perm.map((axis) => itemAt(shape, axis));
  const steps = perm.map((axis) => itemAt(strides, axis));
  const made = new (data.constructor as Float32ArrayConstructor)(data.length);
  const at = Array<number>(to.length).fill(0);
  let from = 0;
  for (let i = 0; i < made.length; i++) {
    made[i] = data[from] as number;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += itemAt(steps, axis);
      if (++(at[axis] as number) < itemAt(to, axis)) break;
      from -= itemAt(steps, axis) * itemAt(to, axis);
      at[axis] = 0;
    }
  }
  return { data: made, shape: to };
}
