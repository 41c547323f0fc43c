import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { firstOf, itemAt } from '../lib/base/list.js';
import { onnxCodec } from '../lib/onnx/codec.js';
import {
  EngineError,
  Model,
  type OnnxModel,
  type OutputStructure,
  Sequential,
  applications,
  type Sym,
  type Tensor,
  compile,
  exportOnnx,
  grad,
  importOnnx,
  layers,
  ops,
  optimizers,
  tensor,
} from '../lib/index.js';
import { OPS } from '../lib/onnx/export/ops.js';
import { differenceOf, layerModel, layerNames, outputsOf } from './support/onnxCases.js';
import { openProgram } from './support/openProgram.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-export-'));
const codec = await onnxCodec('test');
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const path = join(folder, 'model.onnx');

/** The graph of a file. */
const graphOf = (at = path) => codec.decode(readFileSync(at), at).graph!;
const kinds = (at = path) => graphOf(at).node.map(({ opType }) => opType);
const input = (shape: readonly number[], dtype: 'float32' | 'int32' = 'float32') =>
  layers.input({ shape, dtype });
const numbers = (shape: readonly number[]) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1 + 1.7 * i)),
    shape,
  );

/** One of two formulas. */
class Choice extends layers.Layer {
  readonly className = 'Choice';

  constructor(readonly bound: number) {
    super();
  }

  call(x: Sym): Sym {
    return ops.cond(
      ops.greater(ops.sum(x), this.bound),
      () => ops.exp(x),
      () => ops.negative(x),
    );
  }
}

/** What comes back of a file gives what the model gives. */
async function comesBack(model: Model<readonly layers.KerasTensor[]>, x: readonly Tensor[], options = {}) {
  await exportOnnx(model as never, path, options);
  const wanted = await outputsOf(model, x);
  const net = await importOnnx(path);
  const feeds = Object.fromEntries(x.map((one, i) => [itemAt(net.places, i).name, one]));
  const given = await net.infer(feeds);
  for (const [i, name] of net.resultNames.entries()) {
    expect(given[name]?.shape).toEqual(wanted[i]?.shape);
    expect(differenceOf(await wanted[i]!.data(), await given[name]!.data()), name).toBeLessThanOrEqual(1);
  }
  return net;
}

/** A model of one output of a formula. */
const modelOf = (shape: readonly number[], body: (x: layers.KerasTensor) => layers.KerasTensor) => {
  const x = input(shape);
  return new Model({ inputs: x, outputs: [body(x)] });
};

describe('each layer', () => {
  it.each(layerNames)('%s comes back from ONNX', async (name) => {
    const { model, x } = layerModel(name);
    // The oldest set of ops that has all that it needs.
    const opset = { ContrastLimitedAdaptiveHistogramEqualization: 16, MelSpectrogram: 17 }[name] ?? 13;
    await comesBack(model, x, { opset });
    await comesBack(model, x, { opset: 27 });
  });
});

/** Layers that take sequences of any length. */
const openLayers = layerNames.filter((name) => layerModel(name, true).longer !== undefined);

/** What a model that came back predicts. */
const predicted = async (net: OnnxModel, x: readonly Tensor[]) =>
  Object.values(await net.predict(x.length === 1 ? firstOf(x) : x));

