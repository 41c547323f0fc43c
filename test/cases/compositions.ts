import { firstOf, itemAt } from '../../lib/base/list.js';
import { type Sym, ops } from 'nodegrad';
import { groupNormalization } from '../../lib/ops/groupNormalization.js';

/** Small nets that the plan fuses or rewrites; rows of the tables name them as if they were ops. test/fixtures/reference.py has their twins. */
export const compositions = {
  convBiasReluPool: (x: Sym, w: Sym, b: Sym) =>
    ops.maxPool(ops.relu(ops.add(ops.conv(x, w), b)), { poolSize: 2 }),

  convBiasSigmoid: (x: Sym, w: Sym, b: Sym) => ops.sigmoid(ops.add(ops.conv(x, w, { padding: 'same' }), b)),

  flattenDenseRelu: (x: Sym, w: Sym, b: Sym) => ops.relu(ops.add(ops.matmul(flatten(x), w), b)),

  poolDense: (x: Sym, w: Sym, b: Sym) =>
    ops.tanh(ops.add(ops.matmul(flatten(ops.maxPool(x, { poolSize: 2 })), w), b)),

  denseSoftmaxLoss: (x: Sym, w: Sym, b: Sym, labels: Sym) =>
    ops.mean(ops.sparseSoftmaxCrossEntropy(ops.add(ops.matmul(x, w), b), labels)),

  residual: (x: Sym, w1: Sym, w2: Sym) => {
    const inner = ops.relu(ops.conv(x, w1, { padding: 'same' }));
    return ops.multiply(ops.relu(ops.add(x, ops.conv(inner, w2, { padding: 'same' }))), 0.5);
  },

  batchNormTraining: (x: Sym, gamma: Sym, beta: Sym, options: object = {}) =>
    normalized(x, gamma, beta, options).y,

  // The statistics are used too, and have gradients.
  batchNormStatistics: (x: Sym, gamma: Sym, beta: Sym) => {
    const { y, mean, variance } = normalized(x, gamma, beta);
    return ops.add(ops.multiply(y, mean), variance);
  },

  convBatchNormReluPool: (x: Sym, w: Sym, gamma: Sym, beta: Sym, options: object) =>
    ops.maxPool(ops.relu(normalized(ops.conv(x, w, { padding: 'same' }), gamma, beta).y), options),

  batchNormRelu: (x: Sym, gamma: Sym, beta: Sym) => ops.relu(normalized(x, gamma, beta).y),

  batchNormResidual: (x: Sym, r: Sym, gamma: Sym, beta: Sym) => {
    const y = normalized(x, gamma, beta).y;
    return ops.multiply(ops.relu(ops.add(y, normalized(r, beta, gamma).y)), 0.5);
  },

  batchNormFolded: (
    x: Sym,
    w: Sym,
    b: Sym,
    mean: Sym,
    variance: Sym,
    scale: Sym,
    offset: Sym,
    dataFormat: 'channelsLast' | 'channelsFirst',
  ) => {
    const y = ops.biasAdd(ops.conv(x, w, { dataFormat }), b, { dataFormat });
    const axis = dataFormat === 'channelsFirst' ? 1 : -1;
    return ops.relu(ops.batchNormalization(y, mean, variance, { scale, offset, axis }));
  },

  momentsTogether: (x: Sym, options: object) => {
    const [mean, variance] = ops.moments(x, options);
    return ops.add(ops.square(mean), variance);
  },

  layerNormalizationTrained: (x: Sym, gamma: Sym, beta: Sym, options: object = {}) =>
    ops.layerNormalization(x, { gamma, beta, ...options }),

  einsum1: (x: Sym, subscripts: string) => ops.einsum(subscripts, x),
  einsum2: (x: Sym, y: Sym, subscripts: string) => ops.einsum(subscripts, x, y),
  einsum3: (x: Sym, y: Sym, z: Sym, subscripts: string) => ops.einsum(subscripts, x, y, z),

  rmsNormalizationScaled: (x: Sym, scale: Sym, options: object) =>
    ops.rmsNormalization(x, { scale, ...options }),

  groupNormalization: (x: Sym, gamma: Sym, beta: Sym, options: { groups: number; axis: number }) =>
    groupNormalization(x, { gamma, beta, epsilon: 1e-3, ...options }),

  // Ops with several results, or with arguments between operands.
  splitJoined: (x: Sym, parts: number | number[], options: object) => joined(ops.split(x, parts, options)),
  arraySplitJoined: (x: Sym, parts: number, options: object) => joined(ops.arraySplit(x, parts, options)),
  unstackJoined: (x: Sym, options: object) => joined(ops.unstack(x, options)),
  trapezoidAt: (y: Sym, x: Sym, options?: object) => ops.trapezoid(y, { ...options, x }),
  averageBy: (x: Sym, weights: Sym, options: object) => ops.average(x, { ...options, weights }),
  histogramJoined: (x: Sym, options: object) => joined(ops.histogram(x, options)),
  bincountTo: (x: Sym, ...rest: (Sym | number)[]) => {
    const [weights, minLength] = rest.length === 2 ? rest : [undefined, ...rest];
    return ops.bincount(x, { weights, minLength: minLength as number });
  },
  uniqueJoined: (x: Sym, options: object) => {
    const all = { ...options, returnIndex: true, returnInverse: true, returnCounts: true };
    const parts = ops.unique(x, all);
    return joined(parts.map((part) => ops.cast(part, 'float32')));
  },
  topKJoined: (x: Sym, k: number, options?: object) => joined(ops.topK(x, k, options)),
  hvdSplit: (x: Sym) => joined([...ops.hsplit(x, 2), ...ops.vsplit(x, [1]), ...ops.dsplit(x, 3)]),
  meshgridJoined: (...rest: (Sym | object)[]) =>
    joined(ops.meshgrid(rest.slice(0, -1) as Sym[], rest.at(-1) as object)),
  updatedSlice: (x: Sym, updates: Sym, starts: number[]) => ops.sliceUpdate(x, starts, updates),
  unraveled: (x: Sym, shape: number[]) => ops.stack(ops.unravelIndex(x, shape)),
  selected: (c1: Sym, c2: Sym, x1: Sym, x2: Sym, otherwise: number) =>
    ops.select([c1, c2], [x1, x2], otherwise),

  chain: (x: Sym, y: Sym, b: Sym) => {
    const gauss = ops.divide(ops.exp(ops.negative(ops.square(x))), ops.add(1.5, ops.tanh(y)));
    const z = ops.subtract(ops.sigmoid(ops.add(ops.multiply(x, y), b)), gauss);
    return ops.add(ops.multiply(z, b), ops.log(ops.add(2, ops.multiply(x, z))));
  },

  branches: (x: Sym) => {
    const a = ops.exp(x);
    const b = ops.tanh(x);
    const left = ops.multiply(ops.add(a, b), ops.mean(a, { axis: -1, keepDims: true }));
    return ops.subtract(left, ops.sum(b, { axis: 0, keepDims: true }));
  },

  // Ops with several outputs give them here in one, along the axis of the steps.
  lstm: (x: Sym, w: Sym, u: Sym, b: Sym, ...rest: (Sym | Recurrent)[]) => {
    const { states, options } = recurrentOf(rest);
    const initialState = states.length > 0 ? ([firstOf(states), itemAt(states, 1)] as const) : undefined;
    return alongSteps(ops.lstm(x, w, u, b, { ...options, initialState }));
  },

  gru: (x: Sym, w: Sym, u: Sym, b: Sym, ...rest: (Sym | Recurrent)[]) => {
    const { states, options } = recurrentOf(rest);
    return alongSteps(ops.gru(x, w, u, b, { ...options, initialState: states[0] }));
  },

  simpleRnn: (x: Sym, w: Sym, u: Sym, b: Sym, ...rest: (Sym | Recurrent)[]) => {
    const { states, options } = recurrentOf(rest);
    return alongSteps(ops.simpleRnn(x, w, u, b, { ...options, initialState: states[0] }));
  },

  // Public random ops draw their own keys; with one given they have to agree with Philox as published.
  keyedDropout: (x: Sym, key: Sym, rate: number, salt: number) => ops.dropout(x, { rate, key, salt }),

  keyedUniform: (key: Sym, shape: number[], minval: number, maxval: number, salt: number) =>
    ops.randomUniform(shape, { key, minval, maxval, salt }),
};

