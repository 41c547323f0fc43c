/** The derivatives of ops that are no rows of the tables of test/cases, against finite differences; and that all ops have such tests. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Sym, ops, tensor } from '../lib/index.js';
import { cases } from './cases/run.js';
import { expectDerivatives, waves } from './support/differences.js';
import { allOps } from './support/ops.js';

const names = (...lines: string[]) => lines.flatMap((line) => line.split(' '));

/** Ops without derivatives, by why. */
const NONE: Readonly<Record<string, readonly string[]>> = {
  'gives integers, Booleans or indices': names(
    'all allclose any argMax argMin argpartition argsort bitwiseAnd bitwiseInvert bitwiseLeftShift bitwiseNot bitwiseOr',
    'bitwiseRightShift bitwiseXor countNonzero ctcDecode digitize equal gcd greater greaterEqual inTopK isclose isfinite isin',
    'isinf isnan isneginf isposinf isreal lcm less lessEqual logicalAnd logicalNot logicalOr logicalXor matrixRank multiHot',
    'nanargmax nanargmin nonMaxSuppression nonzero notEqual oneHot searchsorted signbit unravelIndex view',
  ),
  'gives steps: a derivative of 0 everywhere': names('angle heaviside imag nextafter'),
  'makes a tensor, which no number of another decides': names(
    'arange bartlett blackman empty emptyLike eye full fullLike hamming hanning kaiser ones onesLike tri zeros zerosLike',
    'identity randomKey randomNormal randomUniform truncatedNormal',
  ),
  'tells of a tensor': names('convertToNumpy dtype isTensor ndim shape size'),
};

/** Ops that are named in a file of cases, whose rows call them together with others. */
const TOGETHER = ['compositions', 'linalg', 'signals'];

const shares = (shape: readonly number[], phase: number) =>
  ops.add(0.5, ops.multiply(0.4, waves(shape, phase)));
const startPoints = [
  [
    [0, 0],
    [0, 5],
    [4, 0],
    [4, 5],
  ],
];
const endPoints = [
  [
    [0.5, 0.3],
    [0.2, 4.6],
    [3.7, 0.4],
    [3.5, 4.4],
  ],
];
const own = ops.customGradient((x: Sym) => [
  ops.exp(x),
  (upstream: Sym) => ops.multiply(upstream, ops.exp(x)),
]);
const labels = tensor([1, 0, 2], [3], 'int32');

const here: readonly (readonly [name: string, f: (...xs: Sym[]) => Sym, shapes: number[][]])[] = [
  [
    'istft',
    (a, b) => ops.istft([a, b], 8, 4, 8),
    [
      [4, 5],
      [4, 5],
    ],
  ],
  ['sinc', (x) => ops.sinc(x), [[7]]],
  ['binaryCrossentropy', (x) => ops.binaryCrossentropy(shares([3, 2], 2), ops.sigmoid(x)), [[3, 2]]],
  [
    'binaryCrossentropy of shares',
    (x) => ops.binaryCrossentropy(shares([3, 2], 2), ops.add(0.5, ops.multiply(0.3, x))),
    [[3, 2]],
  ],
  [
    'binaryCrossentropy of logits',
    (x) => ops.binaryCrossentropy(shares([3, 2], 2), x, { fromLogits: true }),
    [[3, 2]],
  ],
  [
    'categoricalCrossentropy',
    (x) => ops.categoricalCrossentropy(shares([3, 4], 2), ops.add(0.5, ops.multiply(0.3, x))),
    [[3, 4]],
  ],
  [
    'categoricalCrossentropy of logits',
    (x) => ops.categoricalCrossentropy(shares([3, 4], 2), x, { fromLogits: true }),
    [[3, 4]],
  ],
  [
    'sparseCategoricalCrossentropy',
    (x) => ops.sparseCategoricalCrossentropy(labels, ops.add(0.5, ops.multiply(0.3, x))),
    [[3, 4]],
  ],
  [
    'sparseCategoricalCrossentropy of logits',
    (x) => ops.sparseCategoricalCrossentropy(labels, x, { fromLogits: true }),
    [[3, 4]],
  ],
  ['nanmedian', (x) => ops.nanmedian(x, { axis: -1 }), [[3, 5]]],
  ['nanpercentile', (x) => ops.nanpercentile(x, 30, { axis: -1 }), [[3, 5]]],
  ['elasticTransform', (x) => ops.image.elasticTransform(x, { seed: 3 }), [[1, 5, 6, 2]]],
  ['perspectiveTransform', (x) => ops.image.perspectiveTransform(x, startPoints, endPoints), [[1, 5, 6, 2]]],
  ['gaussianNoise', (x) => ops.sin(ops.gaussianNoise(x, { stddev: 0.5 })), [[3, 4]]],
  [
    'cond',
    (x) =>
      ops.cond(
        ops.greater(ops.sum(x), -100),
        () => ops.exp(x),
        () => x,
      ),
    [[3]],
  ],
  ['switch', (x) => ops.switch(1, [(y: Sym) => y, (y: Sym) => ops.tanh(y)], x), [[3]]],
  [
    'scan',
    (x) => ops.scan((carry: Sym, row: Sym) => [ops.sin(ops.add(carry, row)), carry], ops.zeros([2]), x)[0],
    [[4, 2]],
  ],
  ['associativeScan', (x) => ops.associativeScan((a: Sym, b: Sym) => ops.multiply(a, b), x), [[5, 2]]],
  ['map', (x) => ops.map((row: Sym) => ops.exp(row), x), [[4, 2]]],
  ['vectorizedMap', (x) => ops.vectorizedMap((row: Sym) => ops.exp(row), x), [[4, 2]]],
  [
    'vectorize',
    (x) => ops.vectorize((row: Sym) => ops.sum(ops.exp(row)), { signature: '(n)->()' })(x),
    [[4, 2]],
  ],
  ['foriLoop', (x) => ops.foriLoop(0, 3, (_: Sym, y: Sym) => ops.sin(ops.add(y, x)), x), [[3]]],
  [
    'whileLoop',
    (x) =>
      ops.whileLoop(
        (y: Sym) => ops.less(ops.sum(y), 100),
        (y: Sym) => ops.exp(y),
        x,
        { maximumIterations: 2 },
      ),
    [[3]],
  ],
  ['jvp', (x, v) => ops.jvp((y) => ops.sin(y), [x], [v])[1], [[3], [3]]],
  ['customGradient', (x) => own(x), [[3]]],
];

it.each(here)('%s', async (_, f, shapes) => {
  await expectDerivatives(
    f,
    shapes.map((shape, i) => waves(shape, 0.3 + i)),
  );
});

it('are tested for all ops but those that say why', () => {
  const texts = TOGETHER.map((file) => readFileSync(new URL(`cases/${file}.ts`, import.meta.url), 'utf8'));
  const without = Object.values(NONE).flat();
  // By function, not by name: an alias is the same function.
  const known = new Set(
    [
      ...cases.flatMap(({ op, wrt }) => (wrt ? [op] : [])),
      ...without,
      ...here.map(([name]) => name.split(' ')[0]!),
    ].map((name) => allOps[name]),
  );
  const isTogether = (name: string) =>
    texts.some((text) => new RegExp(`ops\\.(image\\.)?${name}\\b`).test(text));
  expect(without.filter((name) => !(name in allOps))).toEqual([]);
  expect(Object.keys(allOps).filter((name) => !known.has(allOps[name]) && !isTogether(name))).toEqual([]);
});
