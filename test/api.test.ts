import { firstOf, itemAt } from '../lib/base/list.js';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type ArrayData,
  type Batch,
  type Batches,
  type CompileOptions,
  type Data,
  Model,
  NDArray,
  Sequential,
  type Sym,
  type Tensor,
  activations,
  arange,
  callbacks,
  compile,
  datasets,
  full,
  layers,
  losses,
  metrics,
  mixedPrecision,
  ops,
  optimizers,
  tensor,
  variable,
  zeros,
} from '../lib/index.js';

/** A list with holes in the places that are not given. */
const holed = (length: number, items: object) => Object.assign(new Array<unknown>(length), items) as never;

/** y = w x + b. */
const line = () => new Sequential([layers.input({ shape: [1] }), layers.dense({ units: 1 })]);

const typed = (message: string): unknown =>
  expect.objectContaining({ name: 'EngineError', message: expect.stringContaining(message) });

const cube = (x: Sym) => ops.multiply(x, ops.multiply(x, x));
activations.register('apiCube', cube);

describe("activations of one's own", () => {
  const own = (x: Sym) => ops.multiply(x, 2);

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
      expect(firstOf(again.layers).getConfig()).toMatchObject({ activation: 'apiCube' });
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
    ['statistics of a tensor', () => ops.batchNormalization(tensor([[1]]) as never), 'a symbolic value'],
    [
      'a mean alone',
      () => ops.batchNormalization(tensor([[1]]), [1], undefined as never),
      'both mean and variance',
    ],
    [
      'globalAveragePool of no image',
      () => ops.globalAveragePool(zeros([2, 3])),
      '[globalAveragePool] expected an image',
    ],
    ['globalMaxPool of no image', () => ops.globalMaxPool(zeros([2])), '[globalMaxPool] expected an image'],
    ['oneHot without options', () => ops.oneHot([1], undefined as never), 'the option depth'],
    ['an empty configuration', () => Model.fromConfig({}), 'a list of layers'],
    ['an empty configuration of a Sequential', () => Sequential.fromConfig({}), 'a list of layers'],
  ])('%s', (_, body, message) => {
    expect(body).toThrow(typed(message));
  });

  it.each([
    ['a shape of an input', () => layers.input({ shape: holed(2, { 1: 3 }) })],
    ['axes of dot', () => layers.dot({ axes: holed(2, { 1: 1 }) })],
    ['a shape of an NDArray', () => new NDArray(new Float32Array(3), holed(2, { 1: 3 }))],
    ['layers', () => new Sequential(holed(2, { 0: layers.input({ shape: [1] }) }))],
  ])('a list with holes as %s', (_, body) => {
    expect(body).toThrow(expect.objectContaining({ name: 'EngineError' }));
  });

  it.each([
    ['nothing', undefined],
    ['a number', 5],
    ['an empty list', []],
    ['a list of numbers', [1]],
    ['a promise', Promise.resolve(1)],
  ])('a layer whose call gives %s', (_, result) => {
    class Own extends layers.Layer {
      readonly className = 'Own';
      override call() {
        return result as never;
      }
    }
    const message = '[own] expected a symbolic value or a list of such from call';
    const own = new Own({ name: 'own' });
    expect(() => own.apply(layers.input({ shape: [1] }))).toThrow(typed(message));
    return expect(compile((x: Sym) => own.apply(x))([1])).rejects.toThrow(typed(message));
  });

  it('a layer without a method call', () => {
    const Bare = layers.Layer as unknown as new () => unknown;
    expect(() => new Bare()).toThrow(typed('[layer] expected a subclass with a method call'));
  });

  it('an array that was given away, as a dtype', () => {
    const given = new Float32Array(2);
    structuredClone(given, { transfer: [given.buffer] });
    expect(() => layers.input({ shape: [2], dtype: given as never })).toThrow(
      typed('[input] expected one of float32'),
    );
  });

  it('a layer that is called with numbers', () => {
    for (const wrong of [[1, 2], [[1], [2]], 5, undefined, []])
      expect(() => layers.add().call(wrong as never)).toThrow(
        typed('a symbolic value or a list of such as input'),
      );
  });

  it.each<[string, losses.Loss | metrics.Metric]>([
    ['mse', losses.meanSquaredError()],
    ['sparse', losses.sparseCategoricalCrossentropy()],
    ['categorical', losses.categoricalCrossentropy()],
    ['accuracy', metrics.accuracy()],
    ['sparse accuracy', metrics.sparseCategoricalAccuracy()],
  ])('%s of numbers', (_, made) => {
    for (const [yTrue, yPred] of [
      [[1], [1]],
      [tensor([1]), tensor([1])],
      [undefined, 5],
    ])
      expect(() => made.call(yTrue as never, yPred as never)).toThrow(typed('symbolic values'));
  });

  it.each([
    ['dense', layers.dense({ units: 1 })],
    ['lstm', layers.lstm({ units: 1 })],
    ['lstmCell', layers.lstmCell({ units: 1 })],
    ['stackedRNNCells', layers.stackedRNNCells({ cells: [layers.gruCell({ units: 1 })] })],
    ['conv2d', layers.conv2d({ filters: 1, kernelSize: 1 })],
    ['batchNormalization', layers.batchNormalization()],
  ])('%s that is built for what is no shape', (_, layer) => {
    for (const wrong of [undefined, null, 5, 'x', [1.5, 2], ['1', 2, 3, 4], {}])
      expect(() => {
        layer.build(wrong as never);
      }).toThrow(expect.objectContaining({ name: 'EngineError', code: 'SHAPE' }));
  });

  it('a list of metrics with a hole has none there', () => {
    const x = layers.input({ shape: [1] });
    const model = new Model({ inputs: x, outputs: [x, layers.dense({ units: 1 }).apply(x)] });
    expect(() => model.compile({ loss: 'mse', metrics: holed(2, { 0: ['mae'] }) })).not.toThrow();
  });

  it('a mirror that is no address', async () => {
    await expect(datasets.mnist({ mirror: 5 as never })).rejects.toThrow(typed('mirror'));
    await expect(datasets.mnist({ miror: 'x' } as never)).rejects.toThrow(typed("did you mean 'mirror'"));
  });
});

