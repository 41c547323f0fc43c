/** Options of losses, metrics, optimizers, callbacks, models and data sets with values of a wrong type. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  Model,
  NDArray,
  Sequential,
  callbacks,
  compile,
  datasets,
  layers,
  losses,
  metrics,
  optimizers,
} from '../lib/index.js';
import { requiredMetrics } from './support/requiredMetrics.js';
import { requiredOptimizers } from './support/requiredOptimizers.js';

const typed = (option: string): unknown =>
  expect.objectContaining({ name: 'EngineError', message: expect.stringContaining(option) });

const net = () => new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
const wrong = {
  boolean: ['no', 0, null, {}],
  string: [5, null, true, {}, ['x']],
  optional: ['0.1', NaN, true, {}, [0.1], 1n],
  required: ['0.1', NaN, true, {}, [0.1], 1n, null],
} as const;

const PUBLISHED = { path: [5, {}], cacheFolder: [5, true], signal: [5, 'x', {}] };
const HOUSING = { ...PUBLISHED, testSplit: [1, 'x'], seed: [-1, 'x'] };
const TEXTS = {
  ...PUBLISHED,
  seed: [-1, 'x'],
  ...{
    numWords: [0, 'x'],
    skipTop: [-1, 'x'],
    maxlen: [0, 'x'],
    startChar: ['x'],
    oovChar: ['x'],
    indexFrom: ['x'],
  },
};

type Make = (options: unknown) => object;
type Kinds = Record<string, keyof typeof wrong>;

/** Options that may be lists of numbers, too. */
const lists = new Set([
  'categoricalFocalCrossentropy.alpha',
  'auc.thresholds',
  'auc.labelWeights',
  ...['precision', 'recall', 'truePositives', 'falsePositives', 'trueNegatives', 'falseNegatives'].map(
    (name) => `${name}.thresholds`,
  ),
]);

/** Options that are records. */
const records = new Set(['optimizerMap.optimizerMap']);

/** Options without which there is no object. */
const needed: Record<string, object> = { ...requiredMetrics, ...requiredOptimizers };

const made = Object.entries({ losses, metrics, optimizers }).flatMap(([family, space]) =>
  Object.entries(space)
    .filter(([name, make]) => /^[a-z]/.test(name) && typeof make === 'function')
    .flatMap(([name, make]) => {
      const given = needed[name] ?? {};
      const { optionNames } = (make as Make)(given).constructor as unknown as { optionNames?: Kinds };
      // The metric of a loss takes a name alone.
      const kinds: Kinds = optionNames ?? { name: 'string' };
      return Object.keys(kinds).map((option) => ({ family, name, option, kind: kinds[option], make, given }));
    }),
);

describe('factories', () => {
  it('have options', () => {
    expect(made.length).toBeGreaterThan(40);
  });

  it.each(made)('$family.$name refuses wrong values of $option', ({ name, option, kind, make, given }) => {
    for (const value of wrong[kind!]) {
      if (Array.isArray(value) && lists.has(`${name}.${option}`)) continue;
      if (isDeepStrictEqual(value, {}) && records.has(`${name}.${option}`)) continue;
      expect(() => (make as Make)({ ...given, [option]: value })).toThrow(typed(option));
      expect(() => (make as Make)({ ...given, [option]: value })).toThrow(`[${name}]`);
    }
  });
});

const x = [[1, 2]];
const y = [[3]];
const loop = {
  batchSize: ['8', 0, 1.5, true, {}],
  verbose: ['yes', 4, true, {}],
  callbacks: [5, 'x', {}, () => 1, [5], new NDArray(new Float32Array(1), [1])],
  signal: [5, 'x', {}, true],
};
const weights = {
  sampleWeight: ['x', true, {}, () => 1],
  classWeight: [0, '', 'x', { a: 1 }, { 0: '1' }],
};
const methods: Record<
  string,
  [call: (options: never) => unknown, options: Record<string, readonly unknown[]>]
