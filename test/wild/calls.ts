/** One random call of the public surface, decided by a seed and the call's number alone. */
import * as nodegrad from '../../lib/index.js';
import { describe } from '../../lib/base/errors.js';
import { pick, random, wild } from './values.js';

type Callable = (...args: unknown[]) => unknown;
type Next = () => number;

interface Target {
  readonly name: string;
  /** What is called, with the arguments; the receiver is made for the call. */
  readonly call: (args: unknown[]) => unknown;
  /** The names of options that it takes, where known. */
  readonly options?: readonly string[];
  /** Arguments with which the call is right, or nearly. */
  readonly good?: () => unknown[];
}

const x = () =>
  nodegrad.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
const image = () => nodegrad.tensor(new Float32Array(32), [1, 4, 4, 2]);

/** Options that the layers cannot do without. */
const required: Record<string, object> = {
  activation: { activation: 'relu' },
  conv1d: { filters: 2, kernelSize: 3 },
  conv1dTranspose: { filters: 2, kernelSize: 3 },
  conv2d: { filters: 2, kernelSize: 3 },
  conv2dTranspose: { filters: 2, kernelSize: 3 },
  conv3d: { filters: 2, kernelSize: 3 },
  conv3dTranspose: { filters: 2, kernelSize: 3 },
  depthwiseConv1d: { kernelSize: 3 },
  depthwiseConv2d: { kernelSize: 3 },
  dot: { axes: 1 },
  embedding: { inputDim: 4, outputDim: 2 },
  input: { shape: [2] },
  separableConv1d: { filters: 2, kernelSize: 3 },
  separableConv2d: { filters: 2, kernelSize: 3 },
};
const units = { units: 2, rate: 0.5, stddev: 1, scale: 2, targetShape: [3], depth: 3 };

/** Names of options of any function, for those whose own names are not known. */
const names = [
  'axis axes keepDims strides padding dataFormat poolSize dilationRate groups depth onValue rate seed key salt mean stddev minval maxval',
  'epochs batchSize verbose callbacks signal validationSplit validationData shuffle classWeight sampleWeight initialEpoch stepsPerEpoch',
  'steps loss metrics weightedMetrics lossWeights optimizer printFn name trainable dtype dtypePolicy threads folder mirror initialState',
].flatMap((line) => line.split(' '));

/** Counts for which a right call would rightly take long. */
const counts = new Set(['epochs', 'stepsPerEpoch', 'steps', 'validationSteps', 'initialEpoch']);

function model(): nodegrad.Sequential {
  const made = new nodegrad.Sequential([
    nodegrad.layers.input({ shape: [3] }),
    nodegrad.layers.dense({ units: 2 }),
  ]);
  made.compile({ loss: 'meanSquaredError', metrics: ['meanAbsoluteError'] });
  return made;
}

const y = () =>
  nodegrad.tensor([
    [1, 2],
    [3, 4],
  ]);

/** Makes the objects whose methods are called. */
const receivers: Record<string, () => object> = {
  Tensor: x,
  Variable: () =>
    nodegrad.variable([
      [1, 2],
      [3, 4],
    ]),
  NDArray: () => new nodegrad.NDArray(new Float32Array(6), [2, 3]),
  Dataset: () => nodegrad.Dataset.fromArrays(new Float32Array(6), new Float32Array(6)),
  Sequential: model,
  Model: () => {
    const input = nodegrad.layers.input({ shape: [3] });
    const made = new nodegrad.Model({
      inputs: input,
      outputs: nodegrad.layers.dense({ units: 2 }).apply(input),
    });
    made.compile({ loss: 'meanSquaredError' });
    return made;
  },
  Dense: () => nodegrad.layers.dense({ units: 2 }),
  LSTM: () => nodegrad.layers.lstm({ units: 2 }),
  Conv2D: () => nodegrad.layers.conv2d({ filters: 2, kernelSize: 3 }),
  BatchNormalization: () => nodegrad.layers.batchNormalization(),
  Add: () => nodegrad.layers.add(),
  KerasTensor: () => nodegrad.layers.input({ shape: [2] }),
  Adam: () => nodegrad.optimizers.adam(),
  GlorotUniform: () => nodegrad.initializers.glorotUniform(),
  MeanSquaredError: () => nodegrad.losses.meanSquaredError(),
  Accuracy: () => nodegrad.metrics.accuracy(),
  L2: () => nodegrad.regularizers.l2(),
  MaxNorm: () => nodegrad.constraints.maxNorm(),
  History: () => nodegrad.callbacks.history(),
  LambdaCallback: () => nodegrad.callbacks.lambdaCallback({}),
  compiled: () => nodegrad.compile((a: nodegrad.Sym) => nodegrad.ops.add(a, 1)),
};

