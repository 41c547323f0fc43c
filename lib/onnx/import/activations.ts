import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { type Call, type Handler, type Handlers, typed } from './call.js';

const of =
  (formula: (x: Sym, call: Call) => Sym): Handler =>
  (call) =>
    formula(call.x(0), call);

/** Before opset 13 all axes from one on count as one. */
const overAxis =
  (formula: (x: Sym, axis: number) => Sym): Handler =>
  (call) => {
    const x = call.x(0);
    if (call.opset >= 13) return formula(x, call.int('axis', -1));
    const axis = call.axis(call.int('axis', 1), x.rank);
    if (axis === x.rank - 1) return formula(x, -1);
    const rows = ops.reshape(x, [...x.shape.slice(0, axis), -1]);
    return ops.reshape(formula(rows, -1), x.shape);
  };

function hardmax(x: Sym, axis: number): Sym {
  const depth = x.shape.at(axis) ?? 1;
  return ops.oneHot(ops.argmax(x, { axis }), { depth, axis });
}

/** With one input the training mode is off, as networks are meant to be used. */
const dropout: Handler = (call) => {
  const x = call.x(0);
  const training = call.has(2) && call.number(2) !== 0;
  const rate = call.has(1) ? call.number(1) : call.float('ratio', 0.5);
  const mask = typed(ops.onesLike(x), 'BOOL');
  if (!training || rate === 0) return [ops.copy(x), mask];
  const kept = ops.greaterEqual(ops.randomUniform(x), rate);
  const y = ops.multiply(x, ops.divide(ops.cast(kept, 'float32'), 1 - rate));
  return [y, typed(kept, 'BOOL')];
};

const prelu: Handler = (call) => {
  const x = call.x(0);
  return ops.where(ops.less(x, 0), ops.multiply(x, call.x(1)), x);
};

/** Functions that layers end with. */
export const activations: Handlers = {
  Relu: of((x) => (x.dtype === 'float32' ? ops.relu(x) : ops.maximum(x, 0))),
  LeakyRelu: of((x, call) => ops.leakyRelu(x, { negativeSlope: call.float('alpha', 0.01) })),
  PRelu: prelu,
  Elu: of((x, call) => ops.elu(x, { alpha: call.float('alpha', 1) })),
  Celu: of((x, call) => ops.celu(x, { alpha: call.float('alpha', 1) })),
  Selu: of((x, call) => {
    const [alpha, gamma] = [call.float('alpha', 1.6732632423543772), call.float('gamma', 1.0507009873554805)];
    return ops.multiply(ops.elu(x, { alpha }), gamma);
  }),
  Gelu: of((x, call) =>
    ops.gelu(x, { approximate: call.text('approximate', 'none', ['none', 'tanh']) === 'tanh' }),
  ),
  Sigmoid: of((x) => ops.sigmoid(x)),
  HardSigmoid: of((x, call) => {
    const line = ops.add(ops.multiply(x, call.float('alpha', 0.2)), call.float('beta', 0.5));
    return ops.clip(line, 0, 1);
  }),
  HardSwish: of((x) => ops.multiply(x, ops.clip(ops.add(ops.multiply(x, 1 / 6), 0.5), 0, 1))),
  Mish: of((x) => ops.multiply(x, ops.tanh(ops.softplus(x)))),
  Swish: of((x, call) => ops.multiply(x, ops.sigmoid(ops.multiply(x, call.float('alpha', 1))))),
  Softplus: of((x) => ops.softplus(x)),
  Softsign: of((x) => ops.softsign(x)),
  Tanh: of((x) => ops.tanh(x)),
  ThresholdedRelu: of((x, call) => ops.where(ops.greater(x, call.float('alpha', 1)), x, ops.zerosLike(x))),
  Shrink: of((x, call) => {
    const [bias, limit] = [call.float('bias', 0), call.float('lambd', 0.5)];
    const floats = ops.cast(x, 'float32');
    const zero = ops.zerosLike(floats);
    const above = ops.where(ops.greater(floats, limit), ops.subtract(floats, bias), zero);
    return ops.where(ops.less(floats, -limit), ops.add(floats, bias), above);
  }),
  Softmax: overAxis((x, axis) => ops.softmax(x, { axis })),
  LogSoftmax: overAxis((x, axis) => ops.logSoftmax(x, { axis })),
  Hardmax: overAxis(hardmax),
  Dropout: dropout,
};
