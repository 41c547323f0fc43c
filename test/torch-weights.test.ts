import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type LoadWeightsOptions,
  Model,
  NDArray,
  type OutputStructure,
  Sequential,
  type Sym,
  type Tensor,
  layers,
  ops,
} from '../lib/index.js';
import { firstOf, itemAt } from '../lib/base/list.js';
import { readSafetensors, safetensorsParts } from '../lib/saving/safetensors.js';
import { writeWhole } from '../lib/base/wholeFile.js';
import { rejectionOf } from './support/run.js';

type AnyModel = Model<OutputStructure>;
interface Numbers {
  shape: number[];
  data: number[];
}
interface Entry {
  inputs: Numbers[];
  output: Numbers;
}
const entries = JSON.parse(readFileSync(new URL('fixtures/torch.json', import.meta.url), 'utf8')) as Record<
  string,
  Entry
>;
const dict = new URL('fixtures/files/torch.safetensors', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'nodegrad-torch-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The tensors of a row in a file, without its name. */
async function rowFile(name: string, change?: (tensors: Map<string, unknown>) => void): Promise<string> {
  const path = join(folder, `${name}${change ? '-changed' : ''}.safetensors`);
  await readSafetensors('test', dict, async (file) => {
    const tensors = new Map<string, { data: Float32Array; shape: readonly number[] }>();
    for (const full of file.names.filter((one) => one.startsWith(`${name}.`))) {
      const { data, shape } = await file.read(full);
      tensors.set(full.slice(name.length + 1), { data: Float32Array.from(data), shape });
    }
    change?.(tensors);
    await writeWhole('test', path, safetensorsParts([...tensors]));
  });
  return path;
}

type Part = (name: string) => layers.Layer;
/** A model of layers of which the first has the row's name and so the names of PyTorch's module. */
const chain =
  (...parts: (layers.Layer | Part)[]) =>
  (name: string): AnyModel =>
    new Sequential([
      layers.input({ shape: firstOf(entries[name]!.inputs).shape.slice(1) }),
      ...parts.map((part) => (typeof part === 'function' ? part('m') : part)),
    ]);
const at = { m: '' };
const sequences = { returnSequences: true } as const;
const cell = () =>
  layers.stackedRNNCells({ cells: [layers.lstmCell({ units: 4 }), layers.lstmCell({ units: 4 })] });
const joined = (name: string, sizes: readonly number[], values: 1 | 2): AnyModel => {
  const inputs = entries[name]!.inputs.map(({ shape }) => layers.input({ shape: shape.slice(1) }));
  const [query, value = query, key = value] = inputs as [layers.KerasTensor, ...layers.KerasTensor[]];
  const [numHeads = 1, keyDim = 1] = sizes;
  const attention = layers.multiHeadAttention({ name: 'm', numHeads, keyDim, useBias: values > 1 });
  return new Model({ inputs, outputs: attention.apply([query, value, key]) });
};

const net = () =>
  new Sequential([
    layers.input({ shape: [6, 8, 2] }),
    layers.conv2d({ filters: 3, kernelSize: 3, name: 'conv' }),
    layers.batchNormalization({ epsilon: 1e-5, name: 'bn' }),
    layers.relu(),
    layers.maxPooling2d(),
    layers.flatten(),
    layers.batchNormalization({ epsilon: 1e-5, name: 'norm' }),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 5, activation: 'relu', name: 'first' }),
    layers.dense({ units: 3, name: 'second' }),
  ]);
const netMap = {
  conv: 'features.0',
  bn: 'features.1',
  first: 'classifier.1',
  second: 'classifier.3',
};