/** Right arguments of methods, before which each call of them would stop early. */
const goodArguments: Readonly<Record<string, (() => unknown[]) | undefined>> = {
  __proto__: null as never,
  fit: () => [x(), y(), { epochs: 1, verbose: 0 }],
  evaluate: () => [x(), y(), { verbose: 0 }],
  predict: () => [x(), {}],
  trainOnBatch: () => [x(), y(), {}],
  testOnBatch: () => [x(), y(), {}],
  predictOnBatch: () => [x()],
  slice: () => [0, 1],
  resize: () => [image(), [2, 3], {}],
  mapCoordinates: () => [x(), x(), 1, {}],
  affineTransform: () => [image(), [1, 0, 0, 0, 1, 0, 0, 0], {}],
  scaleAndTranslate: () => [x(), [2, 4], [1.5], [0], [1], 'linear', {}],
  ssim: () => [image(), image(), { filterSize: 3 }],
  extractPatches: () => [image(), 2, {}],
  extractPatches3d: () => [nodegrad.tensor(new Float32Array(16), [1, 2, 2, 2, 2]), 2, {}],
  assign: () => [
    [
      [1, 2],
      [3, 4],
    ],
  ],
  setWeights: () => [[new Float32Array(6), new Float32Array(2)]],
  compile: () => [{ loss: 'meanSquaredError' }],
  summary: () => [{ printFn: () => undefined }],
  build: () => [[null, 3]],
  tensor: () => [[2, 3]],
  zeros: () => [[2, 3]],
  ones: () => [[2, 3]],
  full: () => [[2, 3], 1],
  arange: () => [0, 4, 1],
  variable: () => [[1, 2], {}],
};

function isClass(value: unknown): value is new (...args: unknown[]) => unknown {
  return (
    typeof value === 'function' && Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false
  );
}

const optionsOf = (value: unknown): readonly string[] | undefined => {
  const table = (value as { optionNames?: object }).optionNames;
  return table && Object.keys(table);
};

/** Right arguments of a factory or an op. */
function goodOf(space: string, name: string): () => unknown[] {
  if (space === 'ops.image') return () => [image(), {}];
  if (space === 'ops') {
    if (/2d|biasAdd/i.test(name))
      return () => [image(), nodegrad.tensor(new Float32Array(8), [2, 2, 2, 1]), {}];
    return () => (name.length % 2 === 0 ? [x(), x()] : [x(), {}]);
  }
  return () => [{ ...(required[name] ?? {}) }];
}

/** What `export * as` makes: `ops.image`. */
const isNamespace = (value: unknown): value is object =>
  Object.prototype.toString.call(value) === '[object Module]';

function exported(): Target[] {
  const targets: Target[] = [];
  const add = (space: string, name: string, value: unknown) => {
    const full = space === '' ? name : `${space}.${name}`;
    if (space !== '' && INTERNAL.test(name)) return;
    if (isClass(value)) {
      if (MADE_INSIDE.has(name)) return;
      const call = (args: unknown[]) => new value(...args);
      targets.push({ name: `new ${full}`, call, options: optionsOf(value), good: () => [{ ...units }] });
      for (const method of Object.getOwnPropertyNames(value)) {
        const own = (value as unknown as Record<string, unknown>)[method];
        if (typeof own === 'function')
          targets.push({ name: `${full}.${method}`, call: (args) => (own as Callable).apply(value, args) });
      }
    } else if (typeof value === 'function' && name !== 'whileLoop') {
      // A condition that always holds makes a loop that does not end.
      const good = goodArguments[name] ?? goodOf(space, name);
      targets.push({ name: full, call: (args) => (value as Callable)(...args), good });
    } else if (isNamespace(value)) {
      for (const [inner, item] of Object.entries(value)) add(full, inner, item);
    }
  };
  for (const [name, value] of Object.entries(nodegrad)) {
    if (typeof value === 'object') for (const [inner, item] of Object.entries(value)) add(name, inner, item);
    else add('', name, value);
  }
  return targets;
}

