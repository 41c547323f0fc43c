import { atLeast, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Sequential,
  type Sym,
  type Tensor,
  activations,
  compile,
  grad,
  layers,
  mixedPrecision,
  ops,
  tensor,
} from '../lib/index.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';

interface Row {
  name: string;
  options: Record<string, unknown>;
  x: Stored;
  r: Stored;
  d: Stored;
  y: Stored;
  gradient: Stored;
  /** Where PyTorch has one. */
  second?: Stored;
}

const { entries: rows } = readFixture('activations') as { entries: Row[] };
type Call = (x: Sym, ...options: unknown[]) => Sym;
const all = activations as unknown as Readonly<Record<string, Call>>;

/** The functions of `activations` that are activations. */
const names = Object.keys(activations).filter((name) => !/^(activation|register)/.test(name));

const call = (row: Row, x: Sym): Sym =>
  row.name === 'threshold'
    ? activations.threshold(x, row.options['threshold'] as number, row.options['defaultValue'] as number)
    : all[row.name]!(x, row.options);

const toTensor = ({ data, shape }: Stored) => tensor(data, shape);

/**
 * As a share of max(1, |expected|): eight roundings of float32 (2⁻²⁴ of the value each), for an exp or a division and what follows. A
 * row along an axis adds 8 numbers in softmax and the like, a rounding each. The derivatives take factors of up to 4, x itself (not
 * above 10 where they are not constant), so they get four times as much.
 */
const JUMPS = ['celu', 'elu', 'selu'];
const BOUND = 16 * 2 ** -24;

describe('activations', () => {
  it('are all compared with Keras', () => {
    expect([...new Set(rows.map(({ name }) => name))].sort()).toEqual(names.sort());
  });

  it.each(rows.map((row) => [`${row.name} ${JSON.stringify(row.options)}`, row] as const))(
    "%s is Keras's, with PyTorch's gradients",
    async (_, row) => {
      const step = compile((x: Sym, r: Sym, d: Sym) => {
        const y = call(row, x);
        const [gradient] = atLeast(grad(ops.sum(ops.multiply(y, r)), [x]), 1);
        const [second] = grad(ops.sum(ops.multiply(gradient, d)), [x]);
        return { y, gradient, second };
      });
      const made = await step(toTensor(row.x), toTensor(row.r), toTensor(row.d));
      for (const key of ['y', 'gradient', 'second'] as const) {
        const expected = row[key];
        if (!expected) continue;
        // Where the second derivative jumps either side's is right.
        const jump = (i: number) => key === 'second' && JUMPS.includes(row.name) && row.x.data[i] === 0;
        const scale = (i: number) => (jump(i) ? Infinity : Math.max(1, Math.abs(itemAt(expected.data, i))));
        const bound = key === 'y' ? BOUND : 4 * BOUND;
        const actual = await made[key]!.data();
        const at = actual.findIndex((v, i) => !(Math.abs(v - itemAt(expected.data, i)) <= bound * scale(i)));
        expect(
          worst(actual, expected.data, scale),
          `${key}, x = ${row.x.data[at]}: ${actual[at]}, ${expected.data[at]}`,
        ).toBeLessThanOrEqual(bound);
      }
    },
  );

  const named = names.filter((name) => name !== 'threshold');

  it.each(named)('%s is a name for layers, kept by configurations', (name) => {
    for (const activation of [name, all[name]!]) {
      const layer = layers.activation({ activation });
      const config = JSON.parse(JSON.stringify(layer.getConfig())) as { activation: string };
      expect(activations.activationOf(config.activation)).toBe(all[name]);
    }
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    expect(activations.activationOf(snake)).toBe(all[name]);
  });

  it('threshold needs its numbers, so its name alone is refused', () => {
    expect(() => layers.dense({ units: 1, activation: 'threshold' })).toThrow('activations.threshold(x');
  });

  // What is no number must not look like one: a diverged net has to show.
  it.each(named)('%s keeps NaN', async (name) => {
    const values = await (await compile((x: Sym) => all[name]!(x))([[NaN, NaN]])).data();
    expect(Array.from(values).every(Number.isNaN)).toBe(true);
  });

  it.each([
    ['squareplus', [1e30, -1e30, 3e38], [1e30, 1e-30, 3e38]],
    ['softplus', [1e30, -1e30], [1e30, 0]],
    ['logSigmoid', [1e30, -1e30], [0, -1e30]],
    ['sparsePlus', [1e30, -1e30, Infinity], [1e30, 0, Infinity]],
    ['mish', [1e30, -1e30], [1e30, 0]],
    ['silu', [1e30, -1e30], [1e30, 0]],
    ['softsign', [1e30, -1e30], [1, -1]],
    ['sparsemax', [1e30, -1e30], [1, 0]],
  ])('%s does not overflow, nor do its gradients', async (name, given, expected) => {
    const step = compile((x: Sym) => {
      const y = all[name]!(x);
      return { y, slope: grad(y, [x])[0] };
    });
    const { y, slope } = await step(given);
    expect(Array.from(await y.data(), (v) => v + 0)).toEqual(expected.map(Math.fround)); // -0 is 0
    expect(Array.from(await slope!.data()).every(Number.isFinite)).toBe(true);
  });

  it('squareplus keeps its digits far below 0', async () => {
    const [y] = await compile((x: Sym) => activations.squareplus(x))([-1e4]).then((t) => t.data());
    expect(Math.abs(y! / 1e-4 - 1)).toBeLessThan(1e-6); // b / 4 / |x|
  });

  it('work on tensors at once', async () => {
    const x = tensor([[-1, 0.5, 2, 3]]);
    for (const name of named)
      expect(await (all[name]!(x as never) as unknown as Tensor).data()).toBeInstanceOf(Float32Array);
    expect(await activations.relu(x, { maxValue: 2 }).array()).toEqual([[0, 0.5, 2, 2]]);
  });

  it.each(named)('%s trains in mixedBfloat16', async (name) => {
    const policy = mixedPrecision.dtypePolicy();
    mixedPrecision.setDtypePolicy('mixedBfloat16');
    try {
      const model = new Sequential([
        layers.input({ shape: [4] }),
        layers.dense({ units: 4, activation: name }),
      ]);
      model.compile({ optimizer: 'sgd', loss: (_: Sym, p: Sym) => ops.mean(ops.square(p), { axis: -1 }) });
      const { history } = await model.fit([[1, 2, 3, 4]], [[0]], { verbose: 0 });
      expect(history['loss']!.every(Number.isFinite)).toBe(true);
    } finally {
      mixedPrecision.setDtypePolicy(policy);
    }
  });

  it('refuse options that make no sense', () => {
    const refused: [string, object][] = [
      ['celu', { alpha: 0 }],
      ['hardShrink', { threshold: -1 }],
      ['squareplus', { b: -1 }],
      ['relu', { maxValue: -1 }],
      ['glu', { axis: 3 }],
      ['gelu', { aproximate: true }],
    ];
    const x = tensor([[1, 2]]);
    for (const [name, options] of refused) expect(() => all[name]!(x as never, options)).toThrow(`[${name}]`);
    expect(() => activations.glu(tensor([1, 2, 3]))).toThrow('an even size');
  });
});
