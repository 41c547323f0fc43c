import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Model,
  NDArray,
  Sequential,
  type Sym,
  callbacks,
  compile,
  initializers,
  layers,
  losses,
  ops,
  optimizers,
  setSeed,
} from '../lib/index.js';
import { errorOf, rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;
const x = new NDArray(
  Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * 12.9898)),
  [20, 2],
);
const y = Float32Array.from({ length: 20 }, (_, i) => Math.cos(i));

const net = (options: Parameters<Model['compile']>[0] = {}) => {
  setSeed(4);
  const model = new Sequential([
    layers.input({ shape: [2] }),
    layers.dense({
      units: 4,
      activation: 'tanh',
      kernelInitializer: initializers.orthogonal({ seed: 1 }),
      name: 'a',
    }),
    layers.dropout({ rate: 0.2, name: 'b' }),
    layers.dense({ units: 1, kernelInitializer: initializers.orthogonal({ seed: 2 }), name: 'c' }),
  ]);
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.05 }),
    loss: 'mse',
    metrics: ['mae'],
    ...options,
  });
  return model;
};

describe('setWeights', () => {
  it('changes nothing where one array does not fit', async () => {
    const model = net();
    const before = await model.getWeights();
    const changed = before.map(
      ({ data, shape }) =>
        new NDArray(
          Float32Array.from(data, (v) => v + 1),
          shape,
        ),
    );
    const wrong: [string, NDArray | Float32Array | undefined][] = [
      ['another shape', new NDArray(new Float32Array(2), [2])],
      ['another length', new Float32Array(7)],
      ['nothing', undefined],
    ];
    for (const [name, last] of wrong) {
      const values = [...changed.slice(0, -1), last!];
      expect(
        errorOf(() => model.setWeights(values)),
        name,
      ).toMatchObject({ name: 'EngineError' });
      expect(await model.getWeights(), name).toEqual(before);
    }
    model.setWeights(changed);
    expect(await model.getWeights()).toEqual(changed);
  });

  it('nor do those of optimizers', async () => {
    const model = net();
    await model.fit(x, y, quiet);
    const { optimizer } = model;
    const before = await optimizer.getWeights();
    const changed = before.map(
      ({ data, shape }) =>
        new NDArray(
          Float32Array.from(data, (v) => v + 1),
          shape,
        ),
    );
    const values = [...changed.slice(0, -1), new NDArray(new Float32Array(99), [99])];
    expect(errorOf(() => optimizer.setWeights(values))).toMatchObject({ code: 'SHAPE' });
    expect(await optimizer.getWeights()).toEqual(before);
  });
});

describe('fit', () => {
  const validated = async (validationFreq: number | number[]) => {
    const seen: number[] = [];
    const watch = callbacks.lambdaCallback({
      onEpochEnd: (epoch, logs) => 'val_loss' in logs && void seen.push(epoch),
    });
    const options = {
      ...quiet,
      epochs: 5,
      validationData: [x, y] as const,
      validationFreq,
      callbacks: watch,
    };
    const { history } = await net().fit(x, y, options);
    expect(history['loss']).toHaveLength(5);
    expect(history['val_loss']).toHaveLength(seen.length);
    return seen;
  };

  it('validates after every validationFreq-th epoch, or after those of a list', async () => {
    expect(await validated(1)).toEqual([0, 1, 2, 3, 4]);
    expect(await validated(2)).toEqual([1, 3]);
    expect(await validated([1, 4])).toEqual([0, 3]);
    for (const wrong of [0, 1.5, [0], ['1'], 'often'])
      expect(await rejectionOf(validated(wrong as number))).toMatchObject({ code: 'ARGUMENT' });
  });

  it('calls hooks on batches after groups of stepsPerExecution steps', async () => {
    const runs = async (stepsPerExecution: number, data: 'arrays' | 'batches') => {
      const seen: string[] = [];
      const model = net({ stepsPerExecution });
      const watch = callbacks.lambdaCallback({
        onTrainBatchBegin: (batch) => void seen.push(`+${batch}`),
        onTrainBatchEnd: (batch, logs) => void seen.push(`-${batch} ${logs['loss']!.toFixed(4)}`),
      });
      function* batches() {
        for (let i = 0; i < 20; i += 4)
          yield [
            new NDArray((x.data as Float32Array).slice(2 * i, 2 * i + 8), [4, 2]),
            new NDArray(y.slice(i, i + 4), [4]),
          ] as const;
      }
      const options = { ...quiet, seed: 1, callbacks: watch };
      if (data === 'arrays') await model.fit(x, y, { ...options, batchSize: 4, shuffle: false });
      else await model.fit(batches(), options);
      return { seen, weights: await model.getWeights() };
    };
    const single = await runs(1, 'arrays');
    const ends = single.seen.filter((text) => text.startsWith('-'));
    expect(single.seen.filter((text) => text.startsWith('+'))).toEqual(['+0', '+1', '+2', '+3', '+4']);
    for (const data of ['arrays', 'batches'] as const) {
      const grouped = await runs(2, data);
      expect(grouped.seen).toEqual(['+0', ends[1], '+2', ends[3], '+4', ends[4]]);
      expect(grouped.weights).toEqual(single.weights);
      expect((await runs(99, data)).seen).toEqual(['+0', ends[4]]);
    }
    expect(errorOf(() => net({ stepsPerExecution: 0 })).message).toMatch(/positive integer/);
  });
});

