import { firstOf } from '../lib/base/list.js';
import { Model, Sequential, type Sym, layers, ops, optimizers, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { blobs } from './support/blobs.js';
import { settled } from './support/garbage.js';
import { errorOf, rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;

const mnistLayers = () => [
  layers.input({ shape: [28, 28, 1] }),
  layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
  layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
  layers.maxPooling2d({ poolSize: 2 }),
  layers.dropout({ rate: 0.25 }),
  layers.flatten(),
  layers.dense({ units: 128, activation: 'relu' }),
  layers.dropout({ rate: 0.5 }),
  layers.dense({ units: 10, activation: 'softmax' }),
];

/** Two inputs, two outputs, and a layer that both branches share. */
function twoByTwo() {
  const a = layers.input({ shape: [2], name: 'a' });
  const b = layers.input({ shape: [2], name: 'b' });
  const shared = layers.dense({ units: 3, name: 'shared', activation: 'tanh' });
  const both = layers.concatenate().apply([shared.apply(a), shared.apply(b)]);
  const sum = layers.dense({ units: 1, name: 'sum' }).apply(both);
  const kind = layers.dense({ units: 3, name: 'kind', activation: 'softmax' }).apply(both);
  return new Model({ inputs: [a, b], outputs: [sum, kind] });
}

describe('Sequential', () => {
  it('counts the parameters of the MNIST net as Keras does', () => {
    const model = new Sequential(mnistLayers());
    expect(model.countParams()).toBe(1_199_882);
    expect(model.weights.map((weight) => weight.shape)).toEqual([
      [3, 3, 1, 32],
      [32],
      [3, 3, 32, 64],
      [64],
      [9216, 128],
      [128],
      [128, 10],
      [10],
    ]);
  });

  it('prints its summary', () => {
    const lines: string[] = [];
    const text = new Sequential(mnistLayers()).summary({ printFn: (text) => void lines.push(text) });
    expect(lines.join('\n')).toContain('Conv2D');
    const joined = lines.join('\n');
    for (const part of ['26, 26, 32', '24, 24, 64', '12, 12, 64', '9216', '18,496', '1,179,776', '1,199,882'])
      expect(joined).toContain(part);
    expect(text).toBe(joined);
  });

  it('without an input is built by the first data', async () => {
    const model = new Sequential([
      layers.dense({ units: 4, activation: 'relu' }),
      layers.dense({ units: 1 }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    await model.fit([[1, 2, 3]], [[1]], quiet);
    expect(model.countParams()).toBe(16 + 5);
    expect((await model.predict([[1, 2, 3]], quiet)).shape).toEqual([1, 1]);
  });

  it('grows by add', () => {
    const model = new Sequential();
    model.add(layers.input({ shape: [3] }));
    model.add(layers.dense({ units: 2 }));
    expect(model.countParams()).toBe(8);
    model.add(layers.dense({ units: 5 }));
    expect(model.countParams()).toBe(8 + 15);
    expect(model.layers).toHaveLength(2);
  });

  it('the seed decides the weights', async () => {
    const numbers = async (seed: number) =>
      firstOf(
        await new Sequential([layers.input({ shape: [3] }), layers.dense({ units: 2 })], {
          seed,
        }).getWeights(),
      );
    expect((await numbers(1)).data).toEqual((await numbers(1)).data);
    expect((await numbers(2)).data).not.toEqual((await numbers(1)).data);
  });
});

describe('functional models', () => {
  it('run branches, shared layers and several outputs', async () => {
    const model = twoByTwo();
    expect(model.countParams()).toBe(9 + 7 + 21);
    const [sum, kind] = await model.predict([[[1, 2]], [[3, 4]]], quiet);
    expect(sum.shape).toEqual([1, 1]);
    expect(kind.shape).toEqual([1, 3]);
  });

  it('losses, weights and metrics go by output', async () => {
    const model = twoByTwo();
    model.compile({
      optimizer: optimizers.sgd({ learningRate: 0 }),
      loss: { sum: 'mse', kind: 'sparseCategoricalCrossentropy' },
      lossWeights: { sum: 0.5, kind: 2 },
      metrics: { sum: 'mae', kind: ['accuracy'] },
    });
    const { x, y, rows, labels } = blobs(40);
    const data = { a: x, b: rows };
    const targets = { sum: rows.map(([p, q]) => [p! + q!]), kind: y };
    const { history } = await model.fit(data, targets, quiet);
    expect(Object.keys(history)).toEqual(['loss', 'sum_loss', 'kind_loss', 'sum_mae', 'kind_accuracy']);
    expect(history['loss']![0]).toBeCloseTo(
      0.5 * firstOf(history['sum_loss']!) + 2 * firstOf(history['kind_loss']!),
      4,
    );
    const listed = await model.evaluate([x, x], [targets.sum, labels], quiet);
    expect(listed['loss']).toBeCloseTo(firstOf(history['loss']!), 4);
    const same = twoByTwo();
    same.compile({ optimizer: 'sgd', loss: ['mse', null], metrics: [[], ['accuracy']] });
    expect(Object.keys(await same.evaluate([x, x], [targets.sum, labels], quiet))).toEqual([
      'loss',
      'sum_loss',
      'kind_accuracy',
    ]);
  });

  it('models are layers', async () => {
    const inner = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 2, name: 'inside' })]);
    const x = layers.input({ shape: [2] });
    const y = layers.dense({ units: 1 }).apply(layers.add().apply([inner.apply(x), x]));
    const outer = new Model({ inputs: x, outputs: y });
    expect(outer.countParams()).toBe(6 + 3);
    outer.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
    const before = firstOf(await inner.getWeights()).data;
    await outer.fit([[1, 2]], [[3]], quiet);
    expect(firstOf(await inner.getWeights()).data).not.toEqual(before);
    inner.trainable = false;
    const frozen = firstOf(await inner.getWeights()).data;
    await outer.fit([[1, 2]], [[3]], quiet);
    expect(firstOf(await inner.getWeights()).data).toEqual(frozen);
  });

  it('parts of a model are models', async () => {
    const x = layers.input({ shape: [2] });
    const hidden = layers.dense({ units: 3 }).apply(x);
    const whole = new Model({ inputs: x, outputs: layers.dense({ units: 1 }).apply(hidden) });
    const part = new Model({ inputs: x, outputs: hidden });
    expect(whole.countParams()).toBe(9 + 4);
    expect((await part.predict([[1, 2]], quiet)).shape).toEqual([1, 3]);
  });

  it('a graph that is not connected names the layer', () => {
    const [x, lost] = [layers.input({ shape: [2] }), layers.input({ shape: [2], name: 'lost' })];
    const y = layers.add().apply([x, lost]);
    const missing = errorOf(() => new Model({ inputs: x, outputs: y }));
    expect(missing.code).toBe('ARGUMENT');
    expect(missing.message).toMatch(/'lost'/);
    expect(errorOf(() => new Model({ inputs: [], outputs: y }))).toMatchObject({ code: 'ARGUMENT' });
  });
});

class Offset extends layers.Layer {
  static override readonly optionNames = { ...layers.Layer.optionNames, by: 'required' };
  readonly className = 'Offset';
  readonly by: number;
  constructor(options: { by: number; name?: string }) {
    super(options);
    this.by = options.by;
  }
  call(x: Sym): Sym {
    return ops.add(x, this.by);
  }
  override getConfig() {
    return { ...super.getConfig(), by: this.by };
  }
}

describe('configurations', () => {
  const copyOf = (config: unknown) => JSON.parse(JSON.stringify(config)) as never;

  it('make an equal Sequential', async () => {
    const model = new Sequential(mnistLayers());
    const again = Sequential.fromConfig(copyOf(model.getConfig()));
    expect(again.getConfig()).toEqual(model.getConfig());
    again.setWeights(await model.getWeights());
    const x = tensor(new Float32Array(784).fill(0.5), [1, 28, 28, 1]);
    expect(await (await again.predict(x, quiet)).data()).toEqual(
      await (await model.predict(x, quiet)).data(),
    );
  });

  it('make an equal functional model, shared layers shared', async () => {
    const model = twoByTwo();
    const again = Model.fromConfig(copyOf(model.getConfig()));
    expect(again.getConfig()).toEqual(model.getConfig());
    expect(again.countParams()).toBe(model.countParams());
  });

  it('models within models keep theirs', () => {
    const inner = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 2 })], {
      name: 'inner',
      trainable: false,
    });
    const outer = new Sequential([layers.input({ shape: [2] }), inner, layers.dense({ units: 1 })]);
    const again = Sequential.fromConfig(copyOf(outer.getConfig()));
    expect(again.getConfig()).toEqual(outer.getConfig());
    expect(again.layers[0]).toBeInstanceOf(Sequential);
    expect(again.trainableWeights).toHaveLength(2);
    const functional = new Model({ inputs: inner.inputs, outputs: inner.outputs, name: 'part' });
    const nested = new Sequential([layers.input({ shape: [2] }), functional]);
    expect(Sequential.fromConfig(copyOf(nested.getConfig())).countParams()).toBe(6);
  });

  it('take custom layers by name, and tell unknown ones', () => {
    const model = new Sequential([layers.input({ shape: [2] }), new Offset({ by: 3, name: 'off' })]);
    const config = copyOf(model.getConfig());
    const again = Sequential.fromConfig(config, { Offset });
    expect(again.layers[0]).toMatchObject({ name: 'off', by: 3 });
    const error = errorOf(() => Sequential.fromConfig(config));
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(/'Offset'/);
    const wrong = JSON.parse(
      JSON.stringify(new Sequential(mnistLayers()).getConfig()).replace('"Conv2D"', '"Conv2d2"'),
    ) as never;
    expect(errorOf(() => Sequential.fromConfig(wrong)).message).toMatch(/did you mean 'Conv2D'/);
  });
});

