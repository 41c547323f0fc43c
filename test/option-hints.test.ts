import { describe, expect, it } from 'vitest';
import {
  Model,
  Sequential,
  type Sym,
  callbacks,
  compile,
  constraints,
  getEngineInfo,
  initializers,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  regularizers,
  variable,
} from '../lib/index.js';

type Make = (options?: unknown) => unknown;

const x = [[1, 2]];
const image = [
  [
    [[1], [2]],
    [[3], [4]],
  ],
];
const kernel = [[[[1]]]];

describe('hints', () => {
  const message = (body: () => unknown) => {
    try {
      body();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('expected an error');
  };
  const dense = layers.dense as unknown as Make;
  const adam = optimizers.adam as unknown as Make;
  const model = () => new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);

  it.each([
    [() => dense({ units: 3, activaton: 'relu' }), 'activation'],
    [() => dense({ units: 3, use_bias: false }), 'useBias'],
    [() => dense({ unit: 3 }), 'units'],
    [() => adam({ lr: 0.1 }), 'learningRate'],
    [() => adam({ learning_rate: 0.1 }), 'learningRate'],
    [() => adam({ beta_1: 0.9 }), 'beta1'],
    [
      () => layers.conv2d({ filters: 1, kernelSize: 3, dataFormat: 'channels_first' as never }),
      'channelsFirst',
    ],
    [() => layers.leakyReLU({ alpha: 0.1 } as never), 'negativeSlope'],
    [() => model().compile({ los: 'mse' } as never), 'loss'],
    [() => callbacks.lambdaCallback({ onEpochEnds: () => 1 } as never), 'onEpochEnd'],
  ])('%s: did you mean %s?', (body, name) => {
    expect(message(body)).toMatch(new RegExp(`; did you mean '${name}'\\?$`));
  });

  it('gives none where nothing is near', () => {
    expect(message(() => dense({ units: 3, temperature: 0.1 }))).not.toContain('did you mean');
    expect(message(() => adam({ temperature: 0.1 }))).not.toContain('did you mean');
  });

  it('shows how options are written where they came as a number', () => {
    expect(message(() => dense(10))).toContain('such as { units: 10 }');
    expect(message(() => adam(0.01))).toContain('such as { learningRate: 0.01 }');
  });

  it.each([
    ['fit', { epoch: 3 }, 'epochs'],
    ['fit', { batch_size: 3 }, 'batchSize'],
    ['evaluate', { step: 3 }, 'steps'],
    ['trainOnBatch', { sample_weight: [1] }, 'sampleWeight'],
    ['testOnBatch', { sample_weight: [1] }, 'sampleWeight'],
  ] as const)('%s refuses %j', async (method, options, name) => {
    const net = model();
    net.compile({ loss: 'meanSquaredError' });
    const run = net[method].bind(net) as (x: unknown, y: unknown, options: unknown) => Promise<unknown>;
    await expect(run([[1, 2]], [[3]], options)).rejects.toThrow(`did you mean '${name}'?`);
    await expect(run([[1, 2]], [[3]], 3)).rejects.toThrow('options in an object');
  });

  it('functions refuse unknown options', () => {
    expect(() => variable(1, { nam: 'x' } as never)).toThrow("did you mean 'name'?");
    expect(() => compile((a: Sym) => a, { dtypepolicy: 'float32' } as never)).toThrow(
      "did you mean 'dtypePolicy'?",
    );
    expect(() => getEngineInfo({ thread: 1 } as never)).toThrow("did you mean 'threads'?");
  });

  it('predict and summary refuse unknown options', async () => {
    await expect(model().predict([[1, 2]], { batch_size: 1 } as never)).rejects.toThrow(
      "did you mean 'batchSize'?",
    );
    expect(() => model().summary({ printfn: () => 1 } as never)).toThrow("did you mean 'printFn'?");
  });
});

describe('models', () => {
  it('take a list of layers first', () => {
    const make = Sequential as unknown as new (...args: unknown[]) => Sequential;
    expect(() => new make({ layers: [] })).toThrow('[Sequential] expected a list of layers');
    expect(() => new make([], { nam: 'x' })).toThrow("did you mean 'name'?");
    expect(() => new make([], { inputs: [] })).toThrow("received 'inputs'");
  });

  it('refuse unknown options', () => {
    const x = layers.input({ shape: [2] });
    expect(() => new Model({ inputs: x, outputs: x, input: x } as never)).toThrow("did you mean 'inputs'?");
  });
});

