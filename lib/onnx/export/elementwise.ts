// Ops on each number alone.
import type { Lower } from './scope.js';
import { itemAt } from '../../base/list.js';
import { type OnnxGraph, type Value, float } from './graph.js';

/** Some formula of values in other ops. */
type Formula = (graph: OnnxGraph, x: readonly Value[]) => Value;

const plain =
  (opType: string): Lower =>
  (_node, inputs, { graph }) =>
    graph.elementwise(opType, inputs);

const formula =
  (body: Formula): Lower =>
  (_node, inputs, { graph }) =>
    body(graph, inputs);

/** A formula of one value. */
const ofOne = (body: (graph: OnnxGraph, x: Value) => Value): Lower =>
  formula((graph, x) => body(graph, itemAt(x, 0)));

const ofTwo = (body: (graph: OnnxGraph, a: Value, b: Value) => Value): Lower =>
  formula((graph, x) => body(graph, itemAt(x, 0), itemAt(x, 1)));

const by = (graph: OnnxGraph, opType: string, a: Value, b: Value | number): Value =>
  graph.elementwise(opType, [a, typeof b === 'number' ? graph.scalar(b, a.dtype) : b]);

/** Comparisons are there for float32 and int32 in all sets of ops. */
const compared = (opType: string): Lower => ofTwo((graph, a, b) => comparison(graph, opType, a, b));

export function comparison(graph: OnnxGraph, opType: string, a: Value, b: Value): Value {
  const isNarrow = a.dtype === 'bool' || a.dtype === 'uint8';
  const [left, right] = isNarrow ? [graph.cast(a, 'int32'), graph.cast(b, 'int32')] : [a, b];
  return graph.elementwise(opType, [left, right], {}, 'bool');
}

export function chosen(graph: OnnxGraph, condition: Value, a: Value, b: Value): Value {
  // Where takes no bool in many runtimes.
  if (a.dtype !== 'bool') return graph.elementwise('Where', [condition, a, b]);
  const other = graph.elementwise('Not', [condition]);
  const parts = [graph.elementwise('And', [condition, a]), graph.elementwise('And', [other, b])];
  return graph.elementwise('Or', parts);
}

/** Exact near 0 too, where log(1 + x) is not. */
const log1p = ofOne((graph, x) => {
  const near = by(graph, 'Mul', graph.elementwise('Atanh', [by(graph, 'Div', x, by(graph, 'Add', x, 2))]), 2);
  const far = graph.elementwise('Log', [by(graph, 'Add', x, 1)]);
  const isNear = comparison(graph, 'Less', graph.elementwise('Abs', [x]), graph.scalar(0.5));
  return chosen(graph, isNear, near, far);
});

/** tanh(x / 2) · (e^x + 1): exact near 0 too. */
const expm1 = ofOne((graph, x) =>
  by(
    graph,
    'Mul',
    graph.elementwise('Tanh', [by(graph, 'Mul', x, 0.5)]),
    by(graph, 'Add', graph.elementwise('Exp', [x]), 1),
  ),
);

const gelu: Lower = ({ attrs }, [x], { graph }) => {
  const approximate = attrs['approximate'] === true;
  const given = x as Value;
  if (graph.opset >= 20)
    return graph.elementwise('Gelu', [given], { approximate: approximate ? 'tanh' : 'none' });
  const half = by(graph, 'Mul', given, 0.5);
  const inner = approximate
    ? graph.elementwise('Tanh', [
        by(
          graph,
          'Mul',
          by(
            graph,
            'Add',
            given,
            by(graph, 'Mul', by(graph, 'Mul', by(graph, 'Mul', given, given), given), 0.044715),
          ),
          Math.sqrt(2 / Math.PI),
        ),
      ])
    : graph.elementwise('Erf', [by(graph, 'Mul', given, Math.SQRT1_2)]);
  return by(graph, 'Mul', half, by(graph, 'Add', inner, 1));
};

/** The rest of a division has the divisor's sign in ONNX's plain Mod; floor(a / b) follows from the one of C. */
const floorDivide = ofTwo((graph, a, b) => {
  if (a.dtype === 'float32') return graph.elementwise('Floor', [by(graph, 'Div', a, b)]);
  const rest = graph.elementwise('Mod', [a, b]);
  return by(graph, 'Div', by(graph, 'Sub', a, rest), b);
});

/** The angle of a point: arctan(y / x), turned by π where x < 0; of infinities the largest numbers. */
const arctan2 = ofTwo((graph, ...given) => {
  const most = Math.fround(3.4028234663852886e38);
  const [y, x] = given.map((one) => by(graph, 'Max', by(graph, 'Min', one, most), -most)) as [Value, Value];
  const zero = graph.scalar(0);
  // Zero has a sign, too.
  const isBelow = (one: Value) => {
    const whole = graph.elementwise('Reciprocal', [one]);
    return graph.elementwise(
      'Or',
      [one, whole].map((value) => comparison(graph, 'Less', value, zero)),
    );
  };
  const isOrigin = graph.elementwise('And', [
    comparison(graph, 'Equal', x, zero),
    comparison(graph, 'Equal', y, zero),
  ]);
  const angle = chosen(graph, isOrigin, y, graph.elementwise('Atan', [by(graph, 'Div', y, x)]));
  const turn = chosen(graph, isBelow(y), graph.scalar(-Math.PI), graph.scalar(Math.PI));
  return by(graph, 'Add', angle, chosen(graph, isBelow(x), turn, zero));
});

