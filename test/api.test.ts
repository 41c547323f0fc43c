import { createContext, runInContext } from 'node:vm';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type ArrayData,
  type Batch,
  type Batches,
  type Data,
  Model,
  NDArray,
  Sequential,
  type Sym,
  activations,
  callbacks,
  datasets,
  layers,
  mixedPrecision,
  ops,
  tensor,
  zeros,
} from '../lib/index.js';

const typed = (message: string): unknown =>
  expect.objectContaining({ name: 'EngineError', message: expect.stringContaining(message) });

const cube = (x: Sym) => ops.mul(x, ops.mul(x, x));
activations.register('apiCube', cube);

describe("activations of one's own", () => {
  const own = (x: Sym) => ops.mul(x, 2);

  it.each([
    ['dense', layers.dense({ units: 1, activation: own })],
    ['conv2d', layers.conv2d({ filters: 1, kernelSize: 1, activation: own })],
    ['activation', layers.activation({ activation: own })],
    ['simpleRNN', layers.simpleRNN({ units: 1, activation: own })],
    ['lstm', layers.lstm({ units: 1, recurrentActivation: own })],
    ['gru', layers.gru({ units: 1, recurrentActivation: own })],
  ])('%s: a function without a name has no configuration', (_, layer) => {
    expect(() => layer.getConfig()).toThrow(typed('activations.register'));
  });

  it('survive a configuration by their name', () => {
    for (const activation of [cube, 'apiCube']) {
      const config = JSON.parse(
        JSON.stringify(
          new Sequential([layers.input({ shape: [1] }), layers.dense({ units: 1, activation })]).getConfig(),
        ),
      ) as Record<string, unknown>;
      const again = Sequential.fromConfig(config);
      expect(again.layers[0].getConfig()).toMatchObject({ activation: 'apiCube' });
    }
  });

  it('have names that mean one thing', () => {
    activations.register('apiCube', cube);
    expect(() => activations.register('apiCube', own)).toThrow(typed('a name that no other function has'));
    expect(() => activations.register('ReLU', own)).toThrow(typed('a name that no other function has'));
    expect(() => activations.register('x', 5 as never)).toThrow(typed('a function'));
  });
});

describe('arrays', () => {
  const far = createContext({});
  const made = <T>(code: string) => runInContext(code, far) as T;

  it('of another realm are taken', async () => {
    expect(await tensor(made<number[][]>('[[1, 2], [3, 4]]')).array()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    for (const kind of [
      'Float32Array',
      'Float64Array',
      'Int8Array',
      'Int16Array',
      'Int32Array',
      'Uint8Array',
      'Uint16Array',
    ])
      expect(Array.from(await tensor(made<Float32Array>(`new ${kind}([1, 2, 3])`)).data())).toEqual([
        1, 2, 3,
      ]);
    expect(tensor(made<Uint8Array>('new Uint8Array(2)')).dtype).toBe('uint8');
    expect(new NDArray(made<Int32Array>('new Int32Array(2)'), [2]).dtype).toBe('int32');
    const dense = layers.dense(made<{ units: number }>('({ units: 2 })'));
    expect(dense.options.units).toBe(2);
    const input = layers.input({ shape: [2], name: 'far' });
    const model = new Model({ inputs: input, outputs: layers.flatten().apply(input) });
    expect(await (await model.predict(made<Data>('({ far: [[1, 2]] })'))).array()).toEqual([[1, 2]]);
  });

  it('that hold themselves are an error', () => {
    const list: unknown[] = [];
    list.push(list);
    expect(() => tensor(list as never)).toThrow(typed('one that holds itself'));
  });
});

describe('errors instead of those of JavaScript', () => {
  it.each([
    ['zeros of a bigint', () => zeros([1n] as never), '[1n]'],
    ['an NDArray without a shape', () => new NDArray(new Float32Array(1), undefined as never), 'a shape'],
    ['a policy that is a number', () => mixedPrecision.setDtypePolicy(5 as never), 'received 5'],
    [
      'a layer applied to a tensor',
      () => layers.dense({ units: 1 }).apply(tensor([[1]]) as never),
      'predict of a model',
    ],
    ['batchNorm of a tensor', () => ops.batchNorm(tensor([[1]]) as never, [1], [0]), 'a symbolic value'],
    ['oneHot without options', () => ops.oneHot([1], undefined as never), 'the option depth'],
    ['an empty configuration', () => Model.fromConfig({}), 'a list of layers'],
    ['an empty configuration of a Sequential', () => Sequential.fromConfig({}), 'a list of layers'],
  ])('%s', (_, body, message) => {
    expect(body).toThrow(typed(message));
  });

  it('a mirror that is no address', async () => {
    await expect(datasets.mnist({ mirror: 5 as never })).rejects.toThrow(typed('mirror'));
    await expect(datasets.mnist({ miror: 'x' } as never)).rejects.toThrow(typed("did you mean 'mirror'"));
  });
});

describe('types', () => {
  it('fit what people write', () => {
    function* batches() {
      yield [tensor([[1]]), tensor([[2]])];
    }
    expectTypeOf(batches()).toExtend<Batches>();
    const validationData = [tensor([[1]]), tensor([[2]])];
    expectTypeOf(validationData).toExtend<Batch>();
    expectTypeOf<number[][]>().toExtend<ArrayData>();
    const seen: number[] = [];
    callbacks.lambdaCallback({ onEpochEnd: (epoch) => seen.push(epoch) });
    layers.dense({ units: 1, activation: 'leaky_relu' });
    expectTypeOf<{ lossWeights: number }>().toExtend<Parameters<Sequential['compile']>[0]>();
  });
});