/** By rows of make_torch_files.py: a model and the names of its layers there. */
const MODELS: Record<string, [make: (name: string) => AnyModel, nameMap: Record<string, string>]> = {
  linear: [chain((name) => layers.dense({ units: 4, name })), at],
  linear_plain: [chain((name) => layers.dense({ units: 4, useBias: false, name })), at],
  conv1: [chain((name) => layers.conv1d({ filters: 4, kernelSize: 3, name })), at],
  conv2: [chain((name) => layers.conv2d({ filters: 4, kernelSize: [2, 3], name })), at],
  conv3: [chain((name) => layers.conv3d({ filters: 3, kernelSize: [1, 2, 3], name })), at],
  grouped: [chain((name) => layers.conv2d({ filters: 6, kernelSize: 3, groups: 2, name })), at],
  depthwise: [chain((name) => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, name })), at],
  depthwise1: [chain((name) => layers.depthwiseConv1d({ kernelSize: 3, depthMultiplier: 2, name })), at],
  transpose1: [chain((name) => layers.conv1dTranspose({ filters: 4, kernelSize: 3, strides: 2, name })), at],
  transpose2: [
    chain((name) => layers.conv2dTranspose({ filters: 4, kernelSize: [2, 3], strides: 2, name })),
    at,
  ],
  transpose3: [chain((name) => layers.conv3dTranspose({ filters: 3, kernelSize: [1, 2, 3], name })), at],
  separable: [
    chain((name) => layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2, name })),
    at,
  ],
  batch: [chain((name) => layers.batchNormalization({ epsilon: 1e-5, name })), at],
  batch_plain: [
    chain((name) => layers.batchNormalization({ epsilon: 1e-5, center: false, scale: false, name })),
    at,
  ],
  layer: [chain((name) => layers.layerNormalization({ epsilon: 1e-5, name })), at],
  layer_images: [chain((name) => layers.layerNormalization({ axis: [1, 2, 3], epsilon: 1e-5, name })), at],
  group: [chain((name) => layers.groupNormalization({ groups: 2, epsilon: 1e-5, name })), at],
  instance: [chain((name) => layers.groupNormalization({ groups: -1, epsilon: 1e-5, name })), at],
  rms: [chain((name) => layers.rmsNormalization({ epsilon: 1e-6, name })), at],
  embedding: [chain((name) => layers.embedding({ inputDim: 5, outputDim: 3, name })), at],
  prelu: [chain((name) => layers.prelu({ sharedAxes: [1, 2], name })), at],
  prelu_one: [chain((name) => layers.prelu({ sharedAxes: [1, 2, 3], name })), at],
  lstm: [chain((name) => layers.lstm({ units: 4, ...sequences, name })), at],
  lstm_plain: [chain((name) => layers.lstm({ units: 4, useBias: false, ...sequences, name })), at],
  gru: [chain((name) => layers.gru({ units: 4, ...sequences, name })), at],
  gru_plain: [chain((name) => layers.gru({ units: 4, useBias: false, ...sequences, name })), at],
  rnn: [chain((name) => layers.simpleRNN({ units: 4, ...sequences, name })), at],
  both_lstm: [
    chain((name) => layers.bidirectional({ layer: layers.lstm({ units: 4, ...sequences }), name })),
    at,
  ],
  both_gru: [
    chain((name) => layers.bidirectional({ layer: layers.gru({ units: 4, ...sequences }), name })),
    at,
  ],
  deep_lstm: [chain((name) => layers.rnn({ cell: cell(), ...sequences, name })), at],
  deep_gru: [
    chain(
      (name) => layers.gru({ units: 4, ...sequences, name }),
      layers.gru({ units: 4, ...sequences, name: 'n' }),
    ),
    { m: '', n: '*_l1' },
  ],
  deep_both: [
    chain(
      (name) => layers.bidirectional({ layer: layers.lstm({ units: 4, ...sequences }), name }),
      layers.bidirectional({ layer: layers.lstm({ units: 4, ...sequences }), name: 'n' }),
    ),
    { m: '', n: '*_l1' },
  ],
  attention: [(name) => joined(name, [2, 3], 2), at],
  attention_sizes: [(name) => joined(name, [2, 3], 2), at],
  attention_plain: [(name) => joined(name, [3, 2], 1), at],
  net: [net, netMap],
  decoder: [
    chain(
      layers.dense({ units: 12, name: 'start' }),
      layers.batchNormalization({ epsilon: 1e-5, name: 'norm' }),
      layers.relu(),
      layers.reshape({ targetShape: [2, 2, 3] }),
      layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2, name: 'up' }),
    ),
    {},
  ],
  sequence_conv: [
    chain(
      layers.conv1d({ filters: 4, kernelSize: 2, name: 'body' }),
      layers.flatten(),
      layers.dense({ units: 2, name: 'head' }),
    ),
    {},
  ],
  sequence_gru: [
    chain(
      layers.gru({ units: 4, ...sequences, name: 'body' }),
      layers.flatten(),
      layers.dense({ units: 2, name: 'head' }),
    ),
    {},
  ],
  frames: [
    chain(
      layers.timeDistributed({ layer: layers.conv2d({ filters: 3, kernelSize: 2 }), name: 'conv' }),
      layers.timeDistributed({ layer: layers.flatten() }),
      layers.simpleRNN({ units: 4, ...sequences, name: 'rnn' }),
    ),
    {},
  ],
};