const leftShift = ofTwo((graph, a, b) => {
  const unsigned = [a, b].map((x) => graph.elementwise('Cast', [x], { to: 12 }, 'int32'));
  const shifted = graph.elementwise('BitShift', unsigned, { direction: 'LEFT' });
  return graph.elementwise('Cast', [shifted], { to: 6 }, 'int32');
});

/** Ops on bits are there from version 18 on. */
const bitwise =
  (opType: string): Lower =>
  (node, inputs, scope) => {
    if (scope.graph.opset < 18) throw scope.refusal(node, 'it needs opset 18');
    return scope.graph.elementwise(opType, inputs);
  };

/** A bound as ReLU6 has it, where y ≥ bound is the bound and else y, is the smaller of both. */
const where: Lower = ({ inputs: [test, then, otherwise] }, [condition, a, b], { graph }) => {
  const isBound = test?.op === 'greaterEqual' && test.inputs[0] === otherwise && test.inputs[1] === then;
  if (isBound) return graph.elementwise('Min', [b as Value, a as Value]);
  return chosen(graph, condition as Value, a as Value, b as Value);
};

export const ELEMENTWISE: Readonly<Record<string, Lower>> = {
  negative: plain('Neg'),
  abs: plain('Abs'),
  sign: plain('Sign'),
  floor: plain('Floor'),
  exp: plain('Exp'),
  log: plain('Log'),
  log1p,
  sqrt: plain('Sqrt'),
  rsqrt: ofOne((graph, x) => graph.elementwise('Reciprocal', [graph.elementwise('Sqrt', [x])])),
  square: ofOne((graph, x) => by(graph, 'Mul', x, x)),
  reciprocal: plain('Reciprocal'),
  relu: plain('Relu'),
  sigmoid: plain('Sigmoid'),
  tanh: plain('Tanh'),
  softplus: plain('Softplus'),
  erf: plain('Erf'),
  sin: plain('Sin'),
  cos: plain('Cos'),
  tan: plain('Tan'),
  arcsin: plain('Asin'),
  arccos: plain('Acos'),
  arctan: plain('Atan'),
  sinh: plain('Sinh'),
  cosh: plain('Cosh'),
  arcsinh: plain('Asinh'),
  arccosh: plain('Acosh'),
  arctanh: plain('Atanh'),
  expm1,
  gelu,
  elu: ({ attrs }, inputs, { graph }) =>
    graph.elementwise('Elu', inputs, { alpha: float(Number(attrs['alpha'] ?? 1)) }),
  leakyRelu: ({ attrs }, inputs, { graph }) =>
    graph.elementwise('LeakyRelu', inputs, { alpha: float(Number(attrs['negativeSlope'] ?? 0.2)) }),
  logicalNot: plain('Not'),
  cast: ({ outputs }, [x], { graph }) => graph.cast(x as Value, itemAt(outputs, 0).dtype),
  identity: (_node, inputs) => inputs,
  stopGradient: (_node, inputs) => inputs,
  subtract: plain('Sub'),
  multiply: plain('Mul'),
  divide: plain('Div'),
  power: plain('Pow'),
  arctan2,
  fmod: (_node, inputs, { graph }) => graph.elementwise('Mod', inputs, { fmod: 1 }),
  floorDivide,
  maximum: plain('Max'),
  minimum: plain('Min'),
  bitwiseAnd: bitwise('BitwiseAnd'),
  bitwiseOr: bitwise('BitwiseOr'),
  bitwiseXor: bitwise('BitwiseXor'),
  leftShift,
  equal: compared('Equal'),
  notEqual: ofTwo((graph, a, b) => graph.elementwise('Not', [comparison(graph, 'Equal', a, b)])),
  less: compared('Less'),
  lessEqual: compared('LessOrEqual'),
  greater: compared('Greater'),
  greaterEqual: compared('GreaterOrEqual'),
  logicalAnd: plain('And'),
  logicalOr: plain('Or'),
  where,
  softmaxCrossEntropy: (_node, [x, labels], { graph }) => {
    const logits = x as Value;
    const logs = graph.op('LogSoftmax', [logits], logits, { axis: -1 });
    const sum = graph.reduce('ReduceSum', by(graph, 'Mul', logs, labels as Value), [logits.rank - 1], false);
    return graph.elementwise('Neg', [sum]);
  },
  sparseSoftmaxCrossEntropy: (_node, [x, labels], { graph }) => {
    const [logits, places] = [x as Value, labels as Value];
    const logs = graph.op('LogSoftmax', [logits], logits, { axis: -1 });
    const at = graph.unsqueeze(graph.cast(places, 'int64'), [places.rank]);
    const chosenLogs = graph.op('GatherElements', [logs, at], logits, { axis: -1 });
    return graph.elementwise('Neg', [graph.squeeze(chosenLogs, [places.rank])]);
  },
  sigmoidCrossEntropy: ofTwo((graph, x, labels) =>
    by(graph, 'Sub', graph.elementwise('Softplus', [x]), by(graph, 'Mul', x, labels)),
  ),
};
