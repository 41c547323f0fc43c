import { describe, expect, it } from 'vitest';
import {
  Sequential,
  type Sym,
  constraints,
  initializers,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  regularizers,
  saving,
  tensor,
  variable,
} from '../lib/index.js';
import { allOps } from './support/ops.js';
import { unaryOps } from './support/unaryOps.js';
import { requiredMetrics } from './support/requiredMetrics.js';
import { requiredOptimizers } from './support/requiredOptimizers.js';

type Make = (options?: unknown) => unknown;

const doubled = saving.registerKerasSerializable('options', 'doubled')((x: Sym) => ops.multiply(x, 2));

/** What cannot be made without options. */
const required: Record<string, object> = {
  ...requiredMetrics,
  ...requiredOptimizers,
  activation: { activation: 'relu' },
  adaptiveAveragePooling1d: { outputSize: 2 },
  adaptiveAveragePooling2d: { outputSize: 2 },
  adaptiveAveragePooling3d: { outputSize: 2 },
  adaptiveMaxPooling1d: { outputSize: 2 },
  adaptiveMaxPooling2d: { outputSize: 2 },
  adaptiveMaxPooling3d: { outputSize: 2 },
  alphaDropout: { rate: 0.5 },
  categoryEncoding: { numTokens: 2 },
  centerCrop: { height: 2, width: 2 },
  bidirectional: { layer: layers.gru({ units: 2 }) },
  conv1d: { filters: 2, kernelSize: 3 },
  conv1dTranspose: { filters: 2, kernelSize: 3 },
  conv2d: { filters: 2, kernelSize: 3 },
  conv2dTranspose: { filters: 2, kernelSize: 3 },
  conv3d: { filters: 2, kernelSize: 3 },
  conv3dTranspose: { filters: 2, kernelSize: 3 },
  convLSTM1d: { filters: 2, kernelSize: 3 },
  convLSTM2d: { filters: 2, kernelSize: 3 },
  convLSTM3d: { filters: 2, kernelSize: 3 },
  cosineDecay: { initialLearningRate: 1, decaySteps: 2 },
  cosineDecayRestarts: { initialLearningRate: 1, firstDecaySteps: 2 },
  dense: { units: 2 },
  depthwiseConv1d: { kernelSize: 3 },
  depthwiseConv2d: { kernelSize: 3 },
  discretization: { numBins: 2 },
  dot: { axes: 1 },
  dropout: { rate: 0.5 },
  einsumDense: { equation: 'ab,bc->ac', outputShape: 2 },
  embedding: { inputDim: 4, outputDim: 2 },
  exponentialDecay: { initialLearningRate: 1, decaySteps: 2, decayRate: 0.5 },
  gaussianDropout: { rate: 0.5 },
  gaussianNoise: { stddev: 1 },
  groupQueryAttention: { headDim: 2, numQueryHeads: 2, numKeyValueHeads: 1 },
  gru: { units: 2 },
  gruCell: { units: 2 },
  hashedCrossing: { numBins: 2 },
  hashing: { numBins: 2 },
  input: { shape: [2] },
  inverseTimeDecay: { initialLearningRate: 1, decaySteps: 2, decayRate: 0.5 },
  lambda: { function: doubled },
  lstm: { units: 2 },
  maxNumBoundingBoxes: { maxNumber: 2 },
  multiHeadAttention: { numHeads: 2, keyDim: 2 },
  permute: { dims: [1] },
  oneCycle: { maxLearningRate: 1, totalSteps: 4 },
  lstmCell: { units: 2 },
  piecewiseConstantDecay: { boundaries: [1], values: [1, 0.5] },
  polynomialDecay: { initialLearningRate: 1, decaySteps: 2 },
  randomBrightness: { factor: 0.1 },
  randomColorDegeneration: { factor: 0.1 },
  randomContrast: { factor: 0.1 },
  randomCrop: { height: 2, width: 2 },
  randomHue: { factor: 0.1 },
  randomPosterization: { factor: 3 },
  randomRotation: { factor: 0.1 },
  randomSaturation: { factor: 0.1 },
  randomSharpness: { factor: 0.1 },
  randomTranslation: { heightFactor: 0.1, widthFactor: 0.1 },
  randomZoom: { heightFactor: 0.1 },
  repeatVector: { n: 2 },
  rescaling: { scale: 2 },
  reshape: { targetShape: [2] },
  reversibleEmbedding: { inputDim: 4, outputDim: 2 },
  resizing: { height: 2, width: 2 },
  rnn: { cell: layers.lstmCell({ units: 2 }) },
  separableConv1d: { filters: 2, kernelSize: 3 },
  separableConv2d: { filters: 2, kernelSize: 3 },
  simpleRNN: { units: 2 },
  simpleRNNCell: { units: 2 },
  spatialDropout1d: { rate: 0.5 },
  spatialDropout2d: { rate: 0.5 },
  spatialDropout3d: { rate: 0.5 },
  warmUp: { learningRate: 1, warmupSteps: 2 },
  spectralNormalization: { layer: layers.dense({ units: 2 }) },
  stackedRNNCells: { cells: [layers.gruCell({ units: 2 })] },
  timeDistributed: { layer: layers.dense({ units: 2 }) },
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

  const alone = all.filter(([name]) => !(name in requiredOptimizers));
  it.each(alone)('%s is made again by its configuration', (name, make) => {
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
    for (const key of Object.keys(required[name]!)) {
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
const corners = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const opsWithOptions: Record<string, [before: unknown[], options?: object]> = {
  adaptiveAveragePool: [[image], { outputSize: 1 }],
  adaptiveMaxPool: [[image], { outputSize: 1 }],
  affineTransform: [[image, [1, 0, 0, 0, 1, 0, 0, 0]]],
  all: [[x]],
  allclose: [[x, x]],
  any: [[x]],
  append: [[x, x]],
  arraySplit: [[x, 1]],
  argmax: [[x]],
  associativeScan: [[(a: Sym) => a, tensor([1])]],
  argmin: [[x]],
  argpartition: [[x, 0]],
  argsort: [[x]],
  average: [[x]],
  averagePool: [[image]],
  batchNormalization: [[x, [0, 0], [1, 1]]],
  biasAdd: [[x, [1, 2]]],
  bincount: [[[0, 1]]],
  concatenate: [[[x, x]]],
  conv: [[image, kernel]],
  convTranspose: [[image, kernel]],
  cropImages: [[image]],
  nonMaxSuppression: [[[[0, 0, 1, 1]], [1], 1]],
  depthwiseConv: [[image, kernel]],
  separableConv: [[image, kernel, kernel]],
  convertToTensor: [[x]],
  countNonzero: [[x]],
  correlate: [[[1], [1]]],
  cross: [[x, x]],
  cumprod: [[x]],
  cumsum: [[x]],
  diag: [[x]],
  diagflat: [[x]],
  depthToSpace: [[image, 2]],
  diagonal: [[x]],
  diff: [[x]],
  dotProductAttention: [[image, image, image]],
  dropout: [[x], { rate: 0.5 }],
  elasticTransform: [[image]],
  elu: [[x]],
  eye: [[2]],
  flip: [[x]],
  fullLike: [[x, 1]],
  celu: [[x]],
  extractPatches: [[image, 1]],
  extractPatches3d: [[[image], 1]],
  cholesky: [[[[1]]]],
  istft: [[[[[1, 2]], [[1, 2]]], 2, 1, 2]],
  binaryCrossentropy: [[x, x]],
  categoricalCrossentropy: [[x, x]],
  sparseCategoricalCrossentropy: [[[0], x]],
  ctcDecode: [[[[[1, 2]]], [1]]],
  ctcLoss: [[[[1]], [[[1, 2]]], [1], [1]]],
  fold: [[[[[1]]], 1, 1]],
  choleskyInverse: [[[[1]]]],
  gather: [[x, [0]]],
  gaussianBlur: [[image]],
  gaussianNoise: [[x], { stddev: 1 }],
  gelu: [[x]],
  geomspace: [[1, 2]],
  globalAveragePool: [[image]],
  globalMaxPool: [[image]],
  glu: [[[[1, 2]]]],
  gru: [[[x], x, x, undefined]],
  hardShrink: [[x]],
  histogram: [[[1, 2]]],
  hsvToRgb: [[image]],
  identity: [[2]],
  isclose: [[x, x]],
  jvp: [[(a: Sym) => a, [1], [1]]],
  isin: [[x, x]],
  layerNormalization: [[x]],
  leakyRelu: [[x]],
  linspace: [[0, 1]],
  logSoftmax: [[x]],
  irfft: [[[x, x]]],
  lstsq: [[x, [1]]],
  logspace: [[0, 1]],
  logsumexp: [[x]],
  lstm: [[[x], x, x, undefined]],
  mapCoordinates: [[x, [[0], [0]], 1]],
  matmul: [[x, x]],
  max: [[x]],
  maxPool: [[image]],
  mean: [[x]],
  meshgrid: [[[[1], [2]]]],
  median: [[x]],
  min: [[x]],
  moments: [[x]],
  multiHot: [[[0]], { numClasses: 2 }],
  nanToNum: [[x]],
  nanargmax: [[x]],
  nanargmin: [[x]],
  nancumprod: [[x]],
  nancumsum: [[x]],
  nanmax: [[x]],
  nanmean: [[x]],
  nanmedian: [[x]],
  nanmin: [[x]],
  nanpercentile: [[x, 1]],
  nanprod: [[x]],
  nanquantile: [[x, 1]],
  nanstd: [[x]],
  nansum: [[x]],
  nanvar: [[x]],
  onesLike: [[x]],
  oneHot: [[[0]], { depth: 2 }],
  matrixRank: [[x]],
  norm: [[x]],
  normalize: [[x]],
  percentile: [[x, 1]],
  perspectiveTransform: [[image, corners, corners]],
  pinv: [[x]],
  qr: [[x]],
  rfft: [[x]],
  solveTriangular: [[[[1]], [1]]],
  stft: [[[1, 2, 3, 4], 2, 1, 2]],
  svd: [[x]],
  unfold: [[image, 1]],
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
  ptp: [[x]],
  quantile: [[x, 1]],
  randomNormal: [[[2]]],
  randomUniform: [[[2]]],
  resize: [[image, [1, 1]]],
  rgbToGrayscale: [[image]],
  rgbToHsv: [[image]],
  scaleAndTranslate: [[x, [1, 2], [1], [0], [0], 'linear']],
  repeat: [[x, 1]],
  roll: [[x, 1]],
  rot90: [[x]],
  round: [[x]],
  rmsNormalization: [[x]],
  searchsorted: [[[1, 2], x]],
  scan: [[(c: Sym) => [c, c], 0, tensor([1])]],
  scatterUpdate: [[x, [[0, 0]], [1]]],
  segmentMax: [[x, [0, 0]]],
  segmentMin: [[x, [0, 0]]],
  segmentProd: [[x, [0, 0]]],
  segmentSum: [[x, [0, 0]]],
  simpleRnn: [[[x], x, x, undefined]],
  sobelEdges: [[image]],
  softShrink: [[x]],
  softmax: [[x]],
  sort: [[x]],
  sparsemax: [[x]],
  spaceToDepth: [[image, 2]],
  split: [[x, 1]],
  squareplus: [[x]],
  ssim: [[image, image]],
  stack: [[[x, x]]],
  std: [[x]],
  sum: [[x]],
  topK: [[x, 1]],
  take: [[x, [0]]],
  takeAlongAxis: [[x, [0]]],
  tensordot: [[x, x]],
  trace: [[x]],
  trapezoid: [[x]],
  tri: [[2]],
  tril: [[x]],
  triu: [[x]],
  truncatedNormal: [[[2]]],
  unique: [[x]],
  unstack: [[x]],
  upSampling: [[image]],
  vander: [[[1, 2]]],
  var: [[x]],
  vectorize: [[(a: Sym) => a]],
  whileLoop: [[() => true, (a: Sym) => a, 1]],
  zerosLike: [[x]],
};
const withoutOptions = [
  'cdist corrcoef digitize gcd inTopK lcm ldexp nextafter rearrange view',
  'psnr det eigh extractSequences fft fft2 ifft2 inv logdet luFactor slogdet solve',
  'sinc arctan2 bitwiseAnd bitwiseNot bitwiseOr bitwiseXor floorDivide fmod',
  'leftShift mod rightShift unravelIndex',
  'arange bartlett blackman convertToNumpy dot dsplit dstack dtype fliplr flipud full getItem hamming hanning hsplit hstack inner isTensor',
  'kaiser kron moveaxis ndim nonzero ones outer ravel scatter select shape size sliceUpdate swapaxes tile vdot vsplit vstack zeros',
  'cond customGradient foriLoop map switch vectorizedMap',
  'angle clip divideNoNan fmax fmin heaviside hypot imag isfinite isinf isnan isneginf isposinf isreal',
  'logaddexp logaddexp2 logicalXor rad2deg saturateCast signbit',
  'add broadcastTo cast divide einsum equal expandDims greater greaterEqual less lessEqual',
  'logicalAnd logicalNot logicalOr maximum meanSquaredError minimum multiply notEqual power randomKey reshape',
  'sigmoidCrossEntropy slice softmaxCrossEntropy sparseSoftmaxCrossEntropy squeeze stopGradient',
  'stridedSlice subtract transpose where',
  'threshold',
]
  .flatMap((line) => line.split(' '))
  .concat([...unaryOps.keys()].filter((name) => !(name in opsWithOptions)));

describe('ops', () => {
  const named = (name: string): Make => allOps[name]!;

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
