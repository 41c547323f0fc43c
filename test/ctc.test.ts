import { firstOf, itemAt } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Model, type Sym, Tensor, compile, grad, layers, losses, ops, tensor } from 'nodegrad';
import { errorOf } from './support/run.js';

const ints = (...values: number[]) => tensor(values, undefined, 'int32');
const logits = [
  [
    [0, 1, 0],
    [0, 1, 0],
  ],
];

describe('ctcLoss', () => {
  it('is infinite where the steps are too few, with gradients of 0', async () => {
    // Two equal labels need a blank between them.
    const run = compile((x: Sym) => {
      const loss = ops.ctcLoss([[1, 1]], x, ints(2), ints(2));
      return { loss, gradient: grad(loss, [x])[0] };
    });
    const { loss, gradient } = await run(tensor(logits));
    expect(Array.from(await loss.data())).toEqual([Infinity]);
    expect((await gradient!.data()).every((n) => Math.abs(n) === 0)).toBe(true);
  });

  it('of no labels is that of blanks alone; what comes after the labels does not count', async () => {
    // Twice -log softmax of 0 beside 1 and 0, in float32 with a few roundings.
    const [none] = await ops
      .ctcLoss([[7]], logits, ints(0), ints(2), { maskIndex: 0 })
      .data()
      .catch(() => [NaN]);
    expect(Number.isNaN(none)).toBe(true); // 7 is no class
    const [blanks] = await ops.ctcLoss([[2]], logits, ints(0), ints(2)).data();
    expect(Math.abs(blanks! - 2 * Math.log(2 + Math.E))).toBeLessThan(1e-6);
    const [one] = await ops.ctcLoss([[1]], logits, ints(1), ints(2)).data();
    const [padded] = await ops.ctcLoss([[1, -1]], logits, ints(1), ints(2)).data();
    expect(Math.abs(padded! - one!)).toBeLessThan(1e-6);
  });

  it.each<[string, () => unknown, string]>([
    ['labels of rank 1', () => ops.ctcLoss([1], logits, ints(1), ints(2)), 'SHAPE'],
    ['logits of rank 2', () => ops.ctcLoss([[1]], [[0, 1]], ints(1), ints(2)), 'SHAPE'],
    ['lengths of rank 2', () => ops.ctcLoss([[1]], logits, [[1]], ints(2)), 'SHAPE'],
    [
      'a mask that is no class',
      () => ops.ctcLoss([[1]], logits, ints(1), ints(2), { maskIndex: 3 }),
      'ARGUMENT',
    ],
  ])('refuses %s', (_, call, code) => {
    expect(errorOf(call).code).toBe(code);
  });
});

describe('ctcLoss of long sequences', () => {
  const { ctc } = JSON.parse(readFileSync(new URL('fixtures/signals.json', import.meta.url), 'utf8')) as {
    ctc: {
      logits: { shape: number[]; data: number[] };
      labels: number[][];
      lengths: number[];
      labelLengths: number[];
      each: number[];
      gradient: { data: number[] };
      loss: number;
    };
  };
  const x = tensor(Float32Array.from(ctc.logits.data), ctc.logits.shape);
  const labels = tensor(ctc.labels, undefined, 'int32');
  /** As far as float32 with 30 sums of logarithms up to 100 goes. */
  const near = (made: ArrayLike<number>, wanted: readonly number[], bound: number) => {
    wanted.forEach((n, i) => {
      expect(Math.abs(made[i]! - n)).toBeLessThan(bound);
    });
  };

  it('is that of PyTorch, with its gradient', async () => {
    const run = compile((x: Sym) => {
      const each = ops.ctcLoss(labels, x, ints(...ctc.labelLengths), ints(...ctc.lengths));
      return { each, gradient: grad(ops.sum(each), [x])[0] };
    });
    const { each, gradient } = await run(x);
    near(await each.data(), ctc.each, 2e-4);
    near(await gradient!.data(), ctc.gradient.data, 2e-5);
    near(
      await ops.ctcLoss(labels, x, ints(...ctc.labelLengths), ints(...ctc.lengths)).data(),
      ctc.each,
      2e-4,
    );
  });

  it('takes any number of steps as a loss of a model', async () => {
    const input = layers.input({ shape: [-1, 5] });
    const model = new Model({ inputs: input, outputs: layers.dense({ units: 5 }).apply(input) });
    const identity = Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 1 : 0));
    model.setWeights([identity, new Float32Array(5)]);
    model.compile({ optimizer: 'adam', loss: losses.ctc() });
    const logs = await model.evaluate(x, labels, { verbose: 0 });
    expect(Math.abs((logs as { loss: number }).loss - ctc.loss)).toBeLessThan(2e-4);
    const shorter = ops.slice(x, [0, 0, 0], [-1, 9, -1]);
    const { history } = await model.fit(shorter, labels, { epochs: 8, verbose: 0 });
    expect(history['loss']!.at(-1)).toBeLessThan(firstOf(history['loss']!));
    expect(losses.ctc().getConfig()).toEqual(new losses.CTC(losses.ctc().getConfig()).getConfig());
  });
});