const array = ({ data, shape }: Numbers) => new NDArray(Float32Array.from(data), shape);

/** Sums of some hundred products in float32 of numbers around 1. */
async function expectSame(model: AnyModel, { inputs, output }: Entry): Promise<void> {
  const given = inputs.map(array);
  const y = (await model.predict(given.length > 1 ? given : firstOf(given))) as Tensor;
  expect(y.shape).toEqual(output.shape);
  const made = await y.data();
  output.data.forEach((wanted, i) => expect(itemAt(made, i)).toBeCloseTo(wanted, 5));
}

const load = (model: AnyModel, path: string, options: LoadWeightsOptions) =>
  model.loadWeights(path, { layout: 'pytorch', ...options });

describe("state dicts of PyTorch's modules", () => {
  it('are there for every row', () => {
    expect(Object.keys(MODELS)).toEqual(Object.keys(entries));
  });

  it.each(Object.keys(MODELS))('%s is read and predicts as there', async (name) => {
    const [make, nameMap] = MODELS[name]!;
    const model = make(name);
    await load(model, await rowFile(name), { nameMap });
    await expectSame(model, entries[name]!);
  });

  it.each(Object.keys(MODELS))('%s is written as PyTorch has it', async (name) => {
    const [make, nameMap] = MODELS[name]!;
    const model = make(name);
    const path = await rowFile(name);
    await load(model, path, { nameMap });
    const again = join(folder, `${name}-again.safetensors`);
    await model.saveWeights(again, { layout: 'pytorch', nameMap });
    const shapes = (file: string) =>
      readSafetensors('test', file, (reader) =>
        Promise.resolve(
          reader.names
            .filter((one) => !one.endsWith('num_batches_tracked'))
            .map((one) => [one, reader.shape(one)])
            .sort(),
        ),
      );
    expect(await shapes(again)).toEqual(await shapes(path));
    const other = make(name);
    await load(other, again, { nameMap });
    expect(await other.getWeights()).toEqual(await model.getWeights());
  });

  it('are read by a function of names, and by the name of the model that layers are in', async () => {
    const nameMap = (path: string) => netMap[path as keyof typeof netMap] ?? path;
    const model = net();
    await load(model, await rowFile('net'), { nameMap });
    await expectSame(model, entries['net']!);
    const inner = new Sequential([layers.input({ shape: [3] }), layers.dense({ units: 4, name: 'm' })], {
      name: 'inner',
    });
    const outer = new Sequential([layers.input({ shape: [3] }), inner]);
    await load(outer, await rowFile('linear'), { nameMap: { inner: '', 'inner/m': '' } });
    await expectSame(outer, entries['linear']!);
  });
});