interface Recurrent {
  goBackwards?: boolean;
  returnSequences?: boolean;
  resetAfter?: boolean;
  /** Whether the last input is the mask. */
  masked?: boolean;
}

/** The first states, and the options with the mask. */
const recurrentOf = (rest: (Sym | Recurrent)[]) => {
  const { masked = false, ...options } = rest.at(-1) as Recurrent;
  const states = rest.slice(0, -1) as Sym[];
  const recurrentMask = masked ? states.pop() : undefined;
  return { states: states, options: { ...options, recurrentMask } };
};

/** Parts of one result: as lists of their numbers, each times its number. */
const joined = (parts: readonly Sym[]) =>
  ops.concatenate(parts.map((part, i) => ops.multiply(ops.ravel(part), i + 1)));

const alongSteps = (outputs: readonly Sym[]) =>
  ops.concatenate(
    outputs.map((y) => (y.rank === 3 ? y : ops.expandDims(y, 1))),
    { axis: 1 },
  );

/** By the statistics of the batch. */
const normalized = (x: Sym, scale: Sym, offset: Sym, options: object = {}) =>
  ops.batchNormalization(x, undefined, undefined, { scale, offset, ...options });

const flatten = (x: Sym) => ops.reshape(x, [firstOf(x.shape), x.shape.slice(1).reduce((a, b) => a * b, 1)]);
