import { firstOf, itemAt } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Model,
  type Sym,
  type Tensor,
  compile,
  grad,
  initializers,
  layers,
  losses,
  ops,
  tensor,
} from 'nodegrad';
import { openProgram } from './support/openProgram.js';
import { errorOf } from './support/run.js';

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}
interface Case extends Stored {
  readonly options: Readonly<Record<string, unknown>>;
}
const fixtures = JSON.parse(readFileSync(new URL('fixtures/signals.json', import.meta.url), 'utf8')) as {
  kernels: Case[];
  spectrograms: { x: Stored; cases: Case[] };
  mels: { x: Stored; cases: Case[] };
  inverses: {
    arguments: [number, number, number];
    options: Readonly<Record<string, unknown>>;
    real: Stored;
    imaginary: Stored;
    y: Stored;
  }[];
  crossentropies: Readonly<Record<string, Stored>>;
};
const given = ({ shape, data }: Stored) => tensor(Float32Array.from(data), shape);

/** Keras's names and values in camelCase. */
const camel = (text: string) => text.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const ours = (options: Readonly<Record<string, unknown>>): never =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      camel(name),
      typeof value === 'string' ? camel(value) : value,
    ]),
  ) as never;

/** The largest difference. Both sides compute in float32. */
async function difference(
  made: { shape: readonly number[]; data(): Promise<ArrayLike<number>> },
  wanted: Stored,
) {
  expect(made.shape).toEqual(wanted.shape);
  const numbers = Array.from(await made.data());
  return Math.max(0, ...numbers.map((n, i) => Math.abs(n - itemAt(wanted.data, i))));
}

describe('the initializer stft', () => {
  it.each(fixtures.kernels)('is that of Keras with $options', async (row) => {
    const made = initializers.stft(ours(row.options)).tensor([5, 1, 5]);
    // Numbers up to 1 from cosines in float32, of angles up to 8 that Keras has in float32, too.
    expect(await difference(made, row)).toBeLessThan(2e-6);
  });

  it('refuses what is no window, part or shape', () => {
    const code = (options: object) => errorOf(() => initializers.stft(options)).code;
    expect([code({ window: 'hanning' }), code({ side: 'both' }), code({ scaling: 1 })]).toEqual([
      'ARGUMENT',
      'ARGUMENT',
      'ARGUMENT',
    ]);
    expect(errorOf(() => initializers.stft({ window: [1, 2] }).tensor([3, 1, 3])).code).toBe('ARGUMENT');
    expect(errorOf(() => initializers.stft().tensor([3, 2, 3])).code).toBe('SHAPE');
  });
});

describe('stftSpectrogram', () => {
  const { x, cases } = fixtures.spectrograms;

  it.each(cases)('is that of Keras with $options', async (row) => {
    const first = row.options['data_format'] === 'channels_first';
    const signal = first ? ops.transpose(given(x), [0, 2, 1]) : given(x);
    const layer = layers.stftSpectrogram(ours(row.options));
    const input = layers.input({ shape: signal.shape.slice(1) });
    const model = new Model({ inputs: input, outputs: layer.apply(input) });
    const made = await model.predict(signal);
    expect(made.shape).toEqual(row.shape);
    // 16 products of numbers below 1 and of a window whose squares add up to 1: a sum is below 4, with an error of 16 roundings of
    // that on both sides, 8e-6. Squares double it, times 4, and psd has them twice. Angles are of numbers near 0, and -π is π.
    const mode = String(row.options['mode']);
    const bound = { angle: 1e-3, log: 1e-4, psd: 1.3e-4 }[mode] ?? 8e-6;
    (await made.data()).forEach((n, i) => {
      const apart = Math.abs(n - itemAt(row.data, i));
      expect(mode === 'angle' ? Math.min(apart, 2 * Math.PI - apart) : apart).toBeLessThan(bound);
    });
  });

  it('trains, and does not where it is told so', async () => {
    for (const trainable of [true, false]) {
      const input = layers.input({ shape: [40, 2] });
      const layer = layers.stftSpectrogram({ mode: 'psd', frameLength: 16, trainable });
      const model = new Model({
        inputs: input,
        outputs: layers.dense({ units: 1 }).apply(layer.apply(input)),
      });
      expect(model.trainableWeights.length).toBe(trainable ? 4 : 2);
      model.compile({ optimizer: 'adam', loss: 'mse' });
      const { history } = await model.fit(given(x), tensor(new Float32Array(8), [2, 4, 1]), {
        epochs: 5,
        verbose: 0,
      });
      expect(history['loss']!.at(-1)).toBeLessThan(firstOf(history['loss']!));
    }
  });

  it('refuses what Keras refuses', () => {
    const code = (options: object) => errorOf(() => layers.stftSpectrogram(options)).code;
    for (const options of [
      { mode: 'power' },
      { frameLength: 4, frameStep: 5 },
      { frameLength: 4, fftLength: 3 },
      { scaling: 'none' },
      { padding: 'causal' },
      { window: 'hanning' },
    ])
      expect(code(options)).toBe('ARGUMENT');
  });
});

