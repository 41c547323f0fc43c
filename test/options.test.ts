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
import { allOps } from './support/ops.js';
import { requiredMetrics } from './support/requiredMetrics.js';

type Make = (options?: unknown) => unknown;

/** What cannot be made without options. */
const required: Record<string, object> = {
  ...requiredMetrics,
  activation: { activation: 'relu' },
  alphaDropout: { rate: 0.5 },
  conv1d: { filters: 2, kernelSize: 3 },
  conv1dTranspose: { filters: 2, kernelSize: 3 },
  conv2d: { filters: 2, kernelSize: 3 },
  conv2dTranspose: { filters: 2, kernelSize: 3 },
  conv3d: { filters: 2, kernelSize: 3 },
  conv3dTranspose: { filters: 2, kernelSize: 3 },
  cosineDecay: { initialLearningRate: 1, decaySteps: 2 },
  cosineDecayRestarts: { initialLearningRate: 1, firstDecaySteps: 2 },
  dense: { units: 2 },
  depthwiseConv1d: { kernelSize: 3 },
  depthwiseConv2d: { kernelSize: 3 },
  dot: { axes: 1 },
  dropout: { rate: 0.5 },
  embedding: { inputDim: 4, outputDim: 2 },
  exponentialDecay: { initialLearningRate: 1, decaySteps: 2, decayRate: 0.5 },
  gaussianDropout: { rate: 0.5 },
  gaussianNoise: { stddev: 1 },
  gru: { units: 2 },
  input: { shape: [2] },
  inverseTimeDecay: { initialLearningRate: 1, decaySteps: 2, decayRate: 0.5 },
  lstm: { units: 2 },
  permute: { dims: [1] },
  piecewiseConstantDecay: { boundaries: [1], values: [1, 0.5] },
  polynomialDecay: { initialLearningRate: 1, decaySteps: 2 },
  repeatVector: { n: 2 },
  rescaling: { scale: 2 },
  reshape: { targetShape: [2] },
  separableConv1d: { filters: 2, kernelSize: 3 },
  separableConv2d: { filters: 2, kernelSize: 3 },
  simpleRNN: { units: 2 },
  spatialDropout1d: { rate: 0.5 },
  spatialDropout2d: { rate: 0.5 },
  spatialDropout3d: { rate: 0.5 },
};

/** The factories of a namespace: all that it exports but classes and helpers of the library itself. */
const factories = (space: object) =>
  Object.entries(space).filter(
    ([name, member]) => /^[a-z]/.test(name) && !/(Of|Config)$/.test(name) && typeof member === 'function',
  ) as [string, Make][];

const typed = (message: string): unknown =>
  expect.objectContaining({ name: 'EngineError', code: 'ARGUMENT', message });

/** The object that a factory made; of `layers.input`, the layer. */
const made = (result: unknown) =>
  (result instanceof layers.KerasTensor ? result.node.operation : result) as object;

/** The options that an object's class lists as booleans; the metric of a loss has no list, and only a name. */
const booleansOf = ({ constructor }: object) =>
  Object.entries((constructor as unknown as { optionNames?: Record<string, string> }).optionNames ?? {})
    .filter(([, kind]) => kind === 'boolean')
    .map(([name]) => name);

const { schedules } = optimizers;
const families = { constraints, initializers, layers, losses, metrics, optimizers, regularizers, schedules };