function methods(): Target[] {
  const targets: Target[] = [];
  for (const [name, make] of Object.entries(receivers)) {
    const seen = new Set<string>();
    for (
      let level: object | null = make();
      level !== null;
      level = Object.getPrototypeOf(level) as object | null
    ) {
      if (level === Object.prototype || level === Function.prototype) break;
      for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
        if (key === 'constructor' || seen.has(key) || NOT_CALLED.test(key)) continue;
        seen.add(key);
        const at = (receiver: object) => receiver as Record<string, unknown>;
        if (typeof property.value === 'function') {
          const call = (args: unknown[]) => (at(make())[key] as Callable)(...args);
          targets.push({
            name: `${name}#${key}`,
            call: key === 'call' ? (args) => traced(args, call) : call,
            good: goodArguments[key] ?? (key === 'call' ? goodCalls[name] : undefined),
          });
        } else if (property.get) {
          targets.push({ name: `${name}#${key} (read)`, call: () => at(make())[key] });
        }
        if (property.set)
          targets.push({ name: `${name}#${key} (set)`, call: ([value]) => void (at(make())[key] = value) });
      }
    }
  }
  return targets;
}

/** Stand for symbolic values, which there are only while a function is traced. */
const symbolic = ['a', 'b'].map((name) => ({ toString: () => `symbolic ${name}` }));
const [a, b] = symbolic;

/** Arguments of the members that the library calls with symbolic values. */
const goodCalls: Readonly<Record<string, () => unknown[]>> = {
  Sequential: () => [a, { training: false }],
  Model: () => [a, { training: false }],
  Dense: () => [a, { training: false }],
  BatchNormalization: () => [a, { training: true }],
  Add: () => [[a, b]],
  MeanSquaredError: () => [a, b],
  Accuracy: () => [a, b],
  L2: () => [a],
  MaxNorm: () => [a],
};

/** Makes a call while a function of the two symbolic values [2, 3] is traced. */
function traced(args: readonly unknown[], call: (args: unknown[]) => unknown): unknown {
  const step = nodegrad.compile((x: nodegrad.Sym, y: nodegrad.Sym) => {
    const real = (arg: unknown) => (arg === a ? x : arg === b ? y : arg);
    return call(args.map((arg) => (Array.isArray(arg) ? (arg as unknown[]).map(real) : real(arg))));
  });
  return step(x(), x());
}

/** Code of the user that the library calls, and what it may return. */
function ownCode(): Target[] {
  class Own extends nodegrad.layers.Layer {
    readonly className = 'Own';
    constructor(readonly result: unknown) {
      super();
    }
    override call() {
      return this.result as never;
    }
  }
  const train = async (made: nodegrad.Model, options: object = {}, fit: object = {}) => {
    made.compile({ loss: 'meanSquaredError', ...options });
    await made.fit(x(), y(), { verbose: 0, ...fit });
  };
  const hooks = (value: unknown) => {
    const hook = () => value;
    return nodegrad.callbacks.lambdaCallback({
      onTrainBegin: hook,
      onEpochEnd: hook,
      onTrainBatchEnd: hook,
      onProgress: hook,
    });
  };
  const own = (name: string, call: (value: unknown) => unknown): Target => ({
    name: `own ${name} that gives`,
    call: ([value]) => call(value),
  });
  return [
    own('hook', (value) => train(model(), {}, { callbacks: [hooks(value)] })),
    own('loss', (value) => train(model(), { loss: () => value })),
    own('metric', (value) => train(model(), { metrics: [() => value] })),
    own('layer', (value) => new Own(value).apply(nodegrad.layers.input({ shape: [3] }))),
    own('layer in compile', (value) => nodegrad.compile((x: nodegrad.Sym) => new Own(value).apply(x))(x())),
    own('activation', (value) =>
      train(new nodegrad.Sequential([nodegrad.layers.dense({ units: 2, activation: () => value as never })])),
    ),
    own('function', (value) => nodegrad.compile(() => value)()),
    own('iterable', (value) => {
      const made = model();
      return made.fit(
        {
          *[Symbol.iterator]() {
            yield value as never;
          },
        },
        { verbose: 0 },
      );
    }),
    own('validation', (value) =>
      train(
        model(),
        {},
        {
          validationData: {
            async *[Symbol.asyncIterator]() {
              yield value as never;
            },
          },
        },
      ),
    ),
  ];
}

