// Own kernels on activations in bfloat16, which is what they are between two products under the policy mixedBfloat16: the CPU's results in
// float32, of numbers that bfloat16 holds, and rounded once.
import { beforeAll, describe, expect, it } from 'vitest';
import { itemAt } from '../../../lib/base/list.js';
import {
  type Sym,
  type Tensor,
  compile,
  grad,
  layers,
  ops,
  optimizers,
  Sequential,
  setDevice,
  variable,
} from '../../../lib/index.js';
import { numbers, wholeNumbers } from './compare.js';
import { largest } from '../../support/updates.js';
import { useEmulatedGpu } from './gpu.js';

beforeAll(() => {
  useEmulatedGpu();
  setDevice('cpu');
});

/** Numbers from -1 to 1 of 7 bits, which bfloat16 holds. */
const short = (...shape: number[]) => ops.divide(wholeNumbers(...shape), 64);
/** Half a unit in the last of bfloat16's 8 bits, as a share of a number. */
const ROUNDING = 2 ** -8;

/** A product that changes no numbers but rounds them. */
const through = (x: Sym) => ops.matmul(x, x.trace.lift(variable(ops.eye(x.shape.at(-1) ?? 1))));

interface Row {
  readonly of: readonly Tensor[];
  readonly fn: (...xs: Sym[]) => Sym;
  /** Ops that have to read or write bfloat16. */
  readonly forward: string;
  readonly backward?: string;
  /** How many numbers are added up in float32, at most. */
  readonly terms?: number;
  /** What else may be wrong with a gradient: that of a kernel that reads its own result, which was rounded. */
  readonly reads?: number;
}

/** Whether the lines of a plan with an op tell that it has bfloat16. */
function expectInBfloat16(plan: string, op: string): void {
  const lines = plan.split('\n').filter((line) => new RegExp(`^ *\\d+ +${op}\\b`).test(line));
  expect(lines, `${op} in ${plan}`).not.toEqual([]);
  expect(
    lines.some((line) => line.includes('bfloat16')),
    lines.join('\n'),
  ).toBe(true);
}

function expectNear(here: Tensor, there: Tensor, more: number, what: string): void {
  const [mine, exact] = [[...here.dataSync()], [...there.dataSync()]];
  expect(mine.length).toBe(exact.length);
  const most = largest(exact);
  expect(most, what).toBeGreaterThan(0);
  exact.forEach((y, i) => {
    expect(Math.abs(itemAt(mine, i) - y), `${what} at ${i}`).toBeLessThanOrEqual(
      ROUNDING * Math.abs(y) + more * most,
    );
  });
}

const IMAGES = [2, 8, 8, 4];
const rows: Record<string, Row> = {
  'layer normalization': {
    of: [short(30, 24)],
    fn: (x) => ops.layerNormalization(x),
    forward: 'layerNormalization',
    backward: 'layerNormalizationBackward',
    terms: 24,
  },
  'batch normalization': {
    of: [short(64, 6)],
    fn: (x) => ops.batchNormalization(x).y,
    forward: 'batchNormNormalize',
    backward: 'batchNormalizationBackward',
    terms: 64,
  },
  'batch normalization with a residual and ReLU': {
    of: [short(64, 6), short(64, 6)],
    fn: (x, more) => ops.relu(ops.add(ops.batchNormalization(x).y, more)),
    forward: 'batchNormNormalize',
    backward: 'batchNormalizationBackward',
    terms: 64,
  },
  'max-pooling': {
    of: [short(...IMAGES)],
    fn: (x) => ops.maxPool(x, { poolSize: 2 }),
    forward: 'maxPool',
    backward: 'maxPoolBackward',
  },
  'average pooling': {
    of: [short(...IMAGES)],
    fn: (x) => ops.averagePool(x, { poolSize: 3, strides: 2, padding: 'same' }),
    forward: 'averagePool',
    backward: 'averagePoolBackward',
    terms: 9,
  },
  attention: {
    of: [short(2, 9, 3, 8), short(2, 9, 3, 8), short(2, 9, 3, 8)],
    fn: (q, k, v) => ops.dotProductAttention(q, k, v, { isCausal: true }),
    forward: 'dotProductAttention',
    backward: 'dotProductAttentionBackward',
    terms: 9 * 8,
    // Of 8 products of a flow and a result up to 0.8, times up to 9 weights and a number up to 0.8, over the root of 8.
    reads: (8 * 0.8 * 9 * 0.8) / Math.sqrt(8),
  },
  'rows of a table': {
    // A product reads the rows' gradient, too: else they would stay float32.
    of: [short(12, 5), short(7, 5)],
    fn: (x, y) => ops.add(ops.take(x, [3, 0, 3, 11, 7, 3, 0], { axis: 0 }), y),
    forward: 'gather',
    backward: 'gatherBackward',
    terms: 3,
  },
  'numbers that move': {
    of: [short(6, 4), short(6, 4)],
    fn: (x, y) => {
      const both = ops.concatenate(
        [ops.transpose(ops.reshape(x, [6, 2, 2]), [2, 0, 1]), ops.reshape(y, [2, 6, 2])],
        { axis: 0 },
      );
      return ops.pad(ops.slice(both, [1, 0, 0], [3, 5, 2]), [
        [1, 0],
        [0, 2],
        [0, 1],
      ]);
    },
    forward: 'concatenate',
    terms: 2,
  },
  'a chain of steps': {
    of: [short(40, 7), short(40, 7)],
    fn: (x, y) => ops.add(ops.multiply(ops.tanh(x), y), ops.sigmoid(ops.subtract(x, y))),
    forward: 'fusedElementwise',
    backward: 'fusedElementwise',
  },
};