describe('ctcDecode', () => {
  interface Stored {
    readonly shape: number[];
    readonly data: number[];
  }
  const { decoded } = JSON.parse(readFileSync(new URL('fixtures/signals.json', import.meta.url), 'utf8')) as {
    decoded: {
      logits: Stored;
      lengths: number[];
      cases: { options: Readonly<Record<string, unknown>>; paths: Stored; scores: Stored }[];
    };
  };
  const x = tensor(Float32Array.from(decoded.logits.data), decoded.logits.shape);

  it.each(decoded.cases)('is that of Keras with $options', async ({ options, paths, scores }) => {
    const { strategy = 'greedy', ...more } = options;
    const ours = Object.fromEntries(
      Object.entries(more).map(([name, value]) => [
        name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        value,
      ]),
    );
    const way = strategy === 'greedy' ? 'greedy' : 'beamSearch';
    const decode = (x: Tensor) => ops.ctcDecode(x, ints(...decoded.lengths), { strategy: way, ...ours });
    const [labels, found] = decode(x);
    expect([labels.dtype, labels.shape, Array.from(await labels.data())]).toEqual([
      'int32',
      paths.shape,
      paths.data,
    ]);
    expect(found.shape).toEqual(scores.shape);
    // Seven sums of logarithms in float32, of numbers up to 15.
    (await found.data()).forEach((n, i) => {
      expect(Math.abs(n - itemAt(scores.data, i))).toBeLessThan(1e-5);
    });
    if (way !== 'greedy') return;
    const input = layers.input({ shape: [-1, 4] });
    const lengths = layers.input({ shape: [], dtype: 'int32' });
    const outputs = ops.ctcDecode(input, lengths, ours)[1];
    const again = await new Model({ inputs: [input, lengths], outputs }).predict([
      x,
      ints(...decoded.lengths),
    ]);
    if (!(again instanceof Tensor)) throw new Error('expected one output');
    expect(await again.data()).toEqual(await found.data());
  });

  it('finds what is likelier together, and no labels at all', async () => {
    // Each step is nothing with 0.6: together "1" has 2 · 0.6 · 0.4 + 0.4 · 0.4.
    const logits = [
      [0.6, 0.4],
      [0.6, 0.4],
    ].map((row) => row.map(Math.log));
    const search = { strategy: 'beamSearch', topPaths: 3 } as const;
    const [labels, scores] = ops.ctcDecode([logits], ints(2), search);
    expect(await labels.array()).toEqual([[[1, -1]], [[-1, -1]], [[-1, -1]]]);
    const numbers = await scores.data();
    expect(Math.abs(numbers[0]! - Math.log(0.64))).toBeLessThan(1e-6);
    expect(Math.abs(numbers[1]! - Math.log(0.36))).toBeLessThan(1e-6);
    expect(numbers[2]).toBe(-Infinity);
    const [none, zero] = ops.ctcDecode([logits], ints(0), { strategy: 'beamSearch' });
    expect([await none.array(), await zero.array()]).toEqual([[[[-1, -1]]], [[0]]]);
    expect(await ops.ctcDecode([logits], ints(0))[0].array()).toEqual([[[-1, -1]]]);
  });

  it('refuses what does not fit', () => {
    const code = (options: object) => errorOf(() => ops.ctcDecode(logits, ints(2), options)).code;
    expect(code({ strategy: 'best' })).toBe('ARGUMENT');
    expect(code({ maskIndex: 3 })).toBe('ARGUMENT');
    expect(code({ strategy: 'beamSearch', beamWidth: 2, topPaths: 3 })).toBe('ARGUMENT');
    expect(errorOf(() => ops.ctcDecode([[1, 2]], ints(2))).code).toBe('SHAPE');
    expect(errorOf(() => ops.ctcDecode(logits, ints(2, 2))).code).toBe('SHAPE');
    const symbolic = layers.input({ shape: [2, 3] });
    expect(errorOf(() => ops.ctcDecode(symbolic, ints(2), { strategy: 'beamSearch' })).message).toMatch(
      /^\[ctcDecode\] expected a tensor/,
    );
  });
});
