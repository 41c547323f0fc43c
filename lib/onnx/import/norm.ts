import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import type { Handler, Handlers } from './call.js';

/** [channels] for [n, channels, …]. */
const perChannel = (vector: Sym, rank: number): Sym =>
  ops.reshape(vector, [-1, ...Array<number>(Math.max(0, rank - 2)).fill(1)]);

/** x less its mean over axes, divided by its standard deviation, with those two. */
function standardized(x: Sym, axis: readonly number[], epsilon: number) {
  const mean = ops.mean(x, { axis, keepDims: true });
  const centred = ops.subtract(x, mean);
  const inverse = ops.rsqrt(ops.add(ops.mean(ops.square(centred), { axis, keepDims: true }), epsilon));
  return { y: ops.multiply(centred, inverse), mean, inverse };
}

const batchNormalization: Handler = (call) => {
  const [x, scale, offset, mean, variance] = [0, 1, 2, 3, 4].map((i) => call.x(i)) as [
    Sym,
    Sym,
    Sym,
    Sym,
    Sym,
  ];
  const epsilon = call.float('epsilon', 1e-5);
  if (!call.flag('training_mode'))
    return ops.batchNormalization(x, mean, variance, { axis: 1, scale, offset, epsilon });
  const momentum = call.float('momentum', 0.9);
  const axis = [...x.shape.keys()].filter((i) => i !== 1);
  const own = ops.mean(x, { axis });
  const spread = ops.mean(ops.square(ops.subtract(x, perChannel(own, x.rank))), { axis });
  const y = ops.batchNormalization(x, own, spread, { axis: 1, scale, offset, epsilon });
  const moved = (before: Sym, now: Sym) =>
    ops.add(ops.multiply(before, momentum), ops.multiply(now, 1 - momentum));
  return [y, moved(mean, own), moved(variance, spread)];
};

const instanceNormalization: Handler = (call) => {
  const x = call.x(0);
  const { y } = standardized(x, [...x.shape.keys()].slice(2), call.float('epsilon', 1e-5));
  return ops.add(ops.multiply(y, perChannel(call.x(1), x.rank)), perChannel(call.x(2), x.rank));
};

const layerNormalization: Handler = (call) => {
  const x = call.x(0);
  const first = call.axis(call.int('axis', -1), x.rank);
  const axis = [...x.shape.keys()].slice(first);
  const { y, mean, inverse } = standardized(x, axis, call.float('epsilon', 1e-5));
  const scaled = ops.multiply(y, call.x(1));
  return [call.has(2) ? ops.add(scaled, call.x(2)) : scaled, mean, inverse];
};

const groupNormalization: Handler = (call) => {
  const [n = -1, channels = 1, ...sides] = call.x(0).shape;
  const groups = call.int('num_groups');
  const grouped = ops.reshape(call.x(0), [n, groups, channels / groups, ...sides]);
  const axis = [...grouped.shape.keys()].slice(2);
  const { y } = standardized(grouped, axis, call.float('epsilon', 1e-5));
  // Before opset 21 there is one number a group, then one a channel.
  const ones = Array<number>(sides.length).fill(1);
  const own = (vector: Sym) =>
    ops.reshape(
      vector,
      vector.shape[0] === groups && call.opset < 21
        ? [groups, 1, ...ones]
        : [groups, channels / groups, ...ones],
    );
  return ops.reshape(ops.add(ops.multiply(y, own(call.x(1))), own(call.x(2))), [n, channels, ...sides]);
};

const rmsNormalization: Handler = (call) => {
  const x = call.x(0);
  const axis = [...x.shape.keys()].slice(call.axis(call.int('axis', -1), x.rank));
  const squares = ops.mean(ops.square(x), { axis, keepDims: true });
  const y = ops.multiply(x, ops.rsqrt(ops.add(squares, call.float('epsilon', 1e-5))));
  return ops.multiply(y, call.x(1));
};

/** Divides by the squares of neighbouring channels. Krizhevsky et al., 2012. */
const localResponse: Handler = (call) => {
  const x = call.x(0);
  const size = call.int('size');
  const [alpha, beta, bias] = [call.float('alpha', 1e-4), call.float('beta', 0.75), call.float('bias', 1)];
  const before = Math.floor((size - 1) / 2);
  const around: [number, number][] = x.shape.map((_, i) => (i === 1 ? [before, size - 1 - before] : [0, 0]));
  const squares = ops.pad(ops.square(x), around);
  const channels = x.shape[1] ?? 1;
  let sum: Sym | undefined;
  for (let i = 0; i < size; i++) {
    const part = ops.stridedSlice(squares, [0, i], [Infinity, i + channels]);
    sum = sum ? ops.add(sum, part) : part;
  }
  if (!sum) throw call.error('a positive size', String(size));
  return ops.divide(x, ops.power(ops.add(ops.multiply(sum, alpha / size), bias), beta));
};

const meanVariance: Handler = (call) => {
  const x = call.x(0);
  const axis = call.ints('axes', [0, 2, 3]);
  const centred = ops.subtract(x, ops.mean(x, { axis, keepDims: true }));
  const deviation = ops.sqrt(ops.mean(ops.square(centred), { axis, keepDims: true }));
  return ops.divide(centred, ops.add(deviation, 1e-9));
};

const lpNormalization: Handler = (call) => {
  const x = call.x(0);
  const axis = call.int('axis', -1);
  const p = call.int('p', 2);
  const total = ops.sum(p === 1 ? ops.abs(x) : ops.square(x), { axis, keepDims: true });
  const length = p === 1 ? total : ops.sqrt(total);
  return ops.where(ops.equal(length, 0), ops.zerosLike(x), ops.divide(x, length));
};

/** Normalizations. Batch normalization uses its stored statistics unless the node says that it trains. */
export const normalizations: Handlers = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  RMSNormalization: rmsNormalization,
  LRN: localResponse,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lpNormalization,
};