describe('names', () => {
  it('of initializers, regularizers and constraints are checked by the compiler', () => {
    type Options = Parameters<typeof layers.dense>[0];
    expectTypeOf<'glorotUniform' | 'he_normal' | 'LecunUniform'>().toExtend<Options['kernelInitializer']>();
    expectTypeOf<'l2' | 'L1' | 'l1_l2' | 'L1L2'>().toExtend<Options['kernelRegularizer']>();
    expectTypeOf<'maxNorm' | 'non_neg' | 'UnitNorm'>().toExtend<Options['biasConstraint']>();
    expectTypeOf<'glorot'>().not.toExtend<Options['kernelInitializer']>();
    expectTypeOf<'l3'>().not.toExtend<Options['activityRegularizer']>();
    expectTypeOf<'maxnrm'>().not.toExtend<Options['biasConstraint']>();
    for (const name of ['glorotUniform', 'he_normal', 'LecunUniform'] as const)
      layers.dense({ units: 1, kernelInitializer: name }).computeOutputShape([1, 2]);
    for (const name of ['l2', 'L1', 'l1_l2', 'L1L2'] as const)
      layers.dense({ units: 1, activityRegularizer: name });
    for (const name of ['maxNorm', 'non_neg', 'UnitNorm'] as const)
      layers.dense({ units: 1, biasConstraint: name }).computeOutputShape([1, 2]);
  });

  it.each([['threshold', () => layers.dense({ units: 1, activation: 'threshold' }), 'activations.register']])(
    '%s is said to be one of Keras',
    (name, body, remedy) => {
      expect(body).toThrow(typed(`received '${name}': that is a name of Keras which is not here`));
      expect(body).toThrow(typed(remedy));
      expect(body).not.toThrow(typed('did you mean'));
    },
  );
});