const MIXED = { device: 'cuda', dtypePolicy: 'mixedBfloat16' } as const;

describe('what is between two products', () => {
  it.each(Object.entries(rows))('%s', async (_, { of, fn, forward, backward, terms = 1, reads = 0 }) => {
    // Each of the terms of a sum rounds, and what is made of it eight times, on either side.
    const exact = 2 * (terms + 8) * 2 ** -24;
    const mixed = compile((...xs: Sym[]) => {
      const inputs = xs.map(through);
      // Read by a product, they are bfloat16 whatever fn makes of them.
      return [through(fn(...inputs)), ...inputs.map(through)];
    }, MIXED);
    const [here] = await mixed(...of);
    const there = await compile(fn)(...of);
    expectInBfloat16(mixed.describe(), forward);
    expectNear(here as Tensor, there, exact, 'the result');

    // Of as few bits, and other numbers, or the gradient of what is normalized would be zero.
    const flow = ops.divide(ops.floor(ops.multiply(numbers(...there.shape), 64)), 64);
    const gradient =
      (around: (x: Sym) => Sym) =>
      (seed: Sym, ...xs: Sym[]) =>
        grad(ops.sum(ops.multiply(around(fn(...xs.map(around))), seed)), xs);
    const back = compile(gradient(through), MIXED);
    const found = await back(flow, ...of);
    const wanted = await compile(gradient((x) => x))(flow, ...of);
    if (backward) expectInBfloat16(back.describe(), backward);
    for (const [i, dx] of found.entries())
      expectNear(dx, itemAt(wanted, i), exact + reads * ROUNDING, `the gradient of input ${i}`);
  });
});

describe('sums over bfloat16', () => {
  it('and orders of it are those of the same numbers in float32', async () => {
    const fn = (x: Sym) => [
      ops.sum(x, { axis: 0 }),
      ops.mean(x, { axis: 1 }),
      ops.max(x),
      ops.min(x, { axis: 0 }),
      ops.prod(ops.sign(x), { axis: 0 }),
      ops.argmax(x, { axis: 1 }),
      ops.argsort(x),
      ops.cumsum(x, { axis: 0 }),
    ];
    const mixed = compile((x: Sym) => {
      const inputs = through(x);
      return [...fn(inputs), through(inputs)];
    }, MIXED);
    const here = await mixed(short(64, 16));
    const there = await compile(fn)(short(64, 16));
    for (const op of ['sum', 'mean', 'max', 'min', 'argmax', 'argsort', 'cumsum'])
      expectInBfloat16(mixed.describe(), op);
    // Sums of 64ths are exact; so are means of 16 of them.
    for (const [i, y] of there.entries()) expect([...itemAt(here, i).dataSync()]).toEqual([...y.dataSync()]);
  });
});

describe('a small net', () => {
  const nets = {
    images: () => [
      layers.input({ shape: [12, 12, 1] }),
      layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same' }),
      layers.batchNormalization(),
      layers.activation({ activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 8, kernelSize: 3, activation: 'gelu' }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.25 }),
      layers.flatten(),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
    sequences: () => [
      layers.input({ shape: [12, 12, 1] }),
      layers.reshape({ targetShape: [12, 12] }),
      layers.lstm({ units: 12, returnSequences: true }),
      layers.layerNormalization(),
      layers.gru({ units: 12, returnSequences: true }),
      layers.simpleRNN({ units: 12 }),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
  };
  const pictures = numbers(16, 12, 12, 1);
  const labels = ops.mod(ops.cast(wholeNumbers(16), 'int32'), 10);

  const trained = async (
    net: keyof typeof nets,
    options: { device?: 'cuda' },
    dtypePolicy: 'float32' | 'mixedBfloat16',
  ) => {
    using model = new Sequential(nets[net](), { seed: 3, dtypePolicy });
    const optimizer = optimizers.sgd({ learningRate: 0.05, momentum: 0.9 });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', ...options });
    const { history } = await model.fit(pictures, labels, { batchSize: 8, epochs: 2, seed: 3, verbose: 0 });
    return history.loss ?? [];
  };

  it.each(Object.keys(nets) as (keyof typeof nets)[])('of %s follows the losses of float32', async (net) => {
    const exact = await trained(net, {}, 'float32');
    const mixed = await trained(net, { device: 'cuda' }, 'mixedBfloat16');
    // Activations and gradients carry errors of 2^-8 of them that average out: the losses differ by less than one of them.
    for (const [i, loss] of exact.entries()) {
      expect(mixed[i]).not.toBe(loss);
      expect(Math.abs(itemAt(mixed, i) / loss - 1)).toBeLessThan(ROUNDING);
    }
  });
});
