import { firstOf, itemAt } from '../lib/base/list.js';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Model, NDArray, Sequential, type Variable, applications, layers, ones, zeros } from 'nodegrad';
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
const hashOf = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
const hash = (lines: readonly string[]) => hashOf(lines.join('\n'));

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
        const bound = 1e-4 * itemAt(run.sizes, i);
        expect(Math.abs(size - itemAt(run.sizes, i))).toBeLessThan(bound);
        for (const [k, sum] of itemAt(run.sums, i).entries()) {
          const own = row.reduce((total, v, c) => total + v * Math.cos(0.1 * (k + 1) * c), 0);
          expect(Math.abs(own - sum)).toBeLessThan(bound);
        }
      }
    },
  );
});

describe('preprocessInput', () => {
  const image = [[[10, 20, 250]]];

  it.each([
    ['caffe', [250 - 103.939, 20 - 116.779, 10 - 123.68]],
    ['tf', [10 / 127.5 - 1, 20 / 127.5 - 1, 250 / 127.5 - 1]],
    ['torch', [(10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (250 / 255 - 0.406) / 0.225]],
  ] as const)('%s', async (mode, expected) => {
    const values = await applications
      .preprocessInput(new NDArray(Uint8Array.from([10, 20, 250]), [1, 1, 3]), { mode })
      .data();
    // Three roundings of numbers up to 250.
    for (const [i, value] of expected.entries())
      expect(Math.abs(values[i]! - value)).toBeLessThan(3 * 250 * 2 ** -24);
    expect(await applications.preprocessInput(image, { mode }).data()).toEqual(values);
  });

  it('takes part in a model', async () => {
    const x = layers.input({ shape: [1, 1, 3] });
    const model = new Model({ inputs: x, outputs: applications.preprocessInput(x, { mode: 'tf' }) });
    const pixels = (await (await model.predict([image])).array()) as unknown as number[][][][];
    const [red, , blue] = pixels.flat(3);
    expect([red, blue]).toEqual([10, 250].map((v) => Math.fround(Math.fround(v / 127.5) - 1)));
  });

  it('refuses other modes and other numbers of colours', () => {
    const mode = 'keras' as 'tf';
    expect(() => applications.preprocessInput(image, { mode })).toThrow(
      /expected 'caffe' or 'tf' or 'torch' as mode, received 'keras'/,
    );
    expect(() => applications.preprocessInput([[[1]]])).toThrow(
      '[preprocessInput] expected three colours in the last axis, received [1, 1, 1]',
    );
  });
});

describe('options of applications', () => {
  it.each([
    [{ inputShape: [20, 64, 3] }, /\[vgg16\] expected an inputShape with sides of 32 or more/],
    [
      { inputShape: [-1, -1, 3] },
      /\[vgg16\] expected a known height and width in inputShape, since there is a top/,
    ],
    [{ inputShape: [64, 64] }, /\[vgg16\] expected height, width and channels as inputShape/],
    [{ pooling: 'mean' as 'avg' }, /\[vgg16\] expected 'avg' or 'max' as pooling, received 'mean'/],
    [{ classes: 0 }, /\[vgg16\] expected a positive integer for classes/],
    [{ includeTop: true, top: 3 }, /\[vgg16\] expected one of the options .*received 'top'/],
  ])('refuses %j', async (options, message) => {
    await expect(applications.vgg16({ weights: null, ...options })).rejects.toThrow(message);
  });

  it('takes images of any size without a top', async () => {
    const model = await applications.resNet18({ includeTop: false, pooling: 'max' });
    for (const side of [32, 45]) {
      const { shape } = await model.predict(zeros([1, side, side, 3]));
      expect(shape).toEqual([1, 512]);
    }
  });

  it('begins with a tensor of layers', async () => {
    const x = layers.input({ shape: [32, 32, 3] });
    const options = { weights: null, includeTop: false, pooling: 'avg', inputTensor: x } as const;
    const base = await applications.mobileNetV2({ ...options, alpha: 0.35 });
    const model = new Model({
      inputs: x,
      outputs: layers.dense({ units: 2 }).apply(base.output),
    });
    expect((await model.predict(zeros([1, 32, 32, 3]))).shape).toEqual([1, 2]);
  });

  it('goes on from an output of layers', async () => {
    const x = layers.input({ shape: [32, 32, 1] });
    const inputTensor = layers.conv2d({ filters: 3, kernelSize: 1 }).apply(x);
    const model = await applications.mobileNetV2({ alpha: 0.35, includeTop: false, inputTensor });
    expect(model.input).toBe(x);
    expect((await model.predict(zeros([1, 32, 32, 1]))).shape).toEqual([1, 1, 1, 1280]);
  });

  it('reads weights from a file', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'applications-'));
    try {
      const file = path.join(folder, 'net.weights.h5');
      const options = { alpha: 0.35, includeTop: false, pooling: 'avg', inputShape: [32, 32, 3] } as const;
      const first = await applications.mobileNetV2(options);
      await first.saveWeights(file);
      const second = await applications.mobileNetV2({ ...options, weights: file });
      const x = ones([1, 32, 32, 3]);
      expect(await (await second.predict(x)).data()).toEqual(await (await first.predict(x)).data());
      const missing = path.join(folder, 'other.weights.h5');
      await expect(applications.mobileNetV2({ ...options, weights: missing })).rejects.toMatchObject({
        code: 'IO',
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('trains', async () => {
    const base = await applications.resNet18V2({
      includeTop: false,
      pooling: 'avg',
      inputShape: [32, 32, 3],
    });
    base.trainable = false;
    const model = new Sequential([base, layers.dense({ units: 1 })]);
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const bytes = async () =>
      Buffer.concat((await base.getWeights()).map(({ data: { buffer } }) => Buffer.from(buffer)));
    const before = hashOf(await bytes());
    const { history } = await model.fit(ones([4, 32, 32, 3]), [1, 1, 1, 1], { epochs: 20, verbose: 0 });
    expect(history.loss!.at(-1)).toBeLessThan(firstOf(history.loss!));
    expect(hashOf(await bytes())).toBe(before);
  });
});