describe('what was not called or not made', () => {
  const net = () => new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
  it.each([
    [
      'a class of losses',
      () => net().compile({ loss: losses.MeanSquaredError as never }),
      'make an object of the class',
    ],
    [
      'a class of metrics',
      () => net().compile({ loss: 'mse', metrics: [metrics.Accuracy as never] }),
      'make an object',
    ],
    [
      'an optimizer',
      () => net().compile({ loss: 'mse', optimizer: optimizers.adam as never }),
      'call the factory',
    ],
    [
      'an initializer',
      () => layers.dense({ units: 1, kernelInitializer: initializers.zeros as never }).build([-1, 2]),
      'call',
    ],
    [
      'a regularizer',
      () => layers.dense({ units: 1, activityRegularizer: regularizers.l2 as never }),
      'call',
    ],
    ['a policy', () => new Model({ dtypePolicy: 5 as never }), 'received 5'],
  ])('%s', (_, body, message) => {
    expect(body).toThrow(
      expect.objectContaining({ name: 'EngineError', message: expect.stringContaining(message) }),
    );
  });
});

describe('subclasses', () => {
  class Plain extends layers.Layer {
    readonly className = 'Plain';
    call(x: never) {
      return x;
    }
  }

  class Scale extends Plain {
    static override readonly optionNames = { ...layers.Layer.optionNames, factor: 'required' };
    readonly factor: number;
    constructor(options: layers.LayerOptions & { factor: number }) {
      super(options);
      this.factor = options.factor;
    }
  }

  it('take the options that they list', () => {
    expect(() => new Scale({ factor: 2, name: 's' })).not.toThrow();
    expect(() => new Scale({ facto: 2 } as never)).toThrow("did you mean 'factor'?");
    expect(() => new Plain({ factor: 2 } as never)).toThrow('[plain] expected one of the options');
  });
});

describe('words of a set', () => {
  it.each([
    ['conv2d padding', () => layers.conv2d({ filters: 1, kernelSize: 3, padding: 'full' as never })],
    ['maxPooling2d padding', () => layers.maxPooling2d({ padding: 'SAMES' as never })],
    ['averagePooling2d format', () => layers.averagePooling2d({ dataFormat: 'NCHW' as never })],
    ['globalMaxPooling2d format', () => layers.globalMaxPooling2d({ dataFormat: 'channels_first' as never })],
    ['cropping2d format', () => layers.cropping2d({ dataFormat: 'channels_first' as never })],
    ['zeroPadding2d format', () => layers.zeroPadding2d({ dataFormat: 'channels_first' as never })],
    ['spatialDropout2d format', () => layers.spatialDropout2d({ rate: 0.1, dataFormat: 'first' as never })],
    ['upSampling2d format', () => layers.upSampling2d({ dataFormat: 'first' as never })],
    ['upSampling2d interpolation', () => layers.upSampling2d({ interpolation: 'area' as never })],
    ['input dtype', () => layers.input({ shape: [1], dtype: 'float64' as never })],
    ['ops.biasAdd format', () => ops.biasAdd(x, [1, 2], { dataFormat: 'channels_first' as never })],
    ['ops.globalMaxPool format', () => ops.globalMaxPool(image, { dataFormat: 'NCHW' as never })],
    ['ops.conv padding', () => ops.conv(image, kernel, { padding: 'SAMES' as never })],
    ['ops.conv format', () => ops.conv(image, kernel, { dataFormat: 'NCHW' as never })],
    ['ops.upSampling interpolation', () => ops.upSampling(image, { interpolation: 'area' as never })],
    ['varianceScaling mode', () => initializers.varianceScaling({ mode: 'fanin' as never })],
    ['varianceScaling distribution', () => initializers.varianceScaling({ distribution: 'gauss' as never })],
    ['dense activation', () => layers.dense({ units: 1, activation: 'nope' })],
  ])('%s', (_, body) => {
    expect(body).toThrow(expect.objectContaining({ name: 'EngineError' }));
  });
});

it.each<[string, () => unknown]>([
  ['lstm', () => layers.lstm({ units: 0 })],
  ['simpleRNN', () => layers.simpleRNN({ units: 0 })],
  ['maxPooling2d', () => layers.maxPooling2d({ poolSize: 0 })],
  ['l1', () => regularizers.l1({ l1: -1 })],
  ['l1l2', () => regularizers.l1l2({ l2: -1 })],
  ['maxNorm', () => constraints.maxNorm({ maxValue: -1 })],
  ['spatialDropout2d', () => layers.spatialDropout2d({ rate: 2 })],
  ['randomNormal', () => initializers.randomNormal({ stddev: NaN })],
  ['binaryCrossentropy', () => losses.binaryCrossentropy({ labelSmoothing: 2 })],
  ['adamW', () => (optimizers.adamW().learningRate = -1)],
])('%s complains under its own name', (name, make) => {
  expect(make).toThrow(`[${name}] expected`);
});
