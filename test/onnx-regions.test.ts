// RoiAlign and DeformConv of ONNX files against torchvision (with gradients) and onnx's own reference: fixtures/make_onnx_regions.py.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Model,
  type Sym,
  type Tensor,
  compile,
  grad,
  importOnnx,
  layers,
  ops,
  tensor,
} from '../lib/index.js';
import { itemAt } from '../lib/base/list.js';
import { onnxCodec } from '../lib/onnx/codec.js';
import { tensorProto } from '../lib/onnx/tensors.js';

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  readonly model: string;
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly output: Numbers;
  readonly weights?: Numbers;
  readonly gradients?: Readonly<Record<string, Numbers>>;
}

const file = new URL('fixtures/onnx_regions.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];
const codec = await onnxCodec('test');
const bytesOf = ({ model }: Case) => Buffer.from(model, 'base64');
const read = ({ shape, data }: Numbers, dtype: 'float32' | 'int32' = 'float32') =>
  tensor(dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data), shape, dtype);
const feedsOf = ({ inputs }: Case) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, one]) => [name, read(one, name === 'images' ? 'int32' : 'float32')]),
  );
const named = (name: string) => {
  const found = cases.find((one) => one.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return found;
};

/**
 * Sums of at most 200 products of numbers up to 4: each rounds by 2⁻²⁴ of what it is, and a coordinate of 12 by as much, whose slope is up to 8.
 */
const BOUND = 200 * 4 * 2 ** -24 + 12 * 8 * 2 ** -24;
async function near(given: Tensor, wanted: Numbers, what: string) {
  expect(given.shape, what).toEqual(wanted.shape);
  const scale = Math.max(1, ...wanted.data.map(Math.abs));
  const numbers = await given.data();
  const apart = wanted.data.map((n, i) => Math.abs(n - (numbers[i] ?? NaN)));
  expect(Math.max(...apart), what).toBeLessThan(BOUND * scale);
}

describe('onnx regions', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    using net = await importOnnx(bytesOf(one));
    const feeds = feedsOf(one);
    const { y } = await net.infer(feeds);
    await near(y!, one.output, 'output');
    if (!one.gradients || !one.weights) return;
    const learned = Object.keys(one.gradients);
    const weights = read(one.weights);
    const names = net.places.map(({ name }) => name);
    const gradients = compile((...xs: Sym[]) => {
      const [made] = net.network.applyAll(xs);
      return grad(
        ops.sum(ops.multiply(made as Sym, weights)),
        learned.map((name) => itemAt(xs, names.indexOf(name))),
      );
    });
    const given = await gradients(...names.map((name) => feeds[name]!));
    for (const [i, name] of learned.entries())
      await near(itemAt(given, i), one.gradients[name]!, `the gradient of ${name}`);
  });

  it('are the same where the regions are part of the file, as points are then', async () => {
    for (const name of ['half_pixel', 'output_half_pixel']) {
      const one = named(`RoiAlign, opset 16, ${name}, ratio 0, scale 1.0`);
      const model = codec.decode(bytesOf(one), 'test');
      const graph = model.graph!;
      // Without the one that is larger than the image, whose points are more than its pixels.
      const rois = { shape: [5, 4], data: one.inputs['rois']!.data.slice(0, 20) };
      const images = one.inputs['images']!.data.slice(0, 5);
      using net = await importOnnx(
        codec.encode({
          ...model,
          graph: {
            ...graph,
            input: graph.input.filter((place) => place.name === 'x'),
            initializer: [
              tensorProto('rois', 'FLOAT', rois.shape, rois.data),
              tensorProto('images', 'INT64', [5], images),
            ],
          },
        }),
      );
      const size = one.output.data.length / 6;
      const wanted = { shape: [5, ...one.output.shape.slice(1)], data: one.output.data.slice(0, 5 * size) };
      const { y } = await net.predict(read(one.inputs['x']!));
      await near(y!, wanted, name);
    }
  });

  it('have derivatives of their derivatives', async () => {
    for (const [name, learned] of [
      ['RoiAlign, opset 16, half_pixel, ratio 2, scale 0.7', ['x', 'rois']],
      ['RoiAlign, opset 16, half_pixel, ratio 0, scale 1.0', ['x', 'rois']],
      [
        "DeformConv, opset 19, {'pads': [1, 1, 1, 1], 'strides': [2, 1]}, bias and mask",
        ['x', 'w', 'offset', 'mask'],
      ],
    ] as const) {
      const one = named(name);
      using net = await importOnnx(bytesOf(one), { trainable: false });
      const names = net.places.map((place) => place.name);
      // Away from the pixels, where slopes change at once, and from regions where the number of points does.
      const between = (n: number, i: number) =>
        Math.floor(n) + 0.35 + 0.23 * (n - Math.floor(n)) + 0.04 * (i % 4);
      const first: Record<string, Tensor> = feedsOf(one);
      for (const place of ['offset', 'rois'])
        if (first[place])
          first[place] = read({ ...one.inputs[place]!, data: one.inputs[place]!.data.map(between) });
      const slopes = (xs: readonly Sym[]) => {
        const [made] = net.network.applyAll(xs);
        return grad(
          ops.sum(ops.power(made as Sym, 2)),
          learned.map((place) => itemAt(xs, names.indexOf(place))),
        );
      };
      const shapes = learned.map((place) => one.inputs[place]!.shape);
      const along = shapes.map((shape, i) => {
        const size = shape.reduce((a, b) => a * b, 1);
        return tensor(
          Float32Array.from({ length: size }, (_, at) => Math.sin(1 + i + 1.7 * at)),
          shape,
        );
      });
      const slope = (xs: readonly Sym[]) =>
        slopes(xs)
          .map((part, i) => ops.sum(ops.multiply(part, itemAt(along, i))))
          .reduce((a, b) => ops.add(a, b));
      const second = compile((...xs: Sym[]) =>
        grad(
          slope(xs),
          learned.map((place) => itemAt(xs, names.indexOf(place))),
        ),
      );
      const plain = compile((...xs: Sym[]) => slopes(xs));
      const at = async (step: number) => {
        const moved: Record<string, Tensor> = { ...first };
        for (const [i, place] of learned.entries())
          moved[place] = ops.add(first[place]!, ops.multiply(itemAt(along, i), step));
        return Promise.all((await plain(...names.map((place) => moved[place]!))).map((part) => part.data()));
      };
      // Central differences of step 1e-2: errors of 1e-4 of the third derivative, and rounding of 2⁻²⁴ of sums of 1e2 over 1e-2.
      const [before, after] = [await at(-1e-2), await at(1e-2)];
      const given = await second(...names.map((place) => first[place]!));
      for (const [i, place] of learned.entries()) {
        const wanted = Array.from(after[i]!, (n, j) => (n - before[i]![j]!) / 2e-2);
        const scale = Math.max(...wanted.map(Math.abs));
        const numbers = await itemAt(given, i).data();
        const apart = Math.max(...wanted.map((n, j) => Math.abs(n - (numbers[j] ?? NaN))));
        expect(scale, place).toBeGreaterThan(0.1);
        expect(apart / scale, `${name}, ${place}`).toBeLessThan(1e-2);
      }
    }
  });

  it('are layers of a model that trains', async () => {
    const one = named(
      "DeformConv, opset 22, {'group': 2, 'offset_group': 4, 'strides': [2, 2], 'dilations': [1, 2], 'pads': [1, 2, 1, 2]}, bias and mask",
    );
    const model = codec.decode(bytesOf(one), 'test');
    const graph = model.graph!;
    const { w, bias, x, offset, mask } = one.inputs;
    using net = await importOnnx(
      codec.encode({
        ...model,
        graph: {
          ...graph,
          input: graph.input.filter(({ name }) => name !== 'w' && name !== 'bias'),
          initializer: [
            tensorProto('w', 'FLOAT', w!.shape, w!.data),
            tensorProto('bias', 'FLOAT', bias!.shape, bias!.data),
          ],
        },
      }),
    );
    expect(net.trainableWeights.map(({ name }) => name.split('/').at(-1))).toEqual(['w', 'bias']);
    const places = [x!, offset!, mask!].map(({ shape }) => layers.input({ batchShape: shape }));
    const whole = new Model({ inputs: places, outputs: net.network.applyAll(places)[0]! });
    whole.compile({ optimizer: 'sgd', loss: 'mse' });
    const feeds = [x!, offset!, mask!].map((numbers) => read(numbers));
    const { history } = await whole.fit(
      feeds,
      read({ shape: one.output.shape, data: one.output.data.map(() => 0) }),
      {
        ...{ epochs: 3, batchSize: x!.shape[0]!, verbose: 0 },
      },
    );
    const losses = history['loss']!;
    expect(losses[2]).toBeLessThan(losses[0]!);
  });
});