describe('what does not fit', () => {
  const numbers = async (model: AnyModel) => (await model.getWeights()).map(({ data }) => Array.from(data));
  const refused = async (
    model: AnyModel,
    path: string,
    options: LoadWeightsOptions,
    text: string | RegExp,
  ) => {
    const before = await numbers(model);
    const { code, message } = await rejectionOf(load(model, path, options));
    expect(code).toBe('ARGUMENT');
    if (typeof text === 'string') expect(message).toContain(text);
    else expect(message).toMatch(text);
    expect(await numbers(model)).toEqual(before);
  };
  const dense = (units: number) => chain((name) => layers.dense({ units, name }))('linear');

  it('is an error that names layer, tensor and both shapes', async () => {
    const path = await rowFile('linear');
    await refused(dense(5), path, { nameMap: at }, "[4, 3] as 'weight' for [5, 3] of 'm', and 1 more");
    await refused(dense(4), path, {}, "nothing as 'm.weight' for [4, 3] of 'm'");
    await refused(dense(4), await rowFile('both_lstm'), { nameMap: at }, 'that do not fit');
    const more = await rowFile('linear', (tensors) => {
      tensors.set('scale', { data: new Float32Array(1), shape: [1] });
    });
    await refused(dense(4), more, { nameMap: at }, "'scale' that no layer has");
  });

  it('is left out with skipMismatch and byName', async () => {
    const path = await rowFile('net');
    const other = net();
    other.pop();
    other.add(layers.dense({ units: 7, name: 'second' }));
    const kept = (await numbers(other)).slice(-2);
    await refused(
      other,
      path,
      { nameMap: netMap, byName: true },
      "[3, 5] as 'classifier.3.weight' for [7, 5]",
    );
    await load(other, path, { nameMap: netMap, skipMismatch: true });
    expect((await numbers(other)).slice(-2)).toEqual(kept);
    const whole = net();
    await load(whole, path, { nameMap: netMap });
    expect((await numbers(other)).slice(0, -2)).toEqual((await numbers(whole)).slice(0, -2));
    const tuned = net();
    tuned.pop();
    tuned.add(layers.dense({ units: 7, name: 'head' }));
    const head = (await numbers(tuned)).slice(-2);
    await load(tuned, path, { nameMap: { conv: 'features.0', bn: 'features.1' }, byName: true });
    expect((await numbers(tuned)).slice(-2)).toEqual(head);
    expect((await numbers(tuned)).slice(0, 6)).toEqual((await numbers(whole)).slice(0, 6));
  });

  it('is a GRU without resetAfter, and a gate of attention', async () => {
    const gru = chain((name) => layers.gru({ units: 4, resetAfter: false, ...sequences, name }))('gru');
    await refused(gru, await rowFile('gru'), { nameMap: at }, 'is without resetAfter');
    expect(
      await rejectionOf(gru.saveWeights(join(folder, 'gru.safetensors'), { layout: 'pytorch' })),
    ).toMatchObject({ message: expect.stringContaining('is without resetAfter') as string });
    const x = layers.input({ shape: [3, 6] });
    const gated = layers.multiHeadAttention({ name: 'm', numHeads: 2, keyDim: 3, useGate: true });
    const model = new Model({ inputs: x, outputs: gated.apply([x, x]) });
    await refused(model, await rowFile('attention'), { nameMap: at }, "'m' has a gate");
  });

  it('is an option that means nothing', async () => {
    const path = await rowFile('linear');
    await refused(
      dense(4),
      path,
      { nameMap: { n: '' } },
      /names of layers with weights in nameMap \(m\), received 'n'/,
    );
    await refused(dense(4), path, { nameMap: (() => undefined) as never }, 'the name of a module as nameMap');
    await refused(
      dense(4),
      path,
      { nameMap: at, flattened: { m: [2] } },
      "sizes whose product is 3 as flattened of 'm'",
    );
    await refused(dense(4), path, { layout: 'jax' as never }, "'keras' or 'pytorch' as layout");
    await refused(
      dense(4),
      path,
      { layout: 'keras', flattened: {} },
      "the layout 'pytorch' where flattened is given",
    );
    await refused(dense(4), join(folder, 'm.weights.h5'), {}, 'a file that ends with .safetensors');
    const save = dense(4).saveWeights(join(folder, 'n.safetensors'), { nameMap: at });
    expect(await rejectionOf(save)).toMatchObject({
      message: expect.stringContaining('where nameMap') as string,
    });
    const two = chain(
      (name) => layers.dense({ units: 3, name }),
      layers.dense({ units: 3, name: 'n' }),
    )('linear');
    const both = two.saveWeights(join(folder, 'n.safetensors'), {
      layout: 'pytorch',
      nameMap: { m: 'x', n: 'x' },
    });
    expect(await rejectionOf(both)).toMatchObject({
      message: expect.stringContaining("several for 'x.weight'") as string,
    });
  });
});

