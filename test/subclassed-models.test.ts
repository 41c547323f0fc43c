import { atLeast, firstOf } from '../lib/base/list.js';
import {
  Model,
  NDArray,
  Sequential,
  type Shape,
  type Sym,
  type Tensor,
  layers,
  ops,
  optimizers,
  tensor,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { blobs } from './support/blobs.js';
import { errorOf, rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;
type Context = Parameters<layers.Layer['call']>[1];

class Mlp extends Model {
  override readonly className = 'Mlp';
  readonly hidden = layers.dense({ units: 8, activation: 'relu', name: 'hidden' });
  readonly drop = layers.dropout({ rate: 0.5 });
  readonly head = layers.dense({ units: 3, activation: 'softmax', name: 'head' });

  override call(x: Sym, context: Context): Sym {
    return this.head.apply(this.drop.apply(this.hidden.apply(x, context), context), context);
  }
}

/** Two inputs, two outputs. */
class Pair extends Model<readonly [layers.KerasTensor, layers.KerasTensor]> {
  readonly dense = layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' });

  override call(inputs: readonly Sym[], context: Context): Sym[] {
    const [a, b] = atLeast(inputs, 2);
    return [this.dense.apply(ops.concatenate([a, b], { axis: -1 }), context), ops.subtract(a, b)];
  }
}

const compiled = <M extends Model>(model: M): M => {
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.05 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
};

describe('a model with its own call', () => {
  const { x, y } = blobs(120);

  it('trains as the same layers in a Sequential', async () => {
    const model = compiled(new Mlp());
    expect(model.weights).toHaveLength(0);
    model.build([null, 2]);
    const plain = compiled(
      new Sequential([
        layers.input({ shape: [2] }),
        layers.dense({ units: 8, activation: 'relu' }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ]),
    );
    plain.setWeights(await model.getWeights());
    const options = { ...quiet, epochs: 4, seed: 1, validationData: [x, y] as const };
    // The masks of dropout depend on the seed, the step and the op, which are alike.
    expect((await model.fit(x, y, options)).history).toEqual((await plain.fit(x, y, options)).history);
    expect(await model.evaluate(x, y, quiet)).toEqual(await plain.evaluate(x, y, quiet));
    expect(await (await model.predict(x)).data()).toEqual(await (await plain.predict(x)).data());
    expect(model.layers.map(({ name }) => name)).toEqual(['hidden', model.drop.name, 'head']);
    expect(model.getLayer('head').countParams()).toBe(27);
    expect(model.countParams()).toBe(24 + 27);
  });

  it('takes shape and dtype of the first data', async () => {
    const forms: [string, Parameters<Mlp['predict']>[0]][] = [
      ['an NDArray', x],
      ['nested arrays', [[1, 2], [3, 4]]],
      ['a tensor', tensor([[1, 2]])],
      ['a list', [tensor([[1, 2]])]],
      ['an iterable', { *[Symbol.iterator]() { yield [[[1, 2]]] as const; } }],
    ]; // prettier-ignore
    for (const [name, data] of forms) {
      const model = new Mlp();
      expect((await model.predict(data)).shape.slice(1), name).toEqual([3]);
      expect(model.countParams(), name).toBe(24 + 27);
    }
    class Table extends Model {
      readonly table = layers.embedding({ inputDim: 3, outputDim: 2, embeddingsInitializer: 'ones' });
      override call(ids: Sym, context: Context): Sym {
        expect(ids.dtype).toBe('int32');
        return this.table.apply(ids, context);
      }
    }
    expect((await new Table().predict(new NDArray(Int32Array.of(0, 1, 2), [3]))).shape).toEqual([3, 2]);
    const model = compiled(new Mlp());
    await model.trainOnBatch([[1, 2]], [0]);
    expect((await rejectionOf(model.predict([[1, 2, 3]]))).message).toMatch(/expected shape \[n, 2\]/);
  });

  it('takes several inputs and gives several outputs', async () => {
    const [a, b] = [tensor([[1], [2]]), tensor([[5], [7]])];
    for (const data of [[a, b], { a, b }]) {
      const model = new Pair();
      const [sum, difference]: [Tensor, Tensor] = await model.predict(data);
      expect([...(await sum.data()), ...(await difference.data())]).toEqual([6, 9, -4, -5]);
      model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: 'mse' });
      const targets = [[[6], [9]], [[0], [0]]]; // prettier-ignore
      expect((await model.fit(data, targets, quiet)).history['loss']![0]).toBeCloseTo((16 + 25) / 2, 5);
    }
    const model = new Pair();
    model.build([[null, 3], [null, 3]]); // prettier-ignore
    expect(model.countParams()).toBe(6);
    expect(model.inputs.map(({ shape }) => shape)).toEqual([[-1, 3], [-1, 3]]); // prettier-ignore
  });

  it('is a layer of other models', async () => {
    const input = layers.input({ shape: [2] });
    const inner = new Mlp();
    const outer = new Model({ inputs: input, outputs: inner.apply(input) });
    compiled(outer);
    expect(outer.trainableWeights).toHaveLength(4);
    const [before] = atLeast(await inner.getWeights(), 1);
    await outer.fit(x, y, quiet);
    expect(firstOf(await inner.getWeights()).data).not.toEqual(before.data);
    inner.trainable = false;
    expect(outer.trainableWeights).toHaveLength(0);
  });

  it('adds losses and follows trainable', async () => {
    class Penalized extends Model {
      readonly dense = layers.dense({ units: 1, kernelInitializer: 'ones', useBias: false });
      override call(x: Sym, context: Context): Sym {
        this.addLoss(ops.multiply(ops.sum(ops.square(x)), 2));
        return this.dense.apply(x, context);
      }
    }
    const model = new Penalized();
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(await model.testOnBatch([[3]], [[1]])).toEqual({ loss: 4 + 18 });
    model.dense.trainable = false;
    await model.trainOnBatch([[3]], [[1]]);
    expect(firstOf(await model.getWeights()).data).toEqual(Float32Array.of(1));
  });

  it('has a configuration as a layer has', () => {
    const { name, ...config } = new Mlp({ name: 'mine', trainable: false }).getConfig();
    expect(name).toBe('mine');
    expect(config).toEqual({ trainable: false, dtypePolicy: 'float32' });
  });
});

describe('build', () => {
  it('makes the weights of a Sequential without an input', async () => {
    const model = new Sequential([layers.dense({ units: 4 }), layers.dense({ units: 1 })]);
    expect(model.weights).toHaveLength(0);
    model.build([null, 3]);
    model.build([null, 3]);
    expect(model.countParams()).toBe(16 + 5);
    expect((await model.predict([[1, 2, 3]])).shape).toEqual([1, 1]);
    const images = new Sequential([layers.conv2d({ filters: 2, kernelSize: 3 })]);
    images.build([-1, null, null, 1]);
    expect(firstOf(images.outputs).shape).toEqual([-1, -1, -1, 2]);
  });

  it('happens where such a model is a layer', async () => {
    const inner = new Sequential([layers.dense({ units: 4 })]);
    const outer = new Sequential([layers.input({ shape: [3] }), inner, layers.dense({ units: 1 })]);
    expect(inner.countParams()).toBe(16);
    expect((await outer.predict([[1, 2, 3]])).shape).toEqual([1, 1]);
  });

  it('says what it expects', () => {
    const model = new Sequential([layers.dense({ units: 4 })]);
    for (const wrong of [undefined, [], 3, [[]], 'x', [null, 0]])
      expect(errorOf(() => { model.build(wrong as never); }).code).toBe('ARGUMENT'); // prettier-ignore
    expect(errorOf(() => { model.build([[null, 1], [null, 2]]); }).message).toMatch(/one input/); // prettier-ignore
  });
});

describe('addLoss', () => {
  it('names the layer that gives no single number', () => {
    class Wrong extends layers.Layer {
      readonly className = 'Wrong';
      constructor(private readonly loss: (x: Sym) => unknown) {
        super({ name: 'mine' });
      }
      override build(_: Shape): void {}
      call(x: Sym): Sym {
        this.addLoss(this.loss(x) as Sym);
        return x;
      }
    }
    const applied = (loss: (x: Sym) => unknown) =>
      errorOf(() => new Wrong(loss).apply(layers.input({ shape: [3] }))).message;
    expect(applied((x) => ops.mean(x, { axis: -1 }))).toMatch(
      /^\[mine\] expected one symbolic number in addLoss, received \[\?\]/,
    );
    expect(applied(() => 5)).toMatch(/^\[mine\].*addLoss, received 5/);
    expect(applied((x) => ops.cast(ops.sum(x), 'int32'))).toMatch(/^\[mine\] expected float32 in addLoss/);
  });
});
