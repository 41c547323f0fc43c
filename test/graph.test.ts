import { atLeast } from '../lib/base/list.js';
import {
  Model,
  Sequential,
  type Sym,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  regularizers,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;
const still = () => optimizers.sgd({ learningRate: 0 });
const dense = (name: string, units = 4) => layers.dense({ units, name });

describe('the order of layers', () => {
  // Both as Keras 3.15 gives `model.layers`.
  it('goes by depth where a model branches', () => {
    const x = layers.input({ shape: [4], name: 'x' });
    const t = dense('t2a').apply(dense('t1a').apply(x));
    const u = dense('t3b').apply(dense('t2b').apply(dense('t1b').apply(x)));
    const model = new Model({ inputs: x, outputs: layers.add({ name: 'y' }).apply([t, u]) });
    expect(model.layers.map(({ name }) => name)).toEqual(['x', 't1b', 't1a', 't2b', 't2a', 't3b', 'y']);
    expect(model.weights.filter(({ rank }) => rank === 2).map(({ name }) => name)).toEqual(
      ['t1b', 't1a', 't2b', 't2a', 't3b'].map((name) => `${name}/kernel`),
    );
  });

  it('takes a shared layer at its deepest call, and several inputs and outputs', () => {
    const [x, y] = [layers.input({ shape: [4], name: 'x' }), layers.input({ shape: [4], name: 'y' })];
    const s = dense('s');
    const a = s.apply(x);
    const b = dense('b').apply(y);
    const e = layers.add({ name: 'e' }).apply([a, s.apply(b)]);
    const g = layers.add({ name: 'g' }).apply([dense('f').apply(e), x]);
    const model = new Model({ inputs: [y, x], outputs: [g, dense('h').apply(b)] });
    expect(model.layers.map(({ name }) => name)).toEqual(['y', 'x', 'b', 's', 'e', 'f', 'g', 'h']);
  });
});

describe('a model from within another', () => {
  const x = layers.input({ shape: [2] });
  const first = layers.dense({
    units: 3,
    kernelInitializer: 'ones',
    kernelRegularizer: regularizers.l2({ l2: 1 }),
  });
  const h = first.apply(x);
  const head = layers.dense({ units: 1, kernelInitializer: 'zeros' });
  const y = head.apply(h);

  it('holds and penalises the layers behind its inputs alone', async () => {
    const part = new Model({ inputs: h, outputs: y });
    expect(part.countParams()).toBe(4);
    expect(part.layers).toHaveLength(2);
    expect(part.layers[1]).toBe(head);
    part.compile({ optimizer: still(), loss: 'mse' });
    // The kernel of ones before it would add 6.
    expect((await part.evaluate([[1, 2, 3]], [[0]], quiet))['loss']).toBe(0);
    expect(new Model({ inputs: x, outputs: y }).countParams()).toBe(13);
    const again = Model.fromConfig(JSON.parse(JSON.stringify(part.getConfig())) as never);
    expect(again.countParams()).toBe(4);
    expect(await again.predict([[1, 2, 3]], quiet)).toMatchObject({ shape: [1, 1] });
  });

  it('can be cut at several places, and at its output', async () => {
    const sum = layers.add().apply([h, layers.rescaling({ scale: 2 }).apply(h)]);
    const part = new Model({ inputs: h, outputs: [sum, h] });
    const [total, same] = atLeast(
      (await part.predict([[1, 2, 3]], quiet)) as {
        data(): Promise<ArrayLike<number>>;
      }[],
      2,
    );
    expect(Array.from(await total.data())).toEqual([3, 6, 9]);
    expect(Array.from(await same.data())).toEqual([1, 2, 3]);
    const copy = new Model({ inputs: part.inputs, outputs: part.outputs });
    expect(copy.layers).toHaveLength(part.layers.length);
  });
});

describe('keys of losses and metrics', () => {
  const model = () => new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
  const keysOf = async (options: Parameters<Model['compile']>[0], made: Model = model()) => {
    made.compile({ optimizer: still(), ...options });
    const several = made.outputs.length;
    const targets = several > 1 ? Array.from({ length: several }, () => [[1]]) : [[1]];
    return Object.keys(await made.evaluate([[1, 2]], targets as never, quiet));
  };

  it('a metric that is weighted too has two', async () => {
    const both = {
      loss: 'mse',
      metrics: ['accuracy'],
      weightedMetrics: ['accuracy', 'accuracy'],
    } as const;
    expect(await keysOf(both)).toEqual(['loss', 'accuracy', 'weighted_accuracy', 'weighted_accuracy_1']);
  });

  it('functions without names and metrics of one name are counted', async () => {
    const fns = [
      (t: Sym, p: Sym) => ops.abs(ops.subtract(t, p)),
      (t: Sym, p: Sym) => ops.square(ops.subtract(t, p)),
    ];
    expect(await keysOf({ loss: 'mse', metrics: [...fns, 'mae', 'mae'] })).toEqual([
      'loss',
      'metric',
      'metric_1',
      'mae',
      'mae_1',
    ]);
    const loss = (t: Sym, p: Sym) => ops.abs(ops.subtract(t, p));
    expect(await keysOf({ loss: 'mse', metrics: [loss] })).toEqual(['loss', 'loss_1']);
  });

  it('two outputs of one layer have a name each', async () => {
    const [a, b] = [layers.input({ shape: [2], name: 'a' }), layers.input({ shape: [2], name: 'b' })];
    const head = layers.dense({ units: 1, name: 'head', kernelInitializer: 'ones' });
    const two = new Model({ inputs: [a, b], outputs: [head.apply(a), head.apply(b)] });
    expect(two.outputNames).toEqual(['head', 'head_1']);
    two.compile({ optimizer: still(), loss: 'mae', metrics: ['mae'] });
    const x = [[[1, 1]], [[2, 2]]];
    const logs = { loss: 6, head_loss: 2, head_1_loss: 4, head_mae: 2, head_1_mae: 4 };
    expect(await two.evaluate(x, [[[0]], [[0]]], quiet)).toEqual(logs);
    expect(await two.evaluate(x, { head: [[0]], head_1: [[0]] }, quiet)).toEqual(logs);
    expect(await rejectionOf(two.evaluate(x, { head: [[0]] }, quiet))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('losses and metrics of one’s own', () => {
  class Own extends losses.Loss {
    readonly className = 'Own';
    call(yTrue: Sym, yPred: Sym): Sym {
      return ops.square(ops.subtract(yTrue, yPred));
    }
  }
  class OwnMetric extends metrics.Metric {
    override readonly name = 'own';
    override call(yTrue: Sym, yPred: Sym): Sym {
      return ops.abs(ops.subtract(yTrue, yPred));
    }
  }
  const square = (yTrue: Sym, yPred: Sym) => ops.square(ops.subtract(yTrue, yPred));
  const flat = [1, 2, 3];
  const column = [[1], [2], [3]];

  it.each<[string, losses.Loss | losses.LossFunction]>([
    ['a function', square],
    ['a subclass', new Own()],
  ])('%s meets targets [n] and [n, 1] without broadcasting', async (_, loss) => {
    const wide = new Sequential([layers.input({ shape: [1] }), layers.rescaling({ scale: 1 })]);
    const narrow = new Sequential([layers.input({ shape: [1] }), layers.reshape({ targetShape: [] })]);
    for (const model of [wide, narrow]) {
      model.compile({ optimizer: still(), loss, metrics: [square, new OwnMetric()] });
      for (const targets of [flat, column])
        expect(await model.evaluate(column, targets, quiet)).toEqual({ loss: 0, square: 0, own: 0 });
    }
  });

  it('a function takes class numbers as they are', async () => {
    const model = new Sequential([layers.input({ shape: [3] }), layers.rescaling({ scale: 1 })]);
    const ranks: number[] = [];
    const loss = (yTrue: Sym, yPred: Sym) => {
      ranks.push(yTrue.rank);
      return ops.mean(yPred, { axis: -1 });
    };
    model.compile({ optimizer: still(), loss });
    await model.evaluate([[1, 2, 3]], [2], quiet);
    expect(ranks).toEqual([1]);
  });
});