describe('a layer of any length', () => {
  it('is most layers of sequences', () => {
    expect(openLayers.length).toBeGreaterThan(40);
    expect(openLayers).toEqual(
      expect.arrayContaining(['Bidirectional', 'ConvLSTM1D', 'MelSpectrogram', 'MultiHeadAttention']),
    );
  });

  it.each(openLayers)('%s is a model again, of two lengths', async (name) => {
    const { model, x, longer } = layerModel(name, true);
    const net = await comesBack(model, x, { opset: 18 });
    const program = openProgram(net.inputs, (...xs) => net.network.applyAll(xs));
    for (const feed of [x, longer!]) {
      const wanted = await outputsOf(model, feed);
      for (const ys of [await predicted(net, feed), program.run(feed).outputs])
        for (const [i, y] of ys.entries()) {
          expect(y.shape).toEqual(wanted[i]?.shape);
          // Decibels are ten times a logarithm.
          const most = name === 'MelSpectrogram' ? 10 : 1;
          expect(differenceOf(await wanted[i]!.data(), await y.data())).toBeLessThanOrEqual(most);
        }
    }
  });

  it.each([
    [
      'bidirectional',
      () => layers.bidirectional({ layer: layers.lstm({ units: 3, returnSequences: true }) }),
    ],
    ['GRU cells', () => layers.rnn({ cell: layers.gruCell({ units: 3 }), returnSequences: true })],
    [
      'convLSTM1d',
      () => layers.convLSTM1d({ filters: 3, kernelSize: 2, padding: 'same', returnSequences: true }),
    ],
    ['attention', () => layers.multiHeadAttention({ numHeads: 2, keyDim: 3 })],
  ])('%s trains on as the model does, at two lengths', async (name, made) => {
    const steps = input(name === 'convLSTM1d' ? [-1, 4, 2] : [-1, 2]);
    const layer = made();
    const y = name === 'attention' ? layer.applyAll([steps, steps])[0]! : firstOf(layer.applyAll(steps));
    const pooled =
      name === 'convLSTM1d'
        ? layers.globalAveragePooling2d().apply(y)
        : layers.globalAveragePooling1d().apply(y);
    const model = new Model({ inputs: steps, outputs: [layers.dense({ units: 1 }).apply(pooled)] });
    const data = (length: number) =>
      [numbers([4, length, ...steps.shape.slice(2)]), numbers([4, 1])] as const;
    const net = await comesBack(model, [data(5)[0]]);
    expect(net.trainableWeights.length).toBe(model.trainableWeights.length);
    const optimizer = () => optimizers.sgd({ learningRate: 0.1 });
    model.compile({ optimizer: optimizer(), loss: 'mse' });
    net.compile({ optimizer: optimizer(), loss: 'mse' });
    // The slopes of all weights, of a program for any length as of one for each.
    const slopes = (x: Sym) => {
      const [made] = net.network.applyAll([x]);
      return grad(ops.sum(ops.square(made as Sym)), net.network.trainableWeights);
    };
    const open = openProgram(net.inputs, slopes);
    for (const length of [5, 7]) {
      const [x] = data(length);
      const wanted = await compile(slopes)(x);
      for (const [i, slope] of open.run([x]).outputs.entries())
        expect(differenceOf(await itemAt(wanted, i).data(), await slope.data())).toBeLessThanOrEqual(1);
    }
    const losses = async (one: Model<OutputStructure>) => {
      const found: number[] = [];
      for (const length of [5, 7, 5, 7]) {
        const [x, wanted] = data(length);
        const { history } = await one.fit(x, wanted, { epochs: 2, verbose: 0, shuffle: false });
        found.push(...history['loss']!);
      }
      return found;
    };
    const [own, again] = [await losses(model as never), await losses(net as never)];
    // Of the sequences of five steps.
    expect(own[5]).toBeLessThan(own[0]!);
    // Eight steps of sums of some hundred float32 products.
    again.forEach((loss, i) => {
      expect(Math.abs(loss - own[i]!), `step ${i}`).toBeLessThan(8 * 200 * 2 ** -24 * Math.max(1, own[0]!));
    });
  });
});

