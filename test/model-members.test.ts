import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, Sequential, type Sym, cloneModel, layers, ops } from '../lib/index.js';
import { errorOf } from './support/run.js';

const net = () =>
  new Sequential([
    layers.input({ shape: [2] }),
    layers.dense({ units: 3, name: 'first' }),
    layers.batchNormalization({ name: 'norm' }),
    layers.dense({ units: 1, name: 'last' }),
  ]);
const quiet = { verbose: 0 } as const;
const x = [
  [1, 2],
  [3, -1],
];

describe('members of models', () => {
  it('nonTrainableWeights are statistics and what is frozen', () => {
    const model = net();
    const names = () => model.nonTrainableWeights.map(({ name }) => name);
    expect(names()).toEqual(['norm/movingMean', 'norm/movingVariance']);
    model.getLayer('last').trainable = false;
    expect(names()).toEqual([...names().slice(0, 2), 'last/kernel', 'last/bias']);
    model.trainable = false;
    expect(model.nonTrainableWeights).toEqual(model.weights);
  });

  it('getLayer takes a name or a place', () => {
    const model = net();
    expect(model.getLayer({ index: 0 })).toBe(model.getLayer('first'));
    expect(model.getLayer({ index: -1 })).toBe(model.getLayer('last'));
    for (const wrong of [
      undefined as never,
      { index: 3 },
      'frist',
      {},
      { index: 0, name: 'first' },
      { index: 0.5 },
    ])
      expect(errorOf(() => model.getLayer(wrong)).message).toContain('one of first, norm, last');
  });
});

describe('pop', () => {
  it('takes the last layer away; what follows goes on from there', async () => {
    const model = net();
    model.compile({ loss: 'mse' });
    await model.predict(x, quiet);
    const last = model.getLayer('last');
    expect(model.pop()).toBe(last);
    expect(firstOf(model.outputs).shape).toEqual([-1, 3]);
    expect((await model.predict(x, quiet)).shape).toEqual([2, 3]);
    expect(model.weights).toHaveLength(6);
    model.add(layers.dense({ units: 2, name: 'last' }));
    expect((await model.trainOnBatch(x, x))['loss']).toBeGreaterThan(0);
  });

  it('leaves nothing at the end, then a model that can be filled again', async () => {
    const model = net();
    for (let i = 0; i < 3; i++) model.pop();
    expect(errorOf(() => model.pop())).toMatchObject({ code: 'STATE' });
    expect(errorOf(() => model.outputs)).toMatchObject({ code: 'STATE' });
    model.add(layers.dense({ units: 4, name: 'first' }));
    expect((await model.predict(x, quiet)).shape).toEqual([2, 4]);
  });
});

describe('cloneModel', () => {
  /** With a shared layer, a call of an op and outputs in a record. */
  function shared() {
    const inputs = [layers.input({ shape: [2], name: 'a' }), layers.input({ shape: [2], name: 'b' })];
    const dense = layers.dense({ units: 2, name: 'both' });
    const [a, b] = atLeast(
      inputs.map((place) => dense.apply(place)),
      2,
    );
    return new Model({ inputs, outputs: { sum: ops.add(a, ops.multiply(b, 2)), a } });
  }

  it('makes an equal model with weights of its own', async () => {
    const model = shared();
    const copy = cloneModel(model);
    expect(copy.getConfig()).toEqual(model.getConfig());
    expect(copy.getLayer('both')).not.toBe(model.getLayer('both'));
    copy.setWeights(await model.getWeights());
    const [y, z] = atLeast(
      [await model.predict([x, x], quiet), await copy.predict([x, x], quiet)] as never as {
        sum: { data(): Promise<Float32Array> };
      }[],
      2,
    );
    expect(await z.sum.data()).toEqual(await y.sum.data());
    const row = cloneModel(net());
    expect(row).toBeInstanceOf(Sequential);
    expect(row.inputNames).toHaveLength(1);
    expect(row.countParams()).toBe(net().countParams());
  });

  it('takes inputs, and makes layers by a function', () => {
    const place = layers.input({ shape: [2], name: 'other' });
    const wider = (layer: layers.Layer) =>
      layer instanceof layers.Dense
        ? new layers.Dense({ ...layer.options, units: 5 })
        : new layers.BatchNormalization({ name: layer.name });
    const copy = cloneModel(net(), { inputTensors: place, cloneFunction: wider });
    expect(copy.inputNames).toEqual(['other']);
    expect(firstOf(copy.outputs).shape).toEqual([-1, 5]);
    expect(firstOf(cloneModel(shared(), { cloneFunction: wider }).outputs).shape).toEqual([-1, 5]);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['no model', () => cloneModel(layers.relu() as never), /expected a model/],
    [
      'too few inputs',
      () => cloneModel(shared(), { inputTensors: layers.input({ shape: [2] }) }),
      /2 inputTensors/,
    ],
    ['no layers', () => cloneModel(net(), { cloneFunction: () => 3 as never }), /a layer from cloneFunction/],
    [
      'a typing error',
      () => cloneModel(net(), { clonefunction: 1 } as never),
      /did you mean 'cloneFunction'/,
    ],
  ])('refuses %s', (_, call, message) => {
    expect(errorOf(call)).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a subclass with its own call', () => {
    class Own extends Model {
      override readonly className = 'Own';
      override call(y: Sym) {
        return y;
      }
    }
    expect(errorOf(() => cloneModel(new Own())).message).toMatch(/connected layers/);
  });
});

describe('input and output', () => {
  const x = layers.input({ shape: [3] });
  const y = layers.dense({ units: 2 }).apply(x);

  it('are those of a model of connected layers, also after it was applied elsewhere', () => {
    const model = new Model({ inputs: x, outputs: y });
    expect(model.input).toBe(x);
    expect(model.output).toBe(y);
    model.apply(layers.input({ shape: [3] }));
    expect(model.input).toBe(x);
    expect(model.output).toBe(y);
    expect(new Sequential([layers.input({ shape: [3] }), layers.dense({ units: 4 })]).output.shape).toEqual([
      -1, 4,
    ]);
  });

  it('are lists where there are several', () => {
    const second = layers.input({ shape: [2] });
    const model = new Model({ inputs: [x, second], outputs: { y, second } });
    expect(model.input).toEqual([x, second]);
    expect(model.output).toEqual([y, second]);
  });

  it('are those of the first call where a subclass calls its layers', () => {
    class Own extends Model {
      override readonly className = 'Own';
      override call(place: Sym) {
        return place;
      }
    }
    const model = new Own();
    expect(errorOf(() => model.output)).toMatchObject({ code: 'STATE' });
    const place = model.apply(x);
    expect(model.output).toEqual(place);
  });
});