describe('returnDict', () => {
  it('false gives numbers in the order of metricsNames', async () => {
    const model = net();
    const { loss, mae } = await model.evaluate(x, y, quiet);
    expect(await model.evaluate(x, y, { ...quiet, returnDict: false })).toEqual([loss, mae]);
    expect(model.metricsNames).toEqual(['loss', 'mae']);
    const one = await model.testOnBatch(x, y, { returnDict: true });
    expect(await model.testOnBatch(x, y, { returnDict: false })).toEqual([one['loss'], one['mae']]);
    const alone = net({ metrics: [] });
    expect(await alone.evaluate(x, y, { ...quiet, returnDict: false })).toBe(loss);
    expect(await alone.trainOnBatch(x, y, { returnDict: false })).toBeGreaterThan(0);
    expect((await rejectionOf(model.evaluate(x, y, { returnDict: 1 } as never))).message).toMatch(
      /returnDict/,
    );
  });
});

describe('runEagerly', () => {
  it('traces each step on its numbers, with the same results', async () => {
    const sums: number[] = [];
    const gradients: number[][] = [];
    class Seen extends layers.Layer {
      readonly className = 'Seen';
      static looks = false;
      call(x: Sym) {
        if (Seen.looks) sums.push(Array.from(x.dataSync()).reduce((a, b) => a + b, 0));
        return x;
      }
    }
    class Watched extends Model {
      override trainStep([x, y]: readonly [Sym, Sym]) {
        const yPred = this.apply(x, { training: true });
        const loss = this.computeLoss({ x, y, yPred });
        const before = this.trainableWeights.map((weight) => Array.from(weight.dataSync()));
        const given = firstOf(
          loss.trace.gradients([loss], [loss.trace.start(firstOf(this.trainableWeights))]),
        );
        gradients.push(Array.from(given.dataSync()));
        this.optimizer.minimize(loss, this.trainableWeights);
        // Looking changes nothing.
        loss.dataSync();
        expect(this.trainableWeights.map((weight) => Array.from(weight.dataSync()))).toEqual(before);
        return { loss, first: firstOf(x.dataSync()) };
      }
    }
    const make = (watched: boolean) => {
      const input = layers.input({ shape: [2] });
      const hidden = layers
        .dense({ units: 3, kernelInitializer: initializers.orthogonal({ seed: 3 }) })
        .apply(input);
      const seen = watched ? new Seen().apply(hidden) : hidden;
      const outputs = layers
        .dense({ units: 1, kernelInitializer: initializers.orthogonal({ seed: 4 }) })
        .apply(seen);
      return { inputs: input, outputs };
    };
    const plain = new Model(make(false));
    plain.compile({ optimizer: 'adam', loss: 'mse' });
    const options = { ...quiet, batchSize: 8, epochs: 2, seed: 2 };
    await plain.fit(x, y, options);
    const model = new Watched(make(true));
    // There are no numbers yet where a model is described.
    Seen.looks = true;
    expect(errorOf(() => new Watched(make(true)))).toMatchObject({ code: 'STATE' });
    model.compile({ optimizer: 'adam', loss: 'mse', runEagerly: true });
    const { history } = await model.fit(x, y, options);
    expect(await model.getWeights()).toEqual(await plain.getWeights());
    expect(sums).toHaveLength(6);
    expect(gradients).toHaveLength(6);
    expect(gradients.flat().every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
    expect(history['first']).toHaveLength(2);
    const predicted = await model.predict(x, { batchSize: 8 });
    expect(sums).toHaveLength(9);
    expect(await predicted.data()).toEqual(await (await plain.predict(x, { batchSize: 8 })).data());
    expect(await model.evaluate(x, y, quiet)).toEqual(await plain.evaluate(x, y, quiet));
    model.runEagerly = false;
    expect(errorOf(() => ((model as unknown as { runEagerly: unknown }).runEagerly = 1))).toMatchObject({
      code: 'ARGUMENT',
    });
    expect((await rejectionOf(model.trainOnBatch(x, y))).message).toMatch(/runEagerly: true/);
  });

  it('with iterables and weights', async () => {
    const weights = Float32Array.from({ length: 20 }, (_, i) => i % 3);
    for (const runEagerly of [false, true]) {
      const model = net({ runEagerly, weightedMetrics: ['mse'] });
      const options = { ...quiet, seed: 5, epochs: 2 };
      await model.fit(x, y, { ...options, sampleWeight: weights, batchSize: 6 });
      await model.fit({ [Symbol.iterator]: () => [[x, y, weights]][Symbol.iterator]() }, options);
      results.push([await model.getWeights(), await model.evaluate(x, y, quiet)]);
    }
    expect(results[1]).toEqual(results[0]);
  });
  const results: unknown[] = [];

  it('a value has no numbers elsewhere', async () => {
    const step = compile((x: Sym) => ops.multiply(x, x.dataSync()[0]!));
    expect(await rejectionOf(step([1]))).toMatchObject({ code: 'STATE' });
    expect(losses.meanSquaredError().reduction).toBe('sumOverBatchSize');
  });
});

describe('summary', () => {
  const lines = (options: Parameters<Model['summary']>[0]) =>
    net()
      .summary({ printFn: () => undefined, ...options })
      .split('\n');

  it('shows a range of layers, by names or expressions, in either order', () => {
    const names = (layerRange: readonly [string, string]) =>
      lines({ layerRange }).flatMap((line) => /│ (\w) \(/.exec(line)?.[1] ?? []);
    expect(names(['a', 'b'])).toEqual(['a', 'b']);
    expect(names(['c', 'b'])).toEqual(['b', 'c']);
    expect(names(['[bc]', '[bc]'])).toEqual(['b', 'c']);
    expect(errorOf(() => names(['a', 'd'])).message).toMatch(/two of a, b, c as layerRange/);
    for (const wrong of [['a'], 'a', [1, 2], ['(', 'b']])
      expect(errorOf(() => names(wrong as never))).toMatchObject({ code: 'ARGUMENT' });
  });

  it('puts columns where positions say', () => {
    const ends = (positions: readonly number[]) =>
      Array.from(itemAt(lines({ positions, lineLength: 80 }), 1).matchAll(/[┳┓]/g), ({ index }) => index + 1);
    // Where Keras 3.15 draws them.
    expect(ends([0.5, 0.75, 1])).toEqual([41, 60, 80]);
    expect(ends([0.25, 0.75, 1])).toEqual([21, 60, 80]);
    for (const wrong of [
      [0.5, 1],
      [0.5, 0.4, 1],
      [0.5, 0.6, 2],
      ['a', 'b', 'c'],
      [0.01, 0.02, 1],
    ])
      expect(
        errorOf(() => ends(wrong as number[])),
        String(wrong),
      ).toMatchObject({ code: 'ARGUMENT' });
  });
});