> = {
  fit: [
    (options) => compiled().fit(x, y, options),
    {
      ...loop,
      ...weights,
      epochs: ['2', -1, 1.5, true, {}],
      initialEpoch: ['2', -1, 1.5, true],
      stepsPerEpoch: ['2', 0, 1.5, true],
      validationSteps: ['2', 0, 1.5, true],
      validationBatchSize: ['2', 0, 1.5, true],
      validationSplit: ['0.5', true, NaN, 1, -1, {}],
      validationData: [5, 'x', true, {}, null, [5], [[5], 'x']],
      shuffle: ['no', 0, null],
      seed: ['1', 1.5, true, {}],
    },
  ],
  evaluate: [
    (options) => compiled().evaluate(x, y, options),
    { ...loop, sampleWeight: weights.sampleWeight, steps: ['2', 0, 1.5] },
  ],
  predict: [(options) => compiled().predict(x, options), { ...loop, steps: ['2', 0, 1.5, true] }],
  trainOnBatch: [(options) => compiled().trainOnBatch(x, y, options), weights],
  testOnBatch: [(options) => compiled().testOnBatch(x, y, options), { sampleWeight: weights.sampleWeight }],
  compile: [
    (options) => {
      net().compile({ loss: 'mse', ...(options as object) });
    },
    {
      loss: [
        5,
        'x',
        true,
        losses.MeanSquaredError,
        losses.meanSquaredError,
        [],
        ['mse', 'mse'],
        { nobody: 'mse' },
      ],
      metrics: [5, 'x', true, metrics.Accuracy, metrics.accuracy, [5], [metrics.accuracy], { nobody: 'mae' }],
      weightedMetrics: [5, 'x', true, metrics.Accuracy, metrics.accuracy, [5]],
      lossWeights: ['1', true, NaN, ['1'], [1, 2], { dense: 1 }],
      optimizer: [5, 'x', true, optimizers.Adam, optimizers.adam, {}],
    },
  ],
  summary: [
    (options) => net().summary(options),
    {
      printFn: [5, 'x', {}],
      lineLength: ['80', 1, 80.5],
      expandNested: ['no', 0, null],
      showTrainable: ['no', 0, null],
    },
  ],
  'new Sequential': [
    (options) => new Sequential([], options),
    { seed: ['1', 1.5, {}], name: [5, {}, true], trainable: ['no', 0], dtypePolicy: [5, 'x'] },
  ],
  'new Model': [
    (options) => {
      const input = layers.input({ shape: [1] });
      return new Model({ inputs: input, outputs: input, ...(options as object) });
    },
    { inputs: [5, 'x', [], {}], outputs: [5, 'x', [], {}], name: [5, {}], dtypePolicy: [5, 'x'] },
  ],
  lambdaCallback: [
    (options) => callbacks.lambdaCallback(options),
    { onEpochEnd: [5, 'x', {}], onProgress: [5, 'x', {}] },
  ],
  callbackList: [
    (options) => callbacks.callbackList([], options),
    {
      addHistory: ['no', 0],
      addProgbar: ['no', 0],
      model: [5, 'x', {}, null],
      epochs: ['2', -1, 1.5],
      steps: ['2', -1, 1.5],
      verbose: ['yes', 4, true],
    },
  ],
  'compile of a function': [(options) => compile((a) => a, options), { dtypePolicy: [5, 'x', {}] }],
  mnist: [
    (options) => datasets.mnist(options),
    { path: [5, {}], folder: [5, {}], cacheFolder: [5, true], mirror: [5, ['x']], signal: [5, 'x', {}] },
  ],
  fashionMnist: [
    (options) => datasets.fashionMnist(options),
    { folder: [5, {}], cacheFolder: [5, true], mirror: [5, ['x']], signal: [5, 'x', {}] },
  ],
  cifar10: [(options) => datasets.cifar10(options), PUBLISHED],
  cifar100: [(options) => datasets.cifar100(options), { ...PUBLISHED, labelMode: [5, 'all'] }],
  digits: [(options) => datasets.digits(options), PUBLISHED],
  bostonHousing: [(options) => datasets.bostonHousing(options), HOUSING],
  californiaHousing: [(options) => datasets.californiaHousing(options), { ...HOUSING, version: [5, 'huge'] }],
  imdb: [(options) => datasets.imdb(options), TEXTS],
  reuters: [(options) => datasets.reuters(options), { ...TEXTS, testSplit: [1, 'x'] }],
};

function compiled() {
  const model = net();
  model.compile({ loss: 'mse' });
  return model;
}

describe.each(Object.entries(methods))('%s', (_, [call, options]) => {
  it.each(Object.entries(options))('refuses wrong values of %s', async (option, values) => {
    for (const value of values) {
      const error = await Promise.resolve()
        .then(() => call({ [option]: value } as never))
        .catch((error: unknown) => error);
      expect(error, String(value)).toMatchObject({ name: 'EngineError' });
    }
  });
});

describe('streams and data', () => {
  it.each([
    ['a stream that cannot be written to', () => callbacks.progbarLogger({} as never)],
    ['a stream that is none', () => callbacks.progbarLogger(5 as never)],
    ['what is no callback in a list', () => callbacks.callbackList([5] as never)],
    ['what is no callback, appended', () => callbacks.callbackList().append({} as never)],
    ['a dtype of an NDArray', () => new NDArray(new Float32Array(1), [1], 'float64' as never)],
    ['a shape of an NDArray', () => new NDArray(new Float32Array(1), ['1'] as never)],
    ['data of an NDArray', () => new NDArray([1] as never, [1])],
    ['a rate that is set', () => (optimizers.adam().learningRate = '1' as never)],
    ['a loss of a metric', () => new metrics.LossMetric('mse' as never)],
    ['the name of a metric', () => new metrics.LossMetric(losses.meanSquaredError(), 5 as never)],
  ])('%s', (_, body) => {
    expect(body).toThrow(expect.objectContaining({ name: 'EngineError' }));
  });
});