describe.each(Object.entries(families))('%s', (_, space) => {
  const all = factories(space);

  it.each(all)('%s refuses an unknown option by name', (name, make) => {
    const good = required[name] ?? {};
    expect(() => make(good)).not.toThrow();
    expect(() => make({ ...good, nonsense: 1 })).toThrow(
      expect.objectContaining({ code: 'ARGUMENT', message: expect.stringContaining(`[${name}] expected`) }),
    );
    expect(() => make({ ...good, nonsense: 1 })).toThrow("received 'nonsense'");
  });

  it.each(all)('%s is made again by its configuration', (name, make) => {
    const object = made(make(required[name] ?? {})) as { getConfig?: () => object };
    if (object.getConfig === undefined) return; // metrics
    const config = object.getConfig();
    const Class = object.constructor as new (config: unknown) => { getConfig: () => object };
    expect(new Class(JSON.parse(JSON.stringify(config))).getConfig()).toEqual(config);
  });

  it.each(all)('%s refuses what is no object of options', (name, make) => {
    for (const wrong of [10, 'relu', null, [1], true, Symbol('x'), 1n, new Map(), () => 1]) {
      expect(() => make(wrong)).toThrow(
        expect.objectContaining({ code: 'ARGUMENT', message: expect.stringContaining(`[${name}] expected`) }),
      );
    }
  });

  it.each(all)('%s takes only true and false for booleans', (name, make) => {
    const good = required[name] ?? {};
    for (const option of booleansOf(made(make(good)))) {
      for (const wrong of ['no', 0, null])
        expect(() => make({ ...good, [option]: wrong })).toThrow(
          typed(
            `[${name}] expected true or false for ${option}, received ${wrong === 'no' ? "'no'" : wrong}`,
          ),
        );
    }
  });

  it.each(all.filter(([name]) => name in required))('%s names an option that is missing', (name, make) => {
    for (const key of Object.keys(required[name])) {
      const rest = { ...required[name], [key]: undefined };
      expect(() => make(rest)).toThrow(`[${name}] expected the option ${key}, received none`);
    }
    expect(() => make()).toThrow(`[${name}] expected the option`);
  });
});

/** What comes before the options of an op, and options that have to be given. */
const x = [[1, 2]];
const image = [
  [
    [[1], [2]],
    [[3], [4]],
  ],
];
const kernel = [[[[1]]]];
const opsWithOptions: Record<string, [before: unknown[], options?: object]> = {
  affineTransform: [[image, [1, 0, 0, 0, 1, 0, 0, 0]]],
  all: [[x]],
  allclose: [[x, x]],
  any: [[x]],
  argmax: [[x]],
  argmin: [[x]],
  averagePool: [[image]],
  batchNormalization: [[x, [0, 0], [1, 1]]],
  biasAdd: [[x, [1, 2]]],
  concatenate: [[[x, x]]],
  conv: [[image, kernel]],
  convTranspose: [[image, kernel]],
  cropImages: [[image]],
  depthwiseConv: [[image, kernel]],
  separableConv: [[image, kernel, kernel]],
  countNonzero: [[x]],
  dropout: [[x], { rate: 0.5 }],
  elasticTransform: [[image]],
  elu: [[x]],
  celu: [[x]],
  extractPatches: [[image, 1]],
  extractPatches3d: [[[image], 1]],
  gather: [[x, [0]]],
  gaussianBlur: [[image]],
  gaussianNoise: [[x], { stddev: 1 }],
  gelu: [[x]],
  globalAveragePool: [[image]],
  globalMaxPool: [[image]],
  glu: [[[[1, 2]]]],
  gru: [[[x], x, x, undefined]],
  hardShrink: [[x]],
  hsvToRgb: [[image]],
  identity: [[2]],
  isclose: [[x, x]],
  layerNormalization: [[x]],
  leakyRelu: [[x]],
  logSoftmax: [[x]],
  logsumexp: [[x]],
  lstm: [[[x], x, x, undefined]],
  mapCoordinates: [[x, [[0], [0]], 1]],
  matmul: [[x, x]],
  max: [[x]],
  maxPool: [[image]],
  mean: [[x]],
  min: [[x]],
  moments: [[x]],
  nanToNum: [[x]],
  oneHot: [[[0]], { depth: 2 }],
  pad: [
    [
      x,
      [
        [0, 0],
        [1, 1],
      ],
    ],
  ],
  padImages: [[image]],
  prod: [[x]],
  randomNormal: [[[2]]],
  randomUniform: [[[2]]],
  resize: [[image, [1, 1]]],
  rgbToGrayscale: [[image]],
  rgbToHsv: [[image]],
  scaleAndTranslate: [[x, [1, 2], [1], [0], [0], 'linear']],
  round: [[x]],
  rmsNormalization: [[x]],
  simpleRnn: [[[x], x, x, undefined]],
  sobelEdges: [[image]],
  softShrink: [[x]],
  softmax: [[x]],
  sparsemax: [[x]],
  squareplus: [[x]],
  ssim: [[image, image]],
  stack: [[[x, x]]],
  sum: [[x]],
  truncatedNormal: [[[2]]],
  upSampling: [[image]],
};
const withoutOptions = [
  'angle cbrt ceil clip copy deg2rad divideNoNan exp2 fmax fmin heaviside hypot imag isfinite isinf isnan isneginf isposinf isreal',
  'log10 log2 logaddexp logaddexp2 logicalXor rad2deg saturateCast signbit trunc',
  'abs add broadcastTo cast divide einsum equal erf exp expandDims floor greater greaterEqual less lessEqual log log1p',
  'logicalAnd logicalNot logicalOr maximum meanSquaredError minimum multiply negative notEqual power randomKey reciprocal relu reshape rsqrt',
  'sigmoid sigmoidCrossEntropy sign slice softmaxCrossEntropy softplus sparseSoftmaxCrossEntropy sqrt square squeeze stopGradient',
  'stridedSlice subtract tanh transpose where',
  'hardSigmoid hardSilu hardTanh logSigmoid relu6 selu silu softsign sparsePlus sparseSigmoid tanhShrink threshold',
].flatMap((line) => line.split(' '));

