// Images read between their pixels, compared with Keras's numbers: test/fixtures/resampling.json.
import { readFileSync } from 'node:fs';
import { type Sym, type Tensor, compile, grad, layers, ops, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { worst } from './fixtures/read.js';
import { openProgram } from './support/openProgram.js';

interface Row {
  fn: 'resize' | 'mapCoordinates' | 'scaleAndTranslate' | 'upSampling2d';
  shape: number[];
  args: unknown[];
  options: Record<string, unknown>;
  made: number[];
  y: number[];
}

const rows = JSON.parse(readFileSync(new URL('fixtures/resampling.json', import.meta.url), 'utf8')) as Row[];

type Loose = (x: Sym | Tensor, ...args: unknown[]) => Sym;

function call({ fn, args, options }: Row, x: Sym): Sym {
  if (fn === 'upSampling2d') return layers.upSampling2d(options).apply(x);
  return (ops.image as unknown as Record<string, Loose>)[fn]!(x, ...args, options);
}

// Of numbers up to 1 (a fill value is less) sums of up to 30 products with weights whose sizes add up to 2 at most, rounded in float32 on
// both sides. Lanczos' weights are sines of up to 5 π, which float32 has to 1e-6.
const BOUND = 30 * 2 ** -24 * 2 + 2e-6;

describe("Keras's numbers between pixels", () => {
  it.each(rows.map((row, i) => [`${i} ${row.fn} ${JSON.stringify([row.args, row.options])}`, row] as const))(
    '%s',
    async (_, row) => {
      const x = tensor(
        Float32Array.from({ length: row.shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
        row.shape,
      );
      const y = await compile((x: Sym) => call(row, x))(x);
      expect(y.shape).toEqual(row.made);
      expect(worst((await y.data()) as Float32Array, Float32Array.from(row.y), 1)).toBeLessThan(BOUND);
    },
  );
});

describe('sides that are known only when the step runs', () => {
  const open = rows.filter((row) => row.fn !== 'upSampling2d' && !('padToAspectRatio' in row.options));
  /** The sides alone, and together. */
  const openAxes = ({ fn, shape, options }: Row): number[][] => {
    const channels = options['dataFormat'] === 'channelsFirst' ? -3 : -1;
    const all = [...shape.keys()].filter((axis) => fn !== 'resize' || axis - shape.length !== channels);
    return all.length > 1 ? [...all.map((axis) => [axis]), all] : [all];
  };
  const cases = open.flatMap((row) => openAxes(row).map((axes) => [row, axes] as const));
  it.each(
    cases.map(
      ([row, axes], i) =>
        [`${i} ${row.fn} ${JSON.stringify([row.shape, axes, row.args, row.options])}`, row, axes] as const,
    ),
  )('give the same numbers and gradients: %s', async (_, row, axes) => {
    const x = tensor(
      Float32Array.from({ length: row.shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
      row.shape,
    );
    const both = (x: Sym): Sym[] => {
      const y = call(row, x);
      return [y, ...grad(ops.sum(ops.square(y)), [x])];
    };
    const shape = row.shape.map((n, axis) => (axes.includes(axis) ? -1 : n));
    const run = openProgram([{ dtype: 'float32', shape }], both).run([x]);
    await run.done;
    const [y, dx] = await compile(both)(x);
    expect(run.outputs.map((made) => made.shape)).toEqual([row.made, row.shape]);
    const [image, gradient] = await Promise.all(run.outputs.map((made) => made.data()));
    // Along two axes up to ten weights, none steeper than 1.5, of places up to n, which are rounded three times.
    const bound = BOUND + 2 * 10 * 1.5 * Math.max(...row.shape) * 3 * 2 ** -24;
    expect(worst(image as Float32Array, Float32Array.from(row.y), 1)).toBeLessThan(bound);
    expect(worst(image as Float32Array, (await y!.data()) as Float32Array, 1)).toBeLessThan(bound);
    const numbers = (await dx!.data()) as Float32Array;
    // The gradient has twice the image, and the weights again.
    const scale = Math.max(1, ...numbers.map(Math.abs));
    expect(worst(gradient as Float32Array, numbers, scale)).toBeLessThan(4 * bound);
  });
});

describe('sides that are known only when the step runs, cut to another ratio', () => {
  const shapes = [
    [2, 9, 4, 2],
    [1, 4, 9, 3],
    [1, 1, 8, 1],
    [7, 6, 2],
  ];
  const sizes = [
    [3, 5],
    [6, 2],
    [4, 4],
    [1, 9],
  ] as const;
  const methods = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'] as const;
  it.each(
    methods.flatMap((interpolation) => [false, true].map((antialias) => ({ interpolation, antialias }))),
  )('give the images of known ones: %o', async (how) => {
    for (const shape of shapes)
      for (const size of sizes)
        for (const open of [[-3], [-2], [-3, -2]]) {
          const x = tensor(
            Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
            shape,
          );
          const options = { ...how, cropToAspectRatio: true };
          const place = shape.map((n, axis) => (open.includes(axis - shape.length) ? -1 : n));
          const run = openProgram([{ dtype: 'float32', shape: place }], (image) => [
            ops.image.resize(image, size, options),
          ]).run([x]);
          await run.done;
          const [y] = run.outputs;
          const wanted = ops.image.resize(x, size, options);
          expect(y!.shape).toEqual(wanted.shape);
          const bound = BOUND + 2 * 10 * 1.5 * Math.max(...shape) * 3 * 2 ** -24;
          const numbers = (await wanted.data()) as Float32Array;
          expect(worst((await y!.data()) as Float32Array, numbers, 1)).toBeLessThan(bound);
        }
  });
});