describe('what regions need', () => {
  it('is told', async () => {
    const one = named('RoiAlign, opset 16, half_pixel, ratio 0, scale 1.0, max');
    const model = codec.decode(bytesOf(one), 'test');
    const node = itemAt(model.graph!.node, 0);
    const changed = (more: Partial<typeof node>) =>
      importOnnx(codec.encode({ ...model, graph: { ...model.graph!, node: [{ ...node, ...more }] } }));
    const feeds = feedsOf(one);
    using net = await importOnnx(bytesOf(one));
    await expect(net.predict([feeds['x']!, feeds['rois']!, feeds['images']!])).rejects.toMatchObject({
      code: 'STATE',
      message: expect.stringMatching(/RoiAlign.*the regions or a sampling_ratio.*call infer/) as string,
    });
    const mode = { name: 'mode', type: 3, s: new TextEncoder().encode('sum') };
    await expect(changed({ attribute: [mode] })).rejects.toThrow(/avg or max/);
    await expect(changed({ input: ['rois', 'x', 'images'] })).rejects.toThrow(
      /images \[n, channels, height, width\] and regions/,
    );
    const deformed = named('DeformConv, opset 19, {}, bias and mask');
    const other = codec.decode(bytesOf(deformed), 'test');
    const own = itemAt(other.graph!.node, 0);
    const wrong = { name: 'strides', type: 7, ints: [2, 2] };
    await expect(
      importOnnx(
        codec.encode({
          ...other,
          graph: { ...other.graph!, node: [{ ...own, attribute: [...(own.attribute ?? []), wrong] }] },
        }),
      ),
    ).rejects.toThrow(/DeformConv.*as input 2/);
  });
});
