import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Model, NDArray, type Variable, applications, type layers } from 'nodegrad';
import { camelCase, factoryName } from '../lib/base/names.js';

type KerasTensor = layers.KerasTensor;

interface Fixture {
  readonly nets: Readonly<
    Record<string, { name: string; parameters: number; layers: string; weights: string }>
  >;
  readonly runs: readonly {
    name: string;
    side: number;
    options: Readonly<Record<string, unknown>>;
    layers: string;
    sums: readonly (readonly number[])[];
    sizes: readonly number[];
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/applications.json', import.meta.url), 'utf8'),
) as Fixture;
type Made = (options?: applications.PretrainedOptions) => Promise<Model>;
const made = applications as unknown as Readonly<Record<string, Made>>;
/** `VGG16` is `vgg16` here, `DenseNet121` `denseNet121`. */
const functionOf = (name: string) =>
  made[name.replace(/^([A-Z]+(?=\d)|[A-Z])/, (start) => start.toLowerCase())]!;
const hash = (lines: readonly string[]) => createHash('sha256').update(lines.join('\n')).digest('hex');

/** A line a layer, as make_applications.py writes it. */
const linesOf = (model: Model) =>
  model.layers.map((layer) => {
    const automatic = new RegExp(`^${factoryName(layer.className)}(_\\d+)?$`).test(layer.name);
    const { shape } = layer.output as KerasTensor;
    return `${automatic ? '-' : layer.name} ${layer.className} ${shape.join(',')} ${layer.countParams()}`;
  });

/** The weights that make_applications.py makes: waves of the size that each kind has. */
function wave(layer: layers.Layer, { name, shape }: Variable, k: number): NDArray {
  const kind = name.split('/').at(-1)!;
  const depthwise = layer.className === 'DepthwiseConv2D' || kind === 'depthwiseKernel';
  const summed = shape.slice(0, depthwise ? 2 : -1);
  const size = Math.sqrt(4 / summed.reduce((a, b) => a * b, 1));
  const value = (i: number) => {
    const height = Math.sin(i * 0.37 + k);
    if (/[kK]ernel$/.test(kind)) return height * size;
    if (kind === 'movingVariance' || kind === 'variance' || kind === 'gamma') return 1 + 0.25 * height;
    return kind === 'count' ? 0 : 0.1 * height;
  };
  const length = shape.reduce((a, b) => a * b, 1);
  return new NDArray(
    Float32Array.from({ length }, (_, i) => value(i)),
    shape,
  );
}

describe('nets of applications', () => {
  it.each(Object.entries(fixture.nets))('%s has the layers and weights of Keras', async (name, net) => {
    const model = await functionOf(name)({ weights: null });
    expect(model.name).toBe(net.name);
    expect(model.countParams()).toBe(net.parameters);
    expect(hash(linesOf(model))).toBe(net.layers);
    const shapes = model.weights.map(({ shape }) => `[${shape.join(', ')}]`);
    expect(hash(shapes)).toBe(net.weights);
  });

  it.each(fixture.runs)(
    '$name makes of an image what Keras makes',
    async ({ name, side, options, ...run }) => {
      const own = Object.fromEntries(Object.entries(options).map(([key, value]) => [camelCase(key), value]));
      const inputShape = [side, side, 3];
      const model = await functionOf(name)({
        weights: null,
        includeTop: false,
        pooling: 'avg',
        inputShape,
        ...own,
      });
      expect(hash(linesOf(model))).toBe(run.layers);
      const weights = model.layers.flatMap((layer) =>
        layer.weights.map((weight) => [layer, weight] as const),
      );
      model.setWeights(weights.map(([layer, weight], k) => wave(layer, weight, k)));
      const pixel = (_: unknown, i: number) =>
        Math.fround(127.5 + 127.5 * Math.sin(i * 0.013 + i * i * 1e-7)) / 127.5 - 1;
      const images = new NDArray(Float32Array.from({ length: 2 * side * side * 3 }, pixel), [
        2,
        ...inputShape,
      ]);
      const y = (await (await model.predict(images)).array()) as unknown as number[][];
      for (const [i, row] of y.entries()) {
        const size = row.reduce((sum, v) => sum + Math.abs(v), 0);
        // A few hundred layers, each with roundings of 2⁻²⁴ that batch normalization passes on with factors near 1.
        const bound = 1e-4 * run.sizes[i]!;
        expect(Math.abs(size - run.sizes[i]!)).toBeLessThan(bound);
        for (const [k, sum] of run.sums[i]!.entries()) {
          const own = row.reduce((total, v, c) => total + v * Math.cos(0.1 * (k + 1) * c), 0);
          expect(Math.abs(own - sum)).toBeLessThan(bound);
        }
      }
    },
  );
});
