import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Model, type Sym, compile, grad, importOnnx, layers, ops, optimizers, tensor } from '../lib/index.js';
import { onnxCodec } from '../lib/onnx/codec.js';
import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from '../lib/onnx/messages.js';
import { tensorProto } from '../lib/onnx/tensors.js';
import { makeCase } from './onnx/cases.js';
import { failureOfOurs } from './onnx/ours.js';

const fixture = <T>(name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as T;
const bytesOf = (text: string) => Buffer.from(text, 'base64');

interface NodeCase {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

interface Training {
  readonly model: string;
  readonly x: readonly number[];
  readonly target: readonly number[];
  readonly first: readonly number[];
  readonly losses: readonly number[];
  readonly last: readonly number[];
  readonly head: readonly number[];
}

describe("the package onnx's tests of nodes", () => {
  test.each(fixture<NodeCase[]>('onnx_nodes'))('$name', async ({ name, model, inputs, outputs }) => {
    const files = { inputs: inputs.map(bytesOf), outputs: outputs.map(bytesOf) };
    expect(await failureOfOurs(makeCase(name, bytesOf(model), [files]))).toBeUndefined();
  });
});

const codec = await onnxCodec('test');
const value = (
  name: string,
  dims: readonly (number | string)[] | undefined,
  elemType = 1,
): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType,
      ...(dims && {
        shape: {
          dim: dims.map((one) => (typeof one === 'number' ? { dimValue: one } : { dimParam: one })),
        },
      }),
    },
  },
});
const made = (graph: Partial<GraphProto> & { node: readonly NodeProto[] }, more: Partial<ModelProto> = {}) =>
  codec.encode({
    ...{ irVersion: 10, opsetImport: [{ domain: '', version: 21 }] },
    graph: { name: 'g', input: [value('x', ['n', 3])], output: [value('y', undefined)], ...graph },
    ...more,
  });

describe('an imported network', () => {
  const data = fixture<Training>('onnx_training');
  const x = tensor(Float32Array.from(data.x), [6, 2, 8, 8]);
  const target = tensor(Float32Array.from(data.target), [6, 3]);
  // Sums of up to 200 float32 products of numbers of size 1: 200 · 2⁻²⁴ is 1.2e-5; five steps add up.
  const near = (got: ArrayLike<number>, wanted: readonly number[], bound: number) => {
    expect(got.length).toBe(wanted.length);
    wanted.forEach((n, i) => {
      expect(Math.abs(got[i]! - n), `number ${i}`).toBeLessThan(bound);
    });
  };

  test('predicts and trains as PyTorch does', async () => {
    using net = await importOnnx(bytesOf(data.model));
    expect(net.inputs.map(({ shape }) => shape)).toEqual([[-1, 2, 8, 8]]);
    expect(net.outputNames).toEqual(['y']);
    const { y } = await net.predict(x);
    near(await y!.data(), data.first, 2e-5);
    near(await (await net.infer({ x })).y!.data(), data.first, 2e-5);
    net.compile({
      optimizer: optimizers.sgd({ learningRate: 0.1, momentum: 0.9 }),
      loss: { y: 'meanSquaredError' },
    });
    const { history } = await net.fit(x, { y: target }, { epochs: 5, batchSize: 6, shuffle: false });
    near(history.loss!, data.losses, 1e-5);
    const after = await net.predict(x);
    near(await after.y!.data(), data.last, 5e-5);
    const head = net.weights.find(({ name }) => name.endsWith('/head.weight'));
    near(await head!.data(), data.head, 5e-5);
  });

  test('tells which tensors are weights, and trains those that the caller names', async () => {
    using net = await importOnnx(bytesOf(data.model), { trainable: (name) => name.startsWith('head') });
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name.split('/').at(-1));
    expect(names(net.trainableWeights)).toEqual(['head.weight', 'head.bias']);
    expect(names(net.nonTrainableWeights)).toContain('norm.mean');
    using frozen = await importOnnx(bytesOf(data.model), { trainable: false });
    expect(frozen.trainableWeights).toEqual([]);
    expect(frozen.weights.length).toBe(11);
  });

  test('can end at a value within it and be part of another model', async () => {
    using features = await importOnnx(bytesOf(data.model), { outputs: ['last'], name: 'features' });
    const input = layers.input({ shape: [2, 8, 8] });
    const output = layers.dense({ units: 2 }).apply(features.network.apply(input));
    using model = new Model({ inputs: input, outputs: output });
    expect((await model.predict(x)).shape).toEqual([6, 2]);
    expect(model.weights.length).toBe(13);
  });

  test('has gradients of its nodes that agree with differences', async () => {
    const node: NodeProto[] = [
      { opType: 'Gemm', input: ['x', 'w'], output: ['a'] },
      { opType: 'LayerNormalization', input: ['a', 's', 'o'], output: ['b'] },
      { opType: 'Gelu', input: ['b'], output: ['c'] },
      { opType: 'ReduceLogSumExp', input: ['c'], output: ['y'] },
    ];
    const initializer = [
      tensorProto('w', 'FLOAT', [3, 4], [1, -2, 0.5, 0.25, 2, 1, -1, 0.5, 0.75, -0.5, 1.5, -1]),
      tensorProto('s', 'FLOAT', [4], [1, 0.5, -1, 2]),
      tensorProto('o', 'FLOAT', [4], [0, 0.1, 0.2, -0.3]),
    ];
    using net = await importOnnx(made({ node, initializer }));
    const feed = [
      [0.5, -1, 2],
      [1, 0.25, -0.75],
    ];
    const [w] = net.weights;
    const gradient = compile((x: Sym) => grad(ops.sum(net.network.apply(x)), [w!])[0]!);
    const total = async () =>
      (await (await net.infer({ x: feed })).y!.data()).reduce((sum: number, n: number) => sum + n, 0);
    const before = Array.from(await w!.data());
    // Central differences of step 1e-2: errors of 1e-4 from the third derivative, and 1e-5 from rounding.
    const slopes: number[] = [];
    for (let i = 0; i < before.length; i++) {
      const sums: number[] = [];
      for (const step of [1e-2, -1e-2]) {
        w!.assign(Float32Array.from(before, (n, j) => (i === j ? n + step : n)));
        sums.push(await total());
      }
      slopes.push((sums[0]! - sums[1]!) / 2e-2);
    }
    w!.assign(Float32Array.from(before));
    near(await (await gradient(feed)).data(), slopes, 2e-3);
  });

  test('runs functions of the file, with their attributes', async () => {
    const bytes = made(
      {
        node: [
          {
            opType: 'Scaled',
            domain: 'own',
            input: ['x'],
            output: ['y'],
            attribute: [{ name: 'by', type: 1, f: 3 }],
          },
        ],
      },
      {
        opsetImport: [
          { domain: '', version: 21 },
          { domain: 'own', version: 1 },
        ],
        functions: [
          {
            ...{ name: 'Scaled', domain: 'own', input: ['a'], output: ['b'], attribute: ['by'] },
            opsetImport: [{ domain: '', version: 21 }],
            node: [
              {
                opType: 'Constant',
                input: [],
                output: ['k'],
                attribute: [{ name: 'value_float', type: 1, refAttrName: 'by' }],
              },
              { opType: 'Mul', input: ['a', 'k'], output: ['b'] },
            ],
          },
        ],
      },
    );
    using net = await importOnnx(bytes);
    expect(await (await net.infer({ x: [[1, 2, 3]] })).y!.array()).toEqual([[3, 6, 9]]);
  });

  test('does not compute with a size before it is known', async () => {
    const node: NodeProto[] = [
      { opType: 'Shape', input: ['x'], output: ['s'] },
      { opType: 'Cast', input: ['s'], output: ['f'], attribute: [{ name: 'to', type: 2, i: 1 }] },
      { opType: 'ReduceProd', input: ['f'], output: ['count'] },
      { opType: 'Mul', input: ['x', 'count'], output: ['y'] },
    ];
    for (const [output, nodes, message] of [
      ['y', node, /Mul: .*call infer/],
      ['f', node.slice(0, 2), /output 'f'.*call infer/],
    ] as const) {
      using net = await importOnnx(made({ node: [...nodes], output: [value(output, undefined)] }));
      const x = [
        [1, 2, 3],
        [0, 1, 0],
      ];
      const wanted = output === 'y' ? x.map((row) => row.map((n) => 6 * n)) : [2, 3];
      expect(await (await net.infer({ x }))[output]!.array()).toEqual(wanted);
      await expect(net.predict(tensor(x))).rejects.toMatchObject({
        code: 'STATE',
        message: expect.stringMatching(message) as string,
      });
    }
  });

  test('takes a fixed first axis for the batch where it is told to', async () => {
    const node = [{ opType: 'Relu', input: ['x'], output: ['y'] }];
    const bytes = made({ node, input: [value('x', [1, 3])] });
    using fixed = await importOnnx(bytes);
    expect(fixed.inputs[0]!.shape).toEqual([1, 3]);
    using free = await importOnnx(bytes, { freeBatch: true });
    expect(
      (
        await free.predict([
          [1, -2, 3],
          [4, 5, -6],
        ])
      ).y!.shape,
    ).toEqual([2, 3]);
  });
});

