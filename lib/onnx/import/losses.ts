import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, typed } from './call.js';

/** The negative logarithms at the classes, [n, …], weighted and reduced. */
function negativeLogLikelihood(call: Call, logs: Sym, target: Sym, weight: Sym | undefined): Sym {
  const classes = logs.shape[1] ?? 1;
  const ignored = call.given('ignore_index') ? call.int('ignore_index') : undefined;
  const own = ops.cast(target, 'int32');
  const isIgnored = ignored === undefined ? undefined : ops.equal(own, ignored);
  const places = isIgnored ? ops.where(isIgnored, ops.zerosLike(own), own) : own;
  const hot = ops.oneHot(places, { depth: classes, axis: 1 });
  const picked = ops.negative(
    ops.sum(ops.where(ops.greater(hot, 0), logs, ops.zerosLike(logs)), { axis: 1 }),
  );
  const each = weight ? ops.gather(weight, places) : ops.onesLike(picked);
  const counted = isIgnored ? ops.where(isIgnored, ops.zerosLike(each), each) : each;
  const losses = ops.multiply(picked, counted);
  const reduction = call.text('reduction', 'mean', ['none', 'mean', 'sum']);
  if (reduction === 'none') return losses;
  const sum = ops.sum(losses);
  return reduction === 'sum' ? sum : ops.divide(sum, ops.sum(counted));
}

const softmaxLoss: Handler = (call) => {
  const logs = ops.logSoftmax(call.x(0), { axis: 1 });
  return [
    typed(negativeLogLikelihood(call, logs, call.x(1), call.maybe(2)), call.type()),
    typed(logs, call.type()),
  ];
};

/** Losses within networks. */
export const lossNodes: Handlers = {
  NegativeLogLikelihoodLoss: (call) => negativeLogLikelihood(call, call.x(0), call.x(1), call.maybe(2)),
  SoftmaxCrossEntropyLoss: softmaxLoss,
};