describe('ops', () => {
  const named = (name: string): Make => allOps[name];

  it('are all in the tables', () => {
    const listed = [...Object.keys(opsWithOptions), ...withoutOptions];
    // An alias is the same function as the op.
    const functions = new Set(listed.map(named));
    expect(Object.keys(allOps).filter((name) => !functions.has(named(name)))).toEqual([]);
    expect(listed.filter((name) => !(name in allOps))).toEqual([]);
  });

  it.each(Object.entries(opsWithOptions))('%s refuses unknown options', (name, [before, good]) => {
    const op = named(name);
    expect(() => op(...before, { ...good, nonsense: 1 })).toThrow(
      expect.objectContaining({ code: 'ARGUMENT', message: expect.stringContaining(`[${name}] expected`) }),
    );
    expect(() => op(...before, { ...good, nonsense: 1 })).toThrow("received 'nonsense'");
    for (const wrong of [1, 'last', null, [1]])
      expect(() => op(...before, wrong)).toThrow(`[${name}] expected options in an object`);
    for (const key of Object.keys(good ?? {}))
      expect(() => op(...before)).toThrow(`[${name}] expected the option ${key}, received none`);
  });
});

describe('booleans', () => {
  const sequence = [[[1, 2]]];
  const square = [
    [1, 2],
    [3, 4],
  ];
  const net = () => new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);

  it.each<[option: string, who: string, call: (no: never) => unknown]>([
    ['keepDims', 'sum', (no) => ops.sum(x, { keepDims: no })],
    ['keepDims', 'argmax', (no) => ops.argmax(x, { keepDims: no })],
    ['keepDims', 'moments', (no) => ops.moments(x, { keepDims: no })],
    ['keepDims', 'globalAveragePool', (no) => ops.globalAveragePool(image, { keepDims: no })],
    ['transposeA', 'matmul', (no) => ops.matmul(x, x, { transposeA: no })],
    ['transposeB', 'matmul', (no) => ops.matmul(x, x, { transposeB: no })],
    ['approximate', 'gelu', (no) => ops.gelu(x, { approximate: no })],
    ['goBackwards', 'lstm', (no) => ops.lstm(sequence, square, square, undefined, { goBackwards: no })],
    ['resetAfter', 'gru', (no) => ops.gru(sequence, square, square, undefined, { resetAfter: no })],
    ['trainable', 'variable', (no) => variable(1, { trainable: no })],
    ['trainable', 'Variable w', (no) => (variable(1, { name: 'w' }).trainable = no)],
    ['trainable', 'd', (no) => (layers.dense({ units: 1, name: 'd' }).trainable = no)],
    ['training', 'd', (no) => layers.dense({ units: 1, name: 'd' }).apply([], { training: no })],
    ['showTrainable', 'summary', (no) => net().summary({ showTrainable: no })],
  ])('%s of %s', (option, who, call) => {
    expect(() => call('no' as never)).toThrow(
      typed(`[${who}] expected true or false for ${option}, received 'no'`),
    );
  });

  it('shuffle of fit', async () => {
    const model = net();
    model.compile({ loss: 'meanSquaredError' });
    await expect(model.fit([[1, 2]], [[3]], { shuffle: 'no' as never })).rejects.toThrow(
      typed("[fit] expected true or false for shuffle, received 'no'"),
    );
  });

  it('of a weight', () => {
    class Scale extends layers.Layer {
      readonly className = 'Scale';
      override build() {
        this.addWeight({ name: 'factor', shape: [], trainable: 'no' as never });
      }
      call(x: Sym) {
        return x;
      }
    }
    expect(() => new Scale({ name: 's' }).apply(layers.input({ shape: [1] }))).toThrow(
      typed("[s] [addWeight] expected true or false for trainable, received 'no'"),
    );
  });
});