describe('types of numbers', () => {
  it('follow the dtype that the program names', async () => {
    expectTypeOf(zeros([2], 'int32').dataSync()).toEqualTypeOf<Int32Array>();
    expectTypeOf(tensor([1, 2], undefined, 'float32').data()).toEqualTypeOf<Promise<Float32Array>>();
    expectTypeOf(tensor([1, 0], [2], 'bool').dataSync()).toEqualTypeOf<Uint8Array>();
    expectTypeOf(tensor(new Uint8Array(2)).slice(0, 1).dataSync()).toEqualTypeOf<Uint8Array>();
    expectTypeOf(tensor(new Float64Array(2)).dataSync()).toEqualTypeOf<Float32Array>();
    expect(await full([2], 3, 'int32').data()).toEqual(new Int32Array([3, 3]));
    expect(await arange(0, 2, 1, 'float32').data()).toEqual(new Float32Array([0, 1]));
  });

  it('are those of any typed array elsewhere', async () => {
    for (const t of [tensor([1, 2, 3]), variable([1, 2, 3]), ops.add(tensor([0, 1, 2], [3], 'int32'), 1)]) {
      const data = await t.data();
      expect(data.reduce((a, b) => a + b, 0)).toBe(6);
      expect(data.reduceRight((a, b) => `${a}${b}`, '')).toBe('321');
      expect(data.map((x) => x * 2)).toHaveLength(3);
      expectTypeOf(data).toExtend<Float32Array | Int32Array | Uint8Array>();
      expectTypeOf<Float32Array>().toExtend<typeof data>();
      expect(await tensor(data).data()).toEqual(data);
    }
    // One variable may hold tensors of any dtype in turn.
    let sum = zeros([2]);
    sum = ops.add(sum, zeros([2], 'float32'));
    expectTypeOf(sum).toEqualTypeOf<Tensor>();
    expectTypeOf<Tensor<'int32'>>().toExtend<Tensor>();
    expectTypeOf<Tensor>().not.toExtend<Tensor<'int32'>>();
  });

  it('of nested arrays can be indexed', async () => {
    const t = tensor([
      [1, 2],
      [3, 4],
    ]);
    const rows: number[][] = await t.array();
    expect(itemAt(rows, 1).map((x) => x + 1)).toEqual([4, 5]);
    const four: number = itemAt(itemAt(t.arraySync(), 1), 1);
    expect(four).toBe(4);
    expect(firstOf(await t.array()).reduce((a, b) => a + b, 0)).toBe(3);
    const scalar: number = await tensor(5).array();
    expect(scalar).toBe(5);
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
    expectTypeOf<{ lossWeights: number }>().toExtend<CompileOptions>();
  });

  it('know the names of losses, metrics and optimizers', () => {
    expectTypeOf<losses.LossName>()
      .extract<'meanSquaredError' | 'mse'>()
      .toEqualTypeOf<'meanSquaredError' | 'mse'>();
    expectTypeOf<losses.LossName>()
      .extract<'mean_squared_error' | 'MeanSquaredError' | 'MSE'>()
      .toEqualTypeOf<'mean_squared_error' | 'MeanSquaredError' | 'MSE'>();
    expectTypeOf<'sparse_categorical_accuracy'>().toExtend<metrics.MetricName>();
    expectTypeOf<'SGD' | 'RMSprop' | 'AdamW' | 'adam'>().toExtend<optimizers.OptimizerName>();
    const model = line();
    model.compile({ optimizer: 'SGD', loss: 'mean_squared_error', metrics: ['mae', 'mean_absolute_error'] });
    // @ts-expect-error: no loss has this name
    expect(() => model.compile({ loss: 'meanSquaredErr' })).toThrow(typed("did you mean 'meanSquaredError'"));
    // @ts-expect-error: no metric has this name
    expect(() => model.compile({ loss: 'mse', metrics: ['acuracy'] })).toThrow(
      typed("did you mean 'accuracy'"),
    );
    // @ts-expect-error: no optimizer has this name
    expect(() => model.compile({ loss: 'mse', optimizer: 'adamm' })).toThrow(typed("did you mean 'adam'"));
  });

  it('know them for each of several outputs', () => {
    const x = layers.input({ shape: [2] });
    const outputs = { a: layers.dense({ units: 1 }).apply(x), b: layers.dense({ units: 3 }).apply(x) };
    const model = new Model({ inputs: x, outputs });
    model.compile({
      loss: { a: 'mse', b: losses.sparseCategoricalCrossentropy({ fromLogits: true }) },
      lossWeights: { a: 0.5, b: 2 },
      metrics: { a: 'mae', b: ['accuracy', (yTrue, yPred) => ops.subtract(yPred, yTrue)] },
      weightedMetrics: [['mse'], []],
    });
    model.compile({ loss: ['mse', null], lossWeights: [1, 2] });
    model.compile({ loss: 'mse', lossWeights: 0.5 });
    // @ts-expect-error: no loss has this name
    expect(() => model.compile({ loss: { a: 'msee', b: 'mse' } })).toThrow(typed("did you mean 'mse'"));
    // @ts-expect-error: no metric has this name
    expect(() => model.compile({ loss: 'mse', metrics: { a: ['maee'] } })).toThrow(
      typed("did you mean 'mae'"),
    );
    // @ts-expect-error: weights are numbers
    expect(() => model.compile({ loss: 'mse', lossWeights: { a: '1' } })).toThrow(typed('lossWeights'));
    // @ts-expect-error: weights are numbers
    expect(() => model.compile({ loss: 'mse', lossWeights: [1, '2'] })).toThrow(typed('lossWeights'));
  });

  it('let hooks return anything', async () => {
    const seen: number[] = [];
    class Keeps extends callbacks.Callback {
      override onEpochEnd(_epoch: number, logs: callbacks.Logs) {
        return seen.push(logs['loss']!);
      }
      override onTrainBatchEnd = async (batch: number) => [batch, await Promise.resolve(seen)];
    }
    const lambda = callbacks.lambdaCallback({
      onEpochEnd: (_epoch, logs) => seen.push(logs['loss']!),
      onTrainEnd: async () => Promise.resolve('end'),
      onEpochBegin: () => null,
    });
    const model = line();
    model.compile({ loss: 'mse' });
    const { history } = await model.fit([[1]], [[1]], { verbose: 0, callbacks: [new Keeps(), lambda] });
    expect(seen).toEqual([history['loss']![0], history['loss']![0]]);
  });

  it('take data, targets and options held in variables', async () => {
    const model = line();
    const compiled = { loss: 'mse', metrics: ['mae'], optimizer: 'sgd' } as const;
    model.compile(compiled);
    const x = [[1], [2]];
    const y = [[2], [4]];
    const validationData = [x, y];
    const options = { epochs: 1, verbose: 0, validationData } as const;
    const { history } = await model.fit(x, y, options);
    expect(Object.keys(history)).toEqual(['loss', 'mae', 'val_loss', 'val_mae']);
    const weighed = [tensor(x), tensor(y), new Float32Array([1, 2])];
    await model.fit(tensor(x), tensor(y), { verbose: 0, validationData: weighed });
  });
});
