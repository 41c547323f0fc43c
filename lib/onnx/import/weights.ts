import type { GraphProto, NodeProto } from '../messages.js';

/** Inputs of ops that hold weights; those that are left out of the table hold none. */
const LEARNED: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  DeformConv: [1, 3],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  Einsum: [0, 1, 2, 3],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  RMSNormalization: [1],
  PRelu: [1],
  LSTM: [1, 2, 3, 5, 6, 7],
  GRU: [1, 2, 3, 5],
  RNN: [1, 2, 3, 5],
  Gather: [0],
  Add: [0, 1],
  Sub: [0, 1],
  Mul: [0, 1],
  Div: [0, 1],
};

/** Statistics: stored with the weights, but no training by gradients changes them. */
const FIXED: Readonly<Record<string, readonly number[]>> = { BatchNormalization: [3, 4] };

/** Ops that hand a weight on in another form. */
const PASSING = new Set([
  'Identity',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Cast',
  'Concat',
  'Split',
  'Slice',
  'Flatten',
  'Expand',
]);

/** Whether a tensor of the file is a weight, `learned` or `fixed`, as its readers use it; undefined: neither. */
export function isWeight(graph: GraphProto, name: string): 'learned' | 'fixed' | undefined {
  const uses = usesOf(graph);
  const seen = new Set<string>();
  const kinds = new Set<'learned' | 'fixed'>();
  const visit = (value: string): void => {
    if (seen.has(value)) return;
    seen.add(value);
    for (const { opType, at, outputs } of uses.get(value) ?? []) {
      if (LEARNED[opType]?.includes(at)) kinds.add('learned');
      else if (FIXED[opType]?.includes(at)) kinds.add('fixed');
      else if (PASSING.has(opType) && (at === 0 || opType === 'Concat')) outputs.forEach(visit);
    }
  };
  visit(name);
  return kinds.has('learned') ? 'learned' : kinds.has('fixed') ? 'fixed' : undefined;
}

interface Use {
  readonly opType: string;
  readonly at: number;
  readonly outputs: readonly string[];
}

const known = new WeakMap<GraphProto, ReadonlyMap<string, readonly Use[]>>();

/** All nodes of a graph, those of graphs within them included, which read its values, too. */
function* nodesOf({ node }: GraphProto): Generator<NodeProto> {
  for (const one of node) {
    yield one;
    for (const { g } of one.attribute ?? []) if (g) yield* nodesOf(g);
  }
}

/** The nodes that read each value. */
function usesOf(graph: GraphProto): ReadonlyMap<string, readonly Use[]> {
  const before = known.get(graph);
  if (before) return before;
  const uses = new Map<string, Use[]>();
  for (const { opType, input, output } of nodesOf(graph))
    input.forEach((name, at) => {
      const list = uses.get(name) ?? [];
      list.push({ opType, at, outputs: output });
      uses.set(name, list);
    });
  known.set(graph, uses);
  return uses;
}