describe('images that are flattened', () => {
  const through = (flatten: (x: layers.KerasTensor) => layers.KerasTensor): AnyModel => {
    const x = layers.input({ shape: [6, 8, 2] });
    const body = net();
    const y = body.layers.slice(0, 4).reduce((value, layer) => layer.apply(value), x);
    const rest = body.layers.slice(5);
    return new Model({
      inputs: x,
      outputs: rest.reduce((value, layer) => layer.apply(value), flatten(y)),
    });
  };

  it('by Reshape count as those of Flatten', async () => {
    const model = through((y) => layers.reshape({ targetShape: [18] }).apply(y));
    await load(model, await rowFile('net'), { nameMap: netMap });
    await expectSame(model, entries['net']!);
  });

  it('need no other order where a Permute has channels first', async () => {
    const model = through((y) => layers.flatten().apply(layers.permute({ dims: [3, 1, 2] }).apply(y)));
    await load(model, await rowFile('net'), { nameMap: netMap });
    await expectSame(model, entries['net']!);
  });

  it('by an op have to be told', async () => {
    const model = through((y) =>
      ops.reshape(ops.transpose(ops.transpose(y, [0, 3, 1, 2]), [0, 2, 3, 1]), [-1, 18]),
    );
    const path = await rowFile('net');
    const error = await rejectionOf(load(model, path, { nameMap: netMap }));
    expect(error.message).toMatch(
      /the order of the features that '.*' makes is not known \(say it in flattened: \{ 'norm': \[height/,
    );
    const flattened = { norm: [2, 3, 3], first: [2, 3, 3] };
    await load(model, path, { nameMap: netMap, flattened });
    await expectSame(model, entries['net']!);
  });

  it('have to be told where a subclass says what calls what', async () => {
    class Own extends Model {
      readonly conv = layers.conv2d({ filters: 3, kernelSize: 3, name: 'conv' });
      readonly flat = layers.flatten();
      readonly head = layers.dense({ units: 3, name: 'head' });
      override call(x: Sym): Sym {
        return this.head.apply(this.flat.apply(this.conv.apply(x)));
      }
    }
    const x = layers.input({ shape: [4, 4, 2] });
    const conv = layers.conv2d({ filters: 3, kernelSize: 3, name: 'conv' });
    const head = layers.dense({ units: 3, name: 'head' });
    const flat = layers.flatten().apply(conv.apply(x));
    const graph = new Model({ inputs: x, outputs: head.apply(flat) });
    const path = join(folder, 'own.safetensors');
    await graph.saveWeights(path, { layout: 'pytorch' });
    const own = new Own();
    const images = new NDArray(
      Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)),
      [1, 4, 4, 2],
    );
    await own.predict(images);
    const { message } = await rejectionOf(load(own as AnyModel, path, {}));
    expect(message).toMatch(/the order of the features of 'head' is not known.* \(say it in flattened/);
    await load(own as AnyModel, path, { flattened: { head: [2, 2, 3] } });
    const numbers = async (model: AnyModel) =>
      Array.from(await ((await model.predict(images)) as Tensor).data());
    expect(await numbers(own as AnyModel)).toEqual(await numbers(graph));
  });
});