describe('the file', () => {
  it('has names, any batch and lengths, and what was asked for', async () => {
    const x = layers.input({ shape: [-1, 3], name: 'steps' });
    const y = layers.lstm({ units: 2, name: 'memory' }).apply(x);
    const model = new Model({ inputs: x, outputs: layers.dense({ units: 2, name: 'head' }).apply(y) });
    await exportOnnx(model, path);
    const { input: inputs, output, initializer = [] } = graphOf();
    const dims = (place = firstOf(inputs)) =>
      place.type?.tensorType?.shape?.dim.map(({ value, dimValue, dimParam }) =>
        value === 'dimValue' ? dimValue : value === 'dimParam' ? dimParam : '?',
      );
    expect(inputs.map(({ name }) => name)).toEqual(['steps']);
    expect(output.map(({ name }) => name)).toEqual(['head']);
    expect(dims()).toEqual(['batch', '?', 3]);
    const weights = initializer.filter(({ dataType }) => dataType === 1).map(({ name }) => name);
    expect(weights).toEqual(expect.arrayContaining(model.weights.map(({ name }) => name)));
    const options = { inputNames: ['x'], outputNames: ['y'], inputShapes: [[1, null, 3]], opset: 15 };
    await exportOnnx(model, path, options);
    expect(graphOf().input.map(({ name }) => name)).toEqual(['x']);
    expect(dims(graphOf().input[0])).toEqual([1, '?', 3]);
    expect(codec.decode(readFileSync(path), path)).toMatchObject({
      irVersion: 8,
      opsetImport: [{ version: 15 }],
    });
    expect(graphOf().output.map(({ name }) => name)).toEqual(['y']);
  });

  it('has one transpose at each end of a stack of convolutions, poolings and normalizations', async () => {
    const model = modelOf([8, 8, 2], (x) => {
      const first = layers
        .conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' })
        .apply(x);
      const normal = layers.batchNormalization().apply(first);
      const pooled = layers.maxPooling2d({ poolSize: 2 }).apply(normal);
      const second = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(pooled);
      return layers.globalAveragePooling2d().apply(layers.add().apply([second, pooled]));
    });
    await comesBack(model, [numbers([3, 8, 8, 2])]);
    expect(kinds()).toEqual([
      'Transpose',
      'Conv',
      'Relu',
      'BatchNormalization',
      'MaxPool',
      'Conv',
      'Add',
      'ReduceMean',
    ]);
  });

  it('has recurrent layers as single nodes', async () => {
    const model = modelOf([5, 3], (x) => {
      const a = layers.lstm({ units: 2, returnSequences: true }).apply(x);
      const b = layers
        .gru({ units: 2, returnSequences: true, resetAfter: false, goBackwards: true })
        .apply(a);
      return layers.simpleRNN({ units: 2 }).apply(b);
    });
    await comesBack(model, [numbers([3, 5, 3])]);
    expect(kinds()).toEqual(expect.arrayContaining(['LSTM', 'GRU', 'RNN']));
    expect(kinds()).not.toContain('Scan');
  });

  it('has masked recurrent layers step by step', async () => {
    for (const layer of [
      layers.lstm({ units: 3, returnState: true }),
      layers.gru({ units: 3, returnSequences: true, goBackwards: true }),
      layers.gru({ units: 3, resetAfter: false }),
      layers.simpleRNN({ units: 3, returnSequences: true }),
      layers.bidirectional({ layer: layers.lstm({ units: 2, returnSequences: true }) }),
    ]) {
      const x = input([4], 'int32');
      const embedded = layers.embedding({ inputDim: 5, outputDim: 2, maskZero: true }).apply(x);
      const model = new Model({ inputs: x, outputs: layer.applyAll(embedded) });
      await comesBack(model, [tensor(Int32Array.of(1, 2, 0, 0, 3, 0, 4, 1, 2, 2, 2, 0), [3, 4], 'int32')]);
      expect(kinds()).toContain('Scan');
    }
  });

  it('has loops and choices with their bodies', async () => {
    const loop = modelOf([3], (x) => {
      const halved = ops.whileLoop(
        (y: Sym) => ops.greater(ops.max(y), 0.2),
        (y: Sym) => [ops.divide(y, 2)],
        [x],
      ) as unknown as readonly layers.KerasTensor[];
      return itemAt(halved, 0);
    });
    await comesBack(loop, [numbers([3, 3])]);
    expect(kinds()).toContain('Loop');
    for (const bound of [-9, 9]) {
      const choice = modelOf([3], (x) => new Choice(bound).apply(x));
      await comesBack(choice, [numbers([3, 3])]);
      expect(kinds()).toContain('If');
    }
  });

  it('is trained on where it comes back', async () => {
    const model = new Sequential([
      input([6, 6, 1]) as never,
      layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu' }),
      layers.batchNormalization(),
      layers.flatten(),
      layers.dense({ units: 1 }),
    ] as never);
    const [x, y] = [numbers([4, 6, 6, 1]), numbers([4, 1])];
    const net = await comesBack(model as never, [x]);
    net.compile({ optimizer: 'sgd', loss: 'mse' });
    const before = await net.evaluate(x, y, { verbose: 0 });
    await net.fit(x, y, { epochs: 5, verbose: 0 });
    const after = await net.evaluate(x, y, { verbose: 0 });
    expect(after.loss).toBeLessThan(before.loss!);
    const trained = net.trainableWeights.map(({ name }) => name.replace(`${net.network.name}/`, ''));
    const own = model.trainableWeights.map(({ name }) => name);
    expect([...trained].sort()).toEqual([...own].sort());
  });

  it('is in float32 for a model that computes in bfloat16', async () => {
    const model = new Sequential([input([3]) as never, layers.dense({ units: 2 })] as never, {
      dtypePolicy: 'mixedBfloat16',
    });
    await exportOnnx(model, path);
    expect(new Set(graphOf().initializer?.map(({ dataType }) => dataType))).toEqual(new Set([1]));
  });

  it('is written whole or not at all', async () => {
    const model = modelOf([3], (x) => layers.dense({ units: 2 }).apply(x));
    await exportOnnx(model as never, path);
    const before = readFileSync(path);
    await expect(exportOnnx(model as never, join(folder, 'none', 'a.onnx'))).rejects.toMatchObject({
      code: 'IO',
    });
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['model.onnx']);
  });
});