describe('what cannot be imported', () => {
  const refused = (bytes: Uint8Array, code: string, ...parts: string[]) =>
    expect(importOnnx(bytes)).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(parts.join('.*')) as string }) as Error,
    );

  test('unknown ops are listed, all of them', () =>
    refused(
      made({
        node: [
          { name: 'first', opType: 'Wavelet', input: ['x'], output: ['a'] },
          { name: 'second', opType: 'Rot', domain: 'com.else', input: ['a'], output: ['y'] },
        ],
      }),
      'ARGUMENT',
      'Rot \\(node .second., com.else',
      'Wavelet \\(node .first., opset 21',
    ));

  test('other opsets', () =>
    refused(
      made({ node: [] }, { opsetImport: [{ domain: '', version: 99 }] }),
      'ARGUMENT',
      'opset 7 to 27, received one of 99',
    ));

  test('types that the engine does not have', () =>
    refused(
      made({ node: [{ opType: 'Relu', input: ['x'], output: ['y'] }], input: [value('x', ['n'], 14)] }),
      'DTYPE',
      'COMPLEX64',
    ));

  test('values that no node makes', () =>
    refused(made({ node: [{ opType: 'Relu', input: ['z'], output: ['y'] }] }), 'ARGUMENT', "received 'z'"));

  test('functions that call themselves', () =>
    refused(
      made(
        { node: [{ opType: 'F', domain: 'own', input: ['x'], output: ['y'] }] },
        {
          functions: [
            {
              name: 'F',
              domain: 'own',
              input: ['a'],
              output: ['b'],
              node: [{ opType: 'F', domain: 'own', input: ['a'], output: ['b'] }],
            },
          ],
        },
      ),
      'ARGUMENT',
      '64 deep',
    ));

  test('options that are not known, and sources that are no file', async () => {
    await expect(importOnnx(new Uint8Array(3))).rejects.toThrow('[importOnnx] bytes');
    await expect(importOnnx('/none.onnx')).rejects.toThrow(expect.objectContaining({ code: 'IO' }) as Error);
    await expect(importOnnx(3 as never)).rejects.toThrow('the path of a file or its bytes');
    await expect(importOnnx('a', { frozen: true } as never)).rejects.toThrow('one of the options');
  });
});