it.each([
  ['dropout', (seed: number) => layers.dropout({ rate: 0.5, seed })],
  ['spatialDropout2d', (seed: number) => layers.spatialDropout2d({ rate: 0.5, seed })],
  ['gaussianNoise', (seed: number) => layers.gaussianNoise({ stddev: 1, seed })],
  ['randomNormal', (seed: number) => initializers.randomNormal({ seed })],
])('%s takes only an integer as seed', (name, make) => {
  expect(() => make(7)).not.toThrow();
  for (const wrong of [1.5, NaN, '7' as never])
    expect(() => make(wrong)).toThrow(`[${name}] expected an integer as seed`);
});

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
    expect(message(() => dense({ units: 3, dtype: 'float32' }))).not.toContain('did you mean');
    expect(message(() => adam({ ema_momentum: 0.1 }))).not.toContain('did you mean');
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
    ['maxPooling2d padding', () => layers.maxPooling2d({ padding: 'SAME' as never })],
    ['averagePooling2d format', () => layers.averagePooling2d({ dataFormat: 'NCHW' as never })],
    ['globalMaxPooling2d format', () => layers.globalMaxPooling2d({ dataFormat: 'channels_first' as never })],
    ['cropping2d format', () => layers.cropping2d({ dataFormat: 'channels_first' as never })],
    ['zeroPadding2d format', () => layers.zeroPadding2d({ dataFormat: 'channels_first' as never })],
    ['spatialDropout2d format', () => layers.spatialDropout2d({ rate: 0.1, dataFormat: 'first' as never })],
    ['upSampling2d format', () => layers.upSampling2d({ dataFormat: 'first' as never })],
    ['upSampling2d interpolation', () => layers.upSampling2d({ interpolation: 'bicubic' as never })],
    ['input dtype', () => layers.input({ shape: [1], dtype: 'float64' as never })],
    ['ops.biasAdd format', () => ops.biasAdd(x, [1, 2], { dataFormat: 'channels_first' as never })],
    ['ops.globalMaxPool format', () => ops.globalMaxPool(image, { dataFormat: 'NCHW' as never })],
    ['ops.conv padding', () => ops.conv(image, kernel, { padding: 'SAME' as never })],
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