describe('applications', () => {
  const small = { weights: null, inputShape: [32, 32, 3], classes: 3 } as const;
  it.each(['mobileNet', 'mobileNetV2', 'mobileNetV3Small', 'efficientNetB0', 'resNet18', 'vgg16'] as const)(
    '%s comes back from ONNX',
    async (name) => {
      const model = await applications[name](small);
      const net = await comesBack(model as never, [numbers([2, 32, 32, 3])]);
      expect(kinds()).not.toContain('MatMul');
      net.dispose();
      model.dispose();
    },
  );
});

describe('model.exportOnnx and model.export', () => {
  it('write the file that exportOnnx writes', async () => {
    const model = modelOf([3], (x) => layers.dense({ units: 2 }).apply(x));
    await exportOnnx(model as never, path, { opset: 14, inputShapes: [[2, 3]] });
    const bytes = readFileSync(path);
    await model.exportOnnx(path, { opset: 14, inputShapes: [[2, 3]] });
    expect(readFileSync(path)).toEqual(bytes);
    const lines: unknown[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line));
    await model.export(path, { format: 'onnx', opset: 14, inputSignature: [[2, 3]], verbose: true });
    log.mockRestore();
    expect(lines).toEqual([`Wrote the model '${model.name}' to ${path}`]);
    expect(readFileSync(path)).toEqual(bytes);
    await expect(model.export(path, { format: 'tfSavedModel' as never })).rejects.toThrow("'onnx' as format");
  });

  it('need a model that knows its inputs', async () => {
    const model = new Sequential([layers.dense({ units: 2 })]);
    await expect(model.exportOnnx(path)).rejects.toMatchObject({ code: 'STATE' });
  });
});

describe('what cannot be written', () => {
  const refusedWith = async (body: (x: layers.KerasTensor) => layers.KerasTensor, ...parts: string[]) => {
    const model = modelOf([3, 3], body);
    const error = await exportOnnx(model as never, join(folder, 'refused.onnx')).then(
      () => undefined,
      (cause: unknown) => cause as EngineError,
    );
    expect(error).toBeInstanceOf(EngineError);
    expect(error?.code).toBe('ARGUMENT');
    for (const part of parts) expect(error?.message).toContain(part);
  };

  it('is told with its layer, op and reason', async () => {
    const noise = layers.dropout({ rate: 0.5, name: 'noisy' });
    await refusedWith((x) => noise.apply(x, { training: true }), "'dropout'", "layer 'noisy'", 'random');
    await refusedWith((x) => ops.cholesky(x), "'cholesky'", 'no op');
  });

  it('has a reason in docs/onnx.md, and is not written all the same', () => {
    const docs = readFileSync(new URL('../docs/onnx.md', import.meta.url), 'utf8').split('\n');
    for (const [op, reason] of Object.entries(OPS.refused)) {
      expect(
        docs.find((line) => line.includes(`\`${op}\``) && line.includes(`| ${reason} |`)),
        op,
      ).toBeDefined();
      expect(OPS.handlers).not.toHaveProperty(op);
    }
  });

  it.each([
    [{ opset: 12 }, 'an opset from 13 to 27'],
    [{ inputNames: ['a', 'b'] }, '1 different names as inputNames'],
    [{ outputNames: [''] }, 'a list of names as outputNames'],
    [{ inputShapes: [[null, 4]] }, 'a shape that fits [-1, 3]'],
    [{ inputShapes: [] }, 'a list of 1 shapes'],
    [{ opsets: 13 }, 'opset'],
  ])('options %o', async (options, message) => {
    const model = modelOf([3], (x) => layers.dense({ units: 2 }).apply(x));
    await expect(exportOnnx(model as never, path, options as never)).rejects.toThrow(message);
    await expect(exportOnnx(model as never, join(folder, 'model.txt'))).rejects.toThrow('ends with .onnx');
    await expect(exportOnnx({} as never, path)).rejects.toThrow('a model');
  });
});