describe('bad input', () => {
  const x = [
    [1, 2],
    [3, 4],
  ];
  const y = [0, 1];
  function ready(): Sequential {
    const model = new Sequential([
      layers.input({ shape: [2], name: 'points' }),
      layers.dense({ units: 3, activation: 'softmax', name: 'kind' }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    return model;
  }

  it.each<[string, (model: Sequential) => Promise<unknown>, string, RegExp]>([
    ['a wrong shape', (m) => m.fit([[1, 2, 3]], [0], quiet), 'SHAPE', /x.*'points'.*\[n, 2\].*\[1, 3\]/],
    ['a wrong rank', (m) => m.predict([[[1, 2]], [[1, 2]]], quiet), 'SHAPE', /'points'/],
    ['strings', (m) => m.fit([['a', 'b']] as never, [0], quiet), 'DTYPE', /x.*'points'/],
    ['no data', (m) => m.fit([], [], quiet), 'ARGUMENT', /x.*at least one sample/],
    ['no targets', (m) => m.fit(x, undefined, quiet), 'ARGUMENT', /y/],
    ['lengths that differ', (m) => m.fit(x, [0, 1, 2], quiet), 'SHAPE', /expected 2 samples.*received 3/],
    [
      'weights of another length',
      (m) => m.fit(x, y, { ...quiet, sampleWeight: [1] }),
      'SHAPE',
      /sampleWeight.*2/,
    ],
    [
      'both kinds of weights',
      (m) => m.fit(x, y, { ...quiet, sampleWeight: [1, 1], classWeight: { 0: 1 } }),
      'ARGUMENT',
      /classWeight/,
    ],
    ['batchSize 0', (m) => m.fit(x, y, { ...quiet, batchSize: 0 }), 'ARGUMENT', /batchSize.*received 0/],
    ['batchSize 1.5', (m) => m.evaluate(x, y, { ...quiet, batchSize: 1.5 }), 'ARGUMENT', /batchSize.*1\.5/],
    ['epochs -1', (m) => m.fit(x, y, { ...quiet, epochs: -1 }), 'ARGUMENT', /epochs.*-1/],
    ['initialEpoch -1', (m) => m.fit(x, y, { ...quiet, initialEpoch: -1 }), 'ARGUMENT', /initialEpoch.*-1/],
    [
      'validationSteps 0.5',
      (m) => m.fit(x, y, { ...quiet, validationSteps: 0.5 }),
      'ARGUMENT',
      /validationSteps/,
    ],
    [
      'validationData of a wrong shape',
      (m) => m.fit(x, y, { ...quiet, validationData: [[[1, 2, 3]], [0]] }),
      'SHAPE',
      /validationData: x.*'points'.*\[n, 2\].*\[1, 3\]/,
    ],
    [
      'validationData that is none',
      (m) => m.fit(x, y, { ...quiet, validationData: 5 as never }),
      'ARGUMENT',
      /validationData.*received number/,
    ],
    [
      'validationSplit of an iterable',
      (m) => m.fit([[x, y]][Symbol.iterator]() as never, { ...quiet, validationSplit: 0.5 }),
      'ARGUMENT',
      /validationSplit.*iterable/,
    ],
    [
      'classWeight of NaN',
      (m) => m.fit(x, y, { ...quiet, classWeight: { 0: Number.NaN } }),
      'ARGUMENT',
      /finite.*classWeight/,
    ],
    [
      'flat targets of another length',
      (m) => m.fit(x, Int32Array.of(0, 1, 2), quiet),
      'SHAPE',
      /y.*expected 2 numbers.*received 3/,
    ],
    ['verbose 4', (m) => m.fit(x, y, { verbose: 4 as 2 }), 'ARGUMENT', /verbose.*received 4/],
    ['stepsPerEpoch 0', (m) => m.fit(x, y, { ...quiet, stepsPerEpoch: 0 }), 'ARGUMENT', /stepsPerEpoch/],
    [
      'validationSplit 2',
      (m) => m.fit(x, y, { ...quiet, validationSplit: 2 }),
      'ARGUMENT',
      /validationSplit.*2/,
    ],
    ['a seed of NaN', (m) => m.fit(x, y, { ...quiet, seed: Number.NaN }), 'ARGUMENT', /seed.*NaN/],
    [
      'one-hot labels for a sparse loss',
      (m) =>
        m.fit(
          x,
          [
            [1, 0, 0],
            [0, 1, 0],
          ],
          quiet,
        ),
      'SHAPE',
      /class numbers/,
    ],
    ['a label out of range', (m) => m.fit(x, [0, 3], quiet), 'ARGUMENT', /label.*3/i],
    ['a label below range', (m) => m.evaluate(x, new Int32Array([0, -1]), quiet), 'ARGUMENT', /label.*-1/i],
  ])('%s: one typed error, and the model stays usable', async (_, run, code, message) => {
    const model = ready();
    const error = await rejectionOf(run(model));
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
    expect((await model.fit(x, y, quiet)).history['loss']).toHaveLength(1);
  });

  it('an add that fails leaves the model as it was', async () => {
    const model = ready();
    const count = model.layers.length;
    expect(() => {
      model.add(model);
    }).toThrow(/circle/);
    expect(() => {
      model.add(layers.conv2d({ filters: 1, kernelSize: 3 }));
    }).toThrow(/rank 4/);
    expect(model.layers).toHaveLength(count);
    expect((await model.fit(x, y, quiet)).history['loss']).toHaveLength(1);
  });

  it('a Model needs inputs and outputs', () => {
    const inputs = layers.input({ shape: [2] });
    expect(() => new Model({ inputs } as never)).toThrow(/received no outputs/);
    expect(() => new Model({ outputs: inputs } as never)).toThrow(/received no inputs/);
  });

  it.each<[string, object, RegExp]>([
    ['loss', { optimizer: 'sgd', loss: 'sparseCrossentropy' }, /loss.*'sparseCrossentropy'/],
    ['a loss nearly right', { optimizer: 'sgd', loss: 'meanSquareError' }, /did you mean 'meanSquaredError'/],
    ['metric', { optimizer: 'sgd', loss: 'mse', metrics: ['acuracy'] }, /did you mean 'accuracy'/],
    ['loss of a wrong kind', { optimizer: 'sgd', loss: 5 }, /loss.*received 5/],
    ['optimizer of a wrong kind', { optimizer: 5, loss: 'mse' }, /optimizer.*received 5/],
    ['optimizer', { optimizer: 'adagrid', loss: 'mse' }, /did you mean 'adagrad'/],
    ['output', { optimizer: 'sgd', loss: { kin: 'mse' } }, /kind.*received 'kin'; did you mean 'kind'/],
    ['losses', { optimizer: 'sgd', loss: ['mse', 'mse'] }, /1.*2|output/],
  ])('compile refuses an unknown %s', async (_, options, message) => {
    const model = ready();
    const error = await rejectionOf(
      (async () => {
        model.compile(options);
        await model.fit(x, y, quiet);
      })(),
    );
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(message);
  });

  it('a model that is not compiled says so', async () => {
    const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
    expect(await rejectionOf(model.fit(x, y, quiet))).toMatchObject({ code: 'STATE' });
    expect((await model.predict(x, quiet)).shape).toEqual([2, 1]);
  });

  it('what is no layer is refused', () => {
    expect(errorOf(() => new Sequential([3 as never]))).toMatchObject({ code: 'ARGUMENT' });
    const twice = () =>
      new Sequential([
        layers.input({ shape: [2] }),
        layers.dense({ units: 1, name: 'same' }),
        layers.dense({ units: 1, name: 'same' }),
      ]);
    expect(errorOf(twice).message).toMatch(/'same'/);
  });
});

describe('several at once', () => {
  it('two models train side by side as each alone', async () => {
    const { x, y } = blobs(200);
    const make = (seed: number) => {
      const model = new Sequential(
        [
          layers.input({ shape: [2] }),
          layers.dense({ units: 8, activation: 'tanh' }),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
        { seed },
      );
      model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
      return model;
    };
    const options = { ...quiet, epochs: 3, batchSize: 16, seed: 1 };
    const alone = [await make(1).fit(x, y, options), await make(2).fit(x, y, options)];
    const together = await Promise.all([make(1).fit(x, y, options), make(2).fit(x, y, options)]);
    expect(together.map(({ history }) => history)).toEqual(alone.map(({ history }) => history));
  });

  it('a second fit on the same model gets an error, the first goes on', async () => {
    const { x, y } = blobs(100);
    const model = new Sequential([
      layers.input({ shape: [2] }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const first = model.fit(x, y, { ...quiet, epochs: 3 });
    const error = await rejectionOf(model.fit(x, y, quiet));
    expect(error.code).toBe('STATE');
    expect(error.message).toMatch(/fit/);
    expect((await first).epoch).toEqual([0, 1, 2]);
    expect((await model.fit(x, y, quiet)).epoch).toEqual([0]);
  });
});

describe('dispose', () => {
  it('`using` disposes of a model', () => {
    let kernel;
    {
      using model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
      kernel = firstOf(model.weights);
    }
    expect(kernel.isDisposed).toBe(true);
  });

  it('frees every tensor of the model at once', async () => {
    const { x, y } = blobs(64);
    const make = () => {
      const model = new Sequential([
        layers.input({ shape: [2] }),
        layers.dense({ units: 8 }),
        layers.dropout({ rate: 0.5 }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ]);
      model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
      return model;
    };
    const model = make();
    const { tensors } = await settled();
    await model.fit(x, y, quiet);
    expect((await settled()).tensors).toBeGreaterThan(tensors);
    model.dispose();
    model.dispose();
    expect(await rejectionOf(model.fit(x, y, quiet))).toMatchObject({ code: 'DISPOSED' });
    expect(await rejectionOf(model.predict(x, quiet))).toMatchObject({ code: 'DISPOSED' });
    expect((await settled()).tensors).toBeLessThan(tensors);
  });
});

describe('abort', () => {
  const { x, y } = blobs(2000);
  const make = () => {
    const model = new Sequential([
      layers.input({ shape: [2] }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    return model;
  };

  it('ends fit in the middle of an epoch, and the model stays usable', async () => {
    const model = make();
    const controller = new AbortController();
    const running = model.fit(x, y, { ...quiet, batchSize: 1, epochs: 1e6, signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    const start = performance.now();
    expect(await rejectionOf(running)).toMatchObject({ code: 'ABORTED' });
    // All epochs would take many minutes; a busy machine may take seconds for the first step.
    expect(performance.now() - start).toBeLessThan(30_000);
    expect((await model.fit(x, y, quiet)).epoch).toEqual([0]);
  });

  it('a signal that is aborted already starts nothing', async () => {
    const model = make();
    const before = firstOf(await model.getWeights()).data;
    expect(await rejectionOf(model.fit(x, y, { ...quiet, signal: AbortSignal.abort() }))).toMatchObject({
      code: 'ABORTED',
    });
    expect(firstOf(await model.getWeights()).data).toEqual(before);
  });
});