describe('melSpectrogram', () => {
  const { x, cases } = fixtures.mels;

  it.each(
    cases.flatMap(
      (row) =>
        [
          [row, 300],
          [row, -1],
        ] as const,
    ),
  )('is that of Keras with %o, of a signal of %i places', async (row, places) => {
    const input = layers.input({ shape: [places] });
    const layer = layers.melSpectrogram(ours(row.options));
    const model = new Model({ inputs: input, outputs: layer.apply(input) });
    const program = openProgram([{ dtype: 'float32', shape: [-1, places] }], (signal) => [
      layer.call(signal),
    ]);
    // Decibels up to 80 of sums in float32 of which Keras has the mel scale in float32, too.
    expect(await difference((await model.predict(given(x))) as never, row)).toBeLessThan(2e-3);
    expect(await difference(firstOf(program.run([given(x)]).outputs), row)).toBeLessThan(2e-3);
  });

  it('refuses other numbers', () => {
    const code = (options: object) => errorOf(() => layers.melSpectrogram(options)).code;
    expect(code({ fftLength: 8, sequenceLength: 9 })).toBe('ARGUMENT');
    expect(code({ minFreq: 9000 })).toBe('ARGUMENT');
  });
});

describe('pad along an axis of any size', () => {
  const numbers = (shape: readonly number[]) =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + 1.7 * i)),
      shape,
    );
  const open = [{ dtype: 'float32', shape: [-1, -1, 2] }] as const;

  it.each(
    (['edge', 'reflect', 'symmetric'] as const).flatMap((mode) =>
      (
        [
          [2, 3],
          [3, 0],
          [0, 2],
          // Longer than a sequence of 4: the mirror is mirrored.
          [9, 5],
        ] as const
      ).map((pads) => [mode, pads] as const),
    ),
  )('%s %o is that along one of a known size, with its derivatives', async (mode, pads) => {
    const bodies = [
      (y: Sym) => y,
      (y: Sym, x: Sym) => grad(ops.sum(ops.power(y, 3)), [x])[0]!,
      (y: Sym, x: Sym) => grad(ops.sum(ops.square(grad(ops.sum(ops.power(y, 3)), [x])[0]!)), [x])[0]!,
    ];
    const margins = [[0, 0], pads, [1, 0]] as const;
    for (const body of bodies) {
      const formula = (x: Sym) => body(ops.pad(x, margins, { mode }), x);
      const program = openProgram(open, (x) => [formula(x)]);
      for (const length of [4, 7]) {
        const x = numbers([2, length, 2]);
        const [made, own] = [firstOf(program.run([x]).outputs), await compile(formula)(x)];
        expect(made.shape).toEqual(own.shape);
        // The same sums in another order, of at most 12 numbers up to 200.
        expect(await difference(made, { shape: [...own.shape], data: [...(await own.data())] })).toBeLessThan(
          12 * 200 * 2 ** -24,
        );
      }
    }
  });

  it('gives the stretches of signals of any length', async () => {
    const program = openProgram([{ dtype: 'float32', shape: [-1, -1] }], (x) => {
      const y = ops.extractSequences(x, 3, 2);
      return [y, grad(ops.sum(ops.power(y, 3)), [x])[0]!];
    });
    for (const length of [3, 8]) {
      const x = numbers([2, length]);
      const known = compile((one: Sym) => {
        const y = ops.extractSequences(one, 3, 2);
        return [y, grad(ops.sum(ops.power(y, 3)), [one])[0]!];
      });
      const wanted = await known(x);
      for (const [i, made] of program.run([x]).outputs.entries()) {
        const own = itemAt(wanted, i);
        // Each number is copied, and of the slopes up to two of up to 3 are added.
        expect(await difference(made, { shape: [...own.shape], data: [...(await own.data())] })).toBeLessThan(
          i * 2 * 3 * 2 ** -24 + 1e-30,
        );
      }
    }
  });
});

describe('istft', () => {
  it.each(fixtures.inverses)('is that of Keras with $arguments and $options', async (row) => {
    const pair = [given(row.real), given(row.imaginary)] as const;
    const made: Tensor = ops.istft(pair, ...row.arguments, row.options);
    // Sums of a few numbers up to 1 over sums of squared windows of 0.07 at least.
    expect(await difference(made, row.y)).toBeLessThan(2e-6 * Math.max(1, ...row.y.data.map(Math.abs)));
  });

  it('gives back what stft took, with gradients', async () => {
    const signal = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * i));
    const back = ops.istft(ops.stft(signal, 8, 2, 8), 8, 2, 8);
    expect(await difference(back, { shape: [24], data: Array.from(signal) })).toBeLessThan(1e-6);
    const run = compile((x: Sym) => {
      const y = ops.istft(ops.stft(x, 8, 2, 8), 8, 2, 8);
      return grad(ops.sum(ops.square(y)), [x]);
    });
    const doubled = { shape: [24], data: Array.from(signal, (n) => 2 * n) };
    expect(await difference(firstOf(await run(signal)), doubled)).toBeLessThan(4e-6);
  });
});

