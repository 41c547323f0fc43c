import { itemAt, mapTuple } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, type Sym, Tensor, compile, layers, ops, tensor } from 'nodegrad';

const x = tensor([
  [0.5, 2, 1.5],
  [1, 0.25, 3],
]);
const y = tensor([
  [1, 2, 0.5],
  [1, 4, 0.75],
]);
const cube = tensor(
  Float32Array.from({ length: 12 }, (_, i) => i),
  [2, 2, 3],
);
const flags = tensor([
  [true, false, true],
  [false, false, true],
]);
const others = tensor([
  [true, true, false],
  [false, true, true],
]);

/** Of each method the op that it is, what it is called on, and its arguments. */
const table: readonly [method: string, op: string, x: Tensor, ...args: unknown[]][] = [
  ['add', 'add', x, y],
  ['sub', 'subtract', x, y],
  ['mul', 'multiply', x, y],
  ['div', 'divide', x, y],
  ['pow', 'power', x, y],
  ...['maximum', 'minimum', 'equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'].map(
    (name): [string, string, Tensor, Tensor] => [name, name, x, y],
  ),
  ['logicalAnd', 'logicalAnd', flags, others],
  ['logicalOr', 'logicalOr', flags, others],
  ['logicalNot', 'logicalNot', flags],
  [
    'matmul',
    'matmul',
    x,
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { transposeB: true },
  ],
  ['neg', 'negative', x],
  ...[
    ...['abs', 'sign', 'square', 'sqrt', 'rsqrt', 'reciprocal', 'exp', 'log', 'relu', 'sigmoid', 'tanh'],
    ...['softplus', 'softmax', 'transpose'],
  ].map((name): [string, string, Tensor] => [name, name, x]),
  ...['sum', 'mean', 'prod', 'max', 'min'].map((name): [string, string, Tensor, object] => [
    name,
    name,
    x,
    { axis: 1, keepDims: true },
  ]),
  ['argMax', 'argmax', x, { axis: 1 }],
  ['argMin', 'argmin', x, { axis: 1 }],
  ['cast', 'cast', x, 'int32'],
  ['reshape', 'reshape', x, [-1, 1]],
  ['expandDims', 'expandDims', x, 1],
  ['squeeze', 'squeeze', tensor([[1], [2]]), 1],
  ['slice', 'stridedSlice', x, [0, 1], [2, 3]],
  ...['mod', 'floorDivide', 'arctan2'].map((name): [string, string, Tensor, Tensor] => [name, name, x, y]),
  ['logicalXor', 'logicalXor', flags, others],
  ['flip', 'flip', x, { axis: 1 }],
  ['tril', 'tril', cube],
  ['triu', 'triu', cube],
  ['diagonal', 'diagonal', cube, { axis1: 1, axis2: 2 }],
  ...(
    'floor ceil trunc log1p log2 log10 expm1 erf sin cos tan arctan sinh cosh arcsinh isnan isinf isfinite silu selu ravel ' +
    'round leakyRelu elu gelu logSoftmax nanToNum logsumexp norm cumsum cumprod sort argsort diff'
  )
    .split(' ')
    .map((name): [string, string, Tensor] => [name, name, x]),
  ...['arcsin', 'arccos', 'arctanh'].map((name): [string, string, Tensor] => [name, name, ops.tanh(x)]),
  ['arccosh', 'arccosh', ops.add(x, 1)],
  ...['all', 'any', 'countNonzero', 'var', 'std', 'ptp', 'median'].map(
    (name): [string, string, Tensor, object] => [name, name, x, { axis: 1, keepDims: true }],
  ),
  ['dot', 'dot', x, [1, 2, 3]],
  ['clip', 'clip', x, 0.5, 1],
  ['quantile', 'quantile', x, [0.2, 0.7], { axis: 1 }],
  ['topK', 'topK', x, 2],
  ['take', 'take', x, [0, 2], { axis: 1 }],
  ['takeAlongAxis', 'takeAlongAxis', x, [[0], [2]], { axis: 1 }],
  ['gather', 'gather', x, [0, 1], { axis: 1 }],
  ['broadcastTo', 'broadcastTo', tensor([[1], [2]]), [2, 3]],
  ['repeat', 'repeat', x, 2, { axis: 1 }],
  ['tile', 'tile', x, [1, 2]],
  ['roll', 'roll', x, 1, { axis: 1 }],
  ['swapaxes', 'swapaxes', x, 0, 1],
  ['moveaxis', 'moveaxis', x, 0, 1],
  ['split', 'split', x, 3, { axis: 1 }],
  ['unstack', 'unstack', x, { axis: 1 }],
  [
    'pad',
    'pad',
    x,
    [
      [0, 0],
      [1, 2],
    ],
  ],
];

type Called = Record<string, (...args: unknown[]) => unknown>;
const method = (on: unknown, name: string, args: readonly unknown[]) => (on as Called)[name]!(...args);
const input = ({ shape, dtype }: Tensor) => layers.input({ shape: shape.slice(1), dtype });

async function expectSame(actual: Tensor | Tensor[], expected: Tensor | Tensor[]): Promise<void> {
  if (Array.isArray(expected) || Array.isArray(actual)) {
    const [made, wanted] = mapTuple([actual, expected], (list) => [list].flat());
    expect(made.length).toBe(wanted.length);
    for (const [i, one] of made.entries()) await expectSame(one, itemAt(wanted, i));
    return;
  }
  expect([actual.dtype, actual.shape]).toEqual([expected.dtype, expected.shape]);
  expect(await actual.data()).toEqual(await expected.data());
}

describe('a method is the op', () => {
  it('for each that a tensor has', () => {
    const own = [
      ...[
        'constructor',
        'handle',
        'isDisposed',
        'rank',
        'size',
        'data',
        'dataSync',
        'item',
        'itemSync',
        'array',
      ],
      ...['arraySync', 'dispose', 'toString'],
    ];
    const names = Object.getOwnPropertyNames(Tensor.prototype).filter((name) => !own.includes(name));
    expect(names.sort()).toEqual(table.map(([name]) => name).sort());
  });

  it.each(table)('%s of tensors, symbolic values and outputs of layers', async (name, op, on, ...args) => {
    const expected = (ops as unknown as Called)[op]!(on, ...args) as Tensor;
    await expectSame(method(on, name, args) as Tensor, expected);
    const traced = compile((value: Sym) => method(value, name, args) as Sym);
    await expectSame(await traced(on), expected);
    const place = input(on);
    const output = method(place, name, args) as layers.KerasTensor;
    await expectSame(await new Model({ inputs: place, outputs: output }).predict(on), expected);
  });

  it('and chains, typed', async () => {
    const chained: Tensor = x.sub(1).square().mean({ axis: 1 }).mul(2);
    await expectSame(chained, ops.multiply(ops.mean(ops.square(ops.subtract(x, 1)), { axis: 1 }), 2));
    const place = layers.input({ shape: [3] });
    const residual: layers.KerasTensor = place.add(layers.dense({ units: 3 }).apply(place)).relu();
    expect(residual.shape).toEqual([-1, 3]);
    const run = compile((value: Sym): Sym => value.add(1).log());
    await expectSame(await run(x), ops.log(ops.add(x, 1)));
    const part: Tensor<'float32'> = tensor(new Float32Array(4)).slice(1);
    expect(part.shape).toEqual([3]);
  });
});