/**
 * What the declarations do not show (protected and internal members), and the hooks of callbacks: what these get, the library makes.
 */
const NOT_CALLED = new RegExp(
  `^(${[
    'draw|update|combine|convolve|buildKernels|pool|fused|step|isFused|biasShape|biasInitializer|inputBias|sublayers|wanted|drop',
    'addLoss|addWeight|connect|connectTo|isConnected|knownGraph|disconnect|callsLayers|ensureBuilt|run|trainer|graph|makeObjective|prepare|handle|storage|kept|seed',
    'ownWeights|savedFields|savedState|savedSlots|savedShared|compiledOptimizer|save|saveWeights|loadWeights|loadModel|getState|setState|epochDone|resumed',
    'gates|stateCount|activation|product|seen|on[A-Z].*|follow|outputsFor|applyPairs|checkSequence',
    'changeImages|changeLabels|changeBoxes|changeMasks|inFormat|move|rest',
    'within|nodeFor|trackWeight|givesLogs|hasOwn|givenMask|unconnected',
    'addShare|addToMean|addVariable|joinMeans|leaveMeans|begin|measure|total|counts|perThreshold|best|sensitivity|specificity|precision',
  ].join('|')})$`,
);
const INTERNAL = /(Of|Config)$/;
const MADE_INSIDE = new Set(['Tensor', 'Sym', 'Variable', 'KerasTensor', 'OnnxNetwork']);

let targets: readonly Target[] | undefined;

function wildOptions(next: Next, target: Target): object {
  const options: Record<string, unknown> = {};
  const own = target.options?.length ? target.options : names;
  for (let i = Math.floor(next() * 4); i >= 0; i--) {
    const name = next() < 0.9 ? pick(next, own) : pick(next, names);
    const value = wild(next);
    options[name] = counts.has(name) && typeof value === 'number' && value > 3 ? 2 : value;
  }
  return options;
}

function argumentsOf(next: Next, target: Target): unknown[] {
  const good = target.good !== undefined && next() < 0.7;
  const args = good ? target.good() : [];
  const changes = good ? 1 : Math.floor(next() * 4);
  for (let i = 0; i < changes; i++) {
    const at = args.length === 0 || next() < 0.2 ? args.length : Math.floor(next() * args.length);
    const before = args[at];
    const isOptions =
      good &&
      typeof before === 'object' &&
      before !== null &&
      Object.getPrototypeOf(before) === Object.prototype;
    if (isOptions && next() < 0.8) args[at] = { ...before, ...wildOptions(next, target) };
    else args[at] = next() < 0.25 ? wildOptions(next, target) : wild(next);
  }
  return args;
}

/** The call of a number: what it says and what it does. */
export function callOf(seed: number, call: number): { text: string; run: () => unknown } {
  targets ??= [...exported(), ...methods(), ...ownCode()];
  const next = random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(call + 1, 0x85ebca6b));
  const target = pick(next, targets);
  const args = argumentsOf(next, target);
  return { text: `${target.name}(${args.map(describe).join(', ')})`, run: () => target.call(args) };
}