describe('cross-entropies as ops', () => {
  const { logits, p, half, target, numbers, ...wanted } = fixtures.crossentropies;
  const x = { logits: given(logits!), p: given(p!), half: given(half!), target: given(target!) };
  const labels = tensor(Int32Array.from(numbers!.data), numbers!.shape);

  it.each<[string, () => Tensor]>([
    ['categorical', () => ops.categoricalCrossentropy(x.target, x.p, { axis: 1 })],
    [
      'categoricalLogits',
      () => ops.categoricalCrossentropy(x.target, x.logits, { fromLogits: true, axis: 1 }),
    ],
    ['sparse', () => ops.sparseCategoricalCrossentropy(labels, x.p, { axis: -2 })],
    ['sparse', () => ops.sparseCategoricalCrossentropy(ops.expandDims(labels, 1), x.p, { axis: 1 })],
    [
      'sparseLogits',
      () => ops.sparseCategoricalCrossentropy(labels, x.logits, { fromLogits: true, axis: 1 }),
    ],
    ['binary', () => ops.binaryCrossentropy(x.target, x.half)],
    ['binaryLogits', () => ops.binaryCrossentropy(x.target, x.logits, { fromLogits: true })],
  ])('%s is that of Keras', async (name, make) => {
    // Logarithms of numbers up to 1 in float32, of a few roundings.
    expect(await difference(make(), wanted[name]!)).toBeLessThan(1e-6);
  });

  it('loses no digits of an activation, and is what the losses compute', async () => {
    const run = compile((z: Sym) => {
      const y = ops.binaryCrossentropy(ops.zerosLike(z), ops.sigmoid(z));
      const loss = losses
        .categoricalCrossentropy({ axis: 1 })
        .call(ops.onesLike(z), ops.softmax(z, { axis: 1 }));
      return {
        y,
        loss,
        op: ops.categoricalCrossentropy(ops.onesLike(z), ops.softmax(z, { axis: 1 }), { axis: 1 }),
      };
    });
    const { y, loss, op } = await run([[30, 40]]);
    expect(await y.array()).toEqual([[30, 40]]);
    expect(await loss.array()).toEqual(await op.array());
  });

  it('refuses targets of another shape', () => {
    const code = (body: () => unknown) => errorOf(body).code;
    expect(code(() => ops.binaryCrossentropy([1], [[0.5]]))).toBe('SHAPE');
    expect(code(() => ops.categoricalCrossentropy([1], [[0.5, 0.5]]))).toBe('SHAPE');
    expect(code(() => ops.sparseCategoricalCrossentropy([1, 0], [[0.5, 0.5]]))).toBe('SHAPE');
    expect(code(() => ops.categoricalCrossentropy([[1, 0]], [[0.5, 0.5]], { axis: 2 }))).toBe('ATTRIBUTE');
  });
});

describe('sinc', () => {
  it('is exact near 0, with its derivatives', async () => {
    const run = compile((x: Sym) => {
      const y = ops.sinc(x);
      const first = firstOf(grad(ops.sum(y), [x]));
      return { y, first, second: grad(ops.sum(first), [x])[0] };
    });
    const places = [0, 1e-20, 1e-4, -0.01, 0.1, 0.3, 0.3184, -0.5, 1, 2.5, -3];
    const made = await run(places);
    const [y, first, second] = [await made.y.data(), await made.first.data(), await made.second!.data()];
    for (const [i, x] of Float32Array.from(places).entries()) {
      const a = Math.PI * x;
      // Below 0.1 by series in float64: what is left out is below 1e-12.
      const small = Math.abs(a) < 0.1;
      const wanted = small
        ? [
            1 - a ** 2 / 6 + a ** 4 / 120,
            -a / 3 + a ** 3 / 30 - a ** 5 / 840,
            -1 / 3 + a ** 2 / 10 - a ** 4 / 168,
          ]
        : [
            Math.sin(a) / a,
            (Math.cos(a) - Math.sin(a) / a) / a,
            -Math.sin(a) / a - (2 * (Math.cos(a) - Math.sin(a) / a)) / a ** 2,
          ];
      // π · x is rounded, and so is each of about ten steps, of numbers up to π and π².
      expect(Math.abs(y[i]! - firstOf(wanted))).toBeLessThan(1e-6);
      expect(Math.abs(first[i]! - Math.PI * itemAt(wanted, 1))).toBeLessThan(3e-6);
      expect(Math.abs(second[i]! - Math.PI ** 2 * itemAt(wanted, 2))).toBeLessThan(2e-5);
    }
  });
});
