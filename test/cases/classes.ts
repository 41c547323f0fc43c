// What test/conformance.test.ts needs to know of each class of the library, a line a class, and why some have no numbers of Keras.
import { requiredMetrics } from '../support/requiredMetrics.js';
import {
  type DType,
  type Shape,
  type Sym,
  type TensorData,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  saving,
} from '../../lib/index.js';

/** Options, the list of a constructor's arguments, or what makes options anew for each object where they hold layers. */
export type Options =
  Readonly<Record<string, unknown>> | readonly unknown[] | (() => Readonly<Record<string, unknown>>);

export interface LayerCase {
  readonly options?: Options;
  /** The shape of a sample that goes in; a list of shapes for several inputs. */
  readonly x: Shape | readonly Shape[];
  /** The shape of a sample that comes out; a list of shapes for several outputs. */
  readonly y: Shape | readonly Shape[];
  /** The shapes of the weights by their names, in order; a list where names are there twice. Default: none. */
  readonly weights?: Readonly<Record<string, Shape>> | readonly (readonly [name: string, shape: Shape])[];
  /** Integers from 0 to below this go in, not numbers from -1 to 1. */
  readonly below?: number;
  /** What comes out. Default float32. */
  readonly dtype?: DType;
  /** Whether a mask goes on as it is where test/fixtures/masking.json has no row of the class. Default: it ends there. */
  readonly passesMask?: boolean;
  /** Why the length (the first axis of a sample of two or more) has to be known. Default: it may be unknown. */
  readonly fixed?: string;
}

/** Its numbers squared, times a factor. */
const squares = saving.registerKerasSerializable(
  'cases',
  'squares',
)((x: Sym, { factor }: layers.LambdaContext) => ops.multiply(ops.square(x), factor as number));
const four = { kernelSize: 2, padding: 'same' };
const image = [4, 6, 2];
const photo = [4, 6, 3];
const volume = [4, 4, 4, 2];
const lstm3 = { kernel: [2, 12], recurrentKernel: [3, 12], bias: [12] };
const gru3 = { kernel: [2, 9], recurrentKernel: [3, 9], bias: [2, 9] };
const sidesKnown = 'the sides have to be known';
const ofWindows = 'the length decides where windows are';
const lengthInResult = 'the length is a factor of a size that comes out';

/** The layers, in the order of the alphabet. */
// prettier-ignore
export const layerCases: Readonly<Record<string, LayerCase>> = {
  Activation: { options: { activation: 'tanh' }, x: [3, 4], y: [3, 4] },
  ActivityRegularization: { options: { l1: 0.01 }, x: [3, 4], y: [3, 4] },
  AdaptiveAveragePooling1D: { options: { outputSize: 4 }, x: [6, 2], y: [4, 2], fixed: ofWindows },
  AdaptiveAveragePooling2D: { options: { outputSize: [2, 5] }, x: image, y: [2, 5, 2], fixed: ofWindows },
  AdaptiveAveragePooling3D: { options: { outputSize: 3 }, x: volume, y: [3, 3, 3, 2], fixed: ofWindows },
  AdaptiveMaxPooling1D: { options: { outputSize: 4 }, x: [6, 2], y: [4, 2], fixed: ofWindows },
  AdaptiveMaxPooling2D: { options: { outputSize: [2, 5] }, x: image, y: [2, 5, 2], fixed: ofWindows },
  AdaptiveMaxPooling3D: { options: { outputSize: 3 }, x: volume, y: [3, 3, 3, 2], fixed: ofWindows },
  Add: { x: [[3], [3]], y: [3] },
  AdditiveAttention: { x: [[3, 2], [3, 2]], y: [3, 2], weights: { scale: [2] } },
  AlphaDropout: { options: { rate: 0.5, noiseShape: [null, 1, 4] }, x: [3, 4], y: [3, 4] },
  Attention: { options: { useScale: true, useCausalMask: true }, x: [[3, 2], [3, 2]], y: [3, 2], weights: { scale: [] } },
  AugMix: { options: { numChains: 2, chainDepth: 1, factor: [0.1, 0.2], allOps: false, alpha: 2, valueRange: [-1, 1] }, x: photo, y: photo },
  AutoContrast: { options: { valueRange: [-1, 1] }, x: photo, y: photo },
  Average: { x: [[3], [3]], y: [3] },
  AveragePooling1D: { x: [6, 2], y: [3, 2] },
  AveragePooling2D: { options: { padding: 'same' }, x: image, y: [2, 3, 2] },
  AveragePooling3D: { x: volume, y: [2, 2, 2, 2] },
  BatchNormalization: { options: { momentum: 0.5 }, x: [3, 2], y: [3, 2], weights: { gamma: [2], beta: [2], movingMean: [2], movingVariance: [2] } },
  Bidirectional: { options: () => ({ layer: layers.lstm({ units: 3, returnSequences: true }), mergeMode: 'sum' }), x: [4, 2], y: [4, 3], weights: [...Object.entries(lstm3), ...Object.entries(lstm3)] },
  CategoryEncoding: { options: { numTokens: 5 }, x: [3], y: [5], below: 5 },
  CenterCrop: { options: { height: 2, width: 3 }, x: image, y: [2, 3, 2] },
  Concatenate: { options: { axis: -1 }, x: [[3, 2], [3, 4]], y: [3, 6] },
  ContrastLimitedAdaptiveHistogramEqualization: { options: { valueRange: [-1, 1], clipLimit: 64, tileGridSize: [2, 3] }, x: photo, y: photo, fixed: sidesKnown },
  Conv1D: { options: { filters: 3, kernelSize: 2, padding: 'causal' }, x: [5, 2], y: [5, 3], weights: { kernel: [2, 2, 3], bias: [3] } },
  Conv1DTranspose: { options: { filters: 3, ...four, strides: 2 }, x: [5, 2], y: [10, 3], weights: { kernel: [2, 3, 2], bias: [3] } },
  Conv2D: { options: { filters: 3, ...four, activation: 'relu' }, x: image, y: [4, 6, 3], weights: { kernel: [2, 2, 2, 3], bias: [3] } },
  Conv2DTranspose: { options: { filters: 3, ...four, strides: 2 }, x: image, y: [8, 12, 3], weights: { kernel: [2, 2, 3, 2], bias: [3] } },
  Conv3D: { options: { filters: 3, ...four }, x: volume, y: [4, 4, 4, 3], weights: { kernel: [2, 2, 2, 2, 3], bias: [3] } },
  Conv3DTranspose: { options: { filters: 3, ...four }, x: volume, y: [4, 4, 4, 3], weights: { kernel: [2, 2, 2, 3, 2], bias: [3] } },
  ConvLSTM1D: { options: { filters: 3, kernelSize: 2, padding: 'same', returnSequences: true }, x: [3, 5, 2], y: [3, 5, 3], weights: { kernel: [2, 2, 12], recurrentKernel: [2, 3, 12], bias: [12] } },
  ConvLSTM2D: { options: { filters: 3, kernelSize: 2, dropout: 0.5, recurrentDropout: 0.5, returnState: true }, x: [3, 4, 5, 2], y: [[3, 4, 3], [3, 4, 3], [3, 4, 3]], weights: { kernel: [2, 2, 2, 12], recurrentKernel: [2, 2, 3, 12], bias: [12] } },
  ConvLSTM3D: { options: { filters: 3, kernelSize: 2, dataFormat: 'channelsFirst', useBias: false }, x: [3, 2, 3, 4, 2], y: [3, 2, 3, 1], weights: { kernel: [2, 2, 2, 2, 12], recurrentKernel: [2, 2, 2, 3, 12] } },
  Cropping1D: { x: [6, 2], y: [4, 2] },
  Cropping2D: { options: { cropping: [[1, 0], [2, 1]] }, x: image, y: [3, 3, 2] },
  Cropping3D: { options: { cropping: [1, 0, 1] }, x: volume, y: [2, 4, 2, 2] },
  CutMix: { options: { factor: [0.5, 1] }, x: photo, y: photo },
  Dense: { options: { units: 3, kernelRegularizer: 'l2', biasInitializer: 'ones' }, x: [4], y: [3], weights: { kernel: [4, 3], bias: [3] } },
  DepthwiseConv1D: { options: { ...four, depthMultiplier: 2 }, x: [5, 2], y: [5, 4], weights: { kernel: [2, 2, 2], bias: [4] } },
  DepthwiseConv2D: { options: { ...four, depthMultiplier: 2 }, x: image, y: [4, 6, 4], weights: { kernel: [2, 2, 2, 2], bias: [4] } },
  Discretization: { options: { binBoundaries: [-0.5, 0, 0.5] }, x: [3, 4], y: [3, 4], dtype: 'int32' },
  Dot: { options: { axes: 1, normalize: true }, x: [[3], [3]], y: [1] },
  Dropout: { options: { rate: 0.5, noiseShape: [null, null, 1], seed: 3 }, x: [3, 4], y: [3, 4] },
  ELU: { options: { alpha: 0.5 }, x: [3, 4], y: [3, 4] },
  EinsumDense: { options: { equation: 'abc,cd->abd', outputShape: [null, 3], biasAxes: 'd' }, x: [3, 2], y: [3, 3], weights: { kernel: [2, 3], bias: [3] } },
  Embedding: { options: { inputDim: 5, outputDim: 2 }, x: [3], y: [3, 2], below: 5, weights: { embeddings: [5, 2] } },
  Equalization: { options: { valueRange: [-1, 1], bins: 64 }, x: photo, y: photo },
  Flatten: { options: { dataFormat: 'channelsFirst' }, x: [3, 4], y: [12] },
  GRU: { options: { units: 3, returnSequences: true }, x: [4, 2], y: [4, 3], weights: { kernel: [2, 9], recurrentKernel: [3, 9], bias: [2, 9] } },
  GRUCell: { options: { units: 3, dropout: 0.5 }, x: [[2], [3]], y: [[3], [3]], weights: gru3 },
  GaussianDropout: { options: { rate: 0.5, seed: 3 }, x: [3, 4], y: [3, 4] },
  GaussianNoise: { options: { stddev: 0.5 }, x: [3, 4], y: [3, 4] },
  GlobalAveragePooling1D: { x: [6, 2], y: [2] },
  GlobalAveragePooling2D: { options: { keepDims: true }, x: image, y: [1, 1, 2] },
  GlobalAveragePooling3D: { x: volume, y: [2] },
  GlobalMaxPooling1D: { x: [6, 2], y: [2] },
  GlobalMaxPooling2D: { options: { keepDims: true }, x: image, y: [1, 1, 2] },
  GlobalMaxPooling3D: { x: volume, y: [2] },
  GroupNormalization: { options: { groups: 2 }, x: [3, 4], y: [3, 4], weights: { gamma: [4], beta: [4] } },
  GroupQueryAttention: { options: { headDim: 3, numQueryHeads: 2, numKeyValueHeads: 1, slidingWindow: 2 }, x: [[4, 2], [4, 2]], y: [4, 2], weights: { 'query/kernel': [2, 2, 3], 'query/bias': [2, 3], 'key/kernel': [2, 1, 3], 'key/bias': [1, 3], 'value/kernel': [2, 1, 3], 'value/bias': [1, 3], 'attentionOutput/kernel': [2, 3, 2], 'attentionOutput/bias': [2] } },
  Identity: { x: [3, 4], y: [3, 4] },
  InputLayer: { options: { shape: [3, 2] }, x: [3, 2], y: [3, 2] },
  LSTM: { options: { units: 3, returnState: true }, x: [4, 2], y: [[3], [3], [3]], weights: { kernel: [2, 12], recurrentKernel: [3, 12], bias: [12] } },
  LSTMCell: { options: { units: 3, recurrentDropout: 0.5, unitForgetBias: false }, x: [[2], [3], [3]], y: [[3], [3], [3]], weights: lstm3 },
  Lambda: { options: { function: squares, outputShape: [4], mask: [[true]], arguments: { factor: 2 } }, x: [4], y: [4] },
  LayerNormalization: { options: { epsilon: 0.01 }, x: [3, 4], y: [3, 4], weights: { gamma: [4], beta: [4] } },
  LeakyReLU: { options: { negativeSlope: 0.1 }, x: [3, 4], y: [3, 4] },
  Masking: { options: { maskValue: 0.5 }, x: [3, 4], y: [3, 4] },
  MaxNumBoundingBoxes: { options: { maxNumber: 3, fillValue: 0 }, x: photo, y: photo },
  MaxPooling1D: { x: [6, 2], y: [3, 2] },
  MaxPooling2D: { options: { poolSize: [2, 3] }, x: image, y: [2, 2, 2] },
  MaxPooling3D: { x: volume, y: [2, 2, 2, 2] },
  Maximum: { x: [[3], [3]], y: [3] },
  MelSpectrogram: { options: { fftLength: 8, sequenceStride: 4, numMelBins: 3, samplingRate: 4000 }, x: [16], y: [3, 5] },
  Minimum: { x: [[3], [3]], y: [3] },
  MixUp: { options: { alpha: 0.4 }, x: photo, y: photo },
  MultiHeadAttention: { options: { numHeads: 2, keyDim: 3, useCausalMask: true }, x: [[4, 2], [4, 2]], y: [4, 2], weights: { 'query/kernel': [2, 2, 3], 'query/bias': [2, 3], 'key/kernel': [2, 2, 3], 'key/bias': [2, 3], 'value/kernel': [2, 2, 3], 'value/bias': [2, 3], 'attentionOutput/kernel': [2, 3, 2], 'attentionOutput/bias': [2] } },
  Multiply: { x: [[3], [3]], y: [3] },
  Normalization: { x: [3, 2], y: [3, 2], weights: { mean: [2], variance: [2], count: [] } },
  PReLU: { options: { sharedAxes: [1], alphaInitializer: 'ones' }, x: [3, 4], y: [3, 4], weights: { alpha: [1, 4] } },
  Permute: { options: { dims: [2, 1] }, x: [3, 4], y: [4, 3] },
  RMSNormalization: { options: { epsilon: 0.01 }, x: [3, 4], y: [3, 4], weights: { scale: [4] } },
  RNN: { options: () => ({ cell: layers.gruCell({ units: 3 }), returnSequences: true, goBackwards: true }), x: [4, 2], y: [4, 3], weights: gru3 },
  RandAugment: { options: { numOps: 1, factor: [0.1, 0.2], interpolation: 'nearest', valueRange: [-1, 1] }, x: photo, y: photo },
  RandomBrightness: { options: { factor: [-0.1, 0.3], valueRange: [0, 1] }, x: photo, y: photo },
  RandomColorDegeneration: { options: { factor: [0.1, 0.6], valueRange: [0, 1] }, x: photo, y: photo },
  RandomColorJitter: { options: { brightnessFactor: 0.1, saturationFactor: [0.4, 0.6], valueRange: [0, 1] }, x: photo, y: photo },
  RandomContrast: { options: { factor: [0.1, 0.3], valueRange: [0, 1] }, x: photo, y: photo },
  RandomCrop: { options: { height: 2, width: 3, seed: 1 }, x: photo, y: [2, 3, 3], fixed: sidesKnown },
  RandomElasticTransform: { options: { factor: [0.1, 0.2], scale: 0.5, fillMode: 'mirror', valueRange: [-1, 1] }, x: photo, y: photo, fixed: sidesKnown },
  RandomErasing: { options: { factor: [0.5, 1], scale: [0.1, 0.2], fillValue: [1, 2, 3] }, x: photo, y: photo },
  RandomFlip: { options: { mode: 'horizontalAndVertical', seed: 1, boundingBoxFormat: 'relCenterXywh' }, x: photo, y: photo },
  RandomGaussianBlur: { options: { factor: [0.1, 0.2], kernelSize: [3, 5], sigma: 0.5, valueRange: [-1, 1] }, x: photo, y: photo },
  RandomGrayscale: { options: { factor: 0.3, seed: 1 }, x: photo, y: photo },
  RandomHue: { options: { factor: [0.2, 0.3], valueRange: [-1, 1] }, x: photo, y: photo },
  RandomInvert: { options: { factor: [0.2, 0.3], valueRange: [-1, 1] }, x: photo, y: photo },
  RandomPerspective: { options: { factor: [0.1, 0.2], scale: 0.5, fillValue: 2 }, x: photo, y: photo },
  RandomPosterization: { options: { factor: [2, 5], valueRange: [-1, 1] }, x: photo, y: photo },
  RandomRotation: { options: { factor: [-0.1, 0.2], fillMode: 'wrap', fillValue: 2 }, x: photo, y: photo },
  RandomSaturation: { options: { factor: [0.4, 0.6], valueRange: [0, 1] }, x: photo, y: photo },
  RandomSharpness: { options: { factor: [0.2, 0.9], valueRange: [-1, 1] }, x: photo, y: photo },
  RandomShear: { options: { xFactor: [0.1, 0.2], yFactor: 0.5, interpolation: 'nearest' }, x: photo, y: photo },
  RandomTranslation: { options: { heightFactor: 0.1, widthFactor: [-0.1, 0.2], fillMode: 'constant' }, x: photo, y: photo },
  RandomZoom: { options: { heightFactor: 0.1, widthFactor: [-0.1, 0.2], interpolation: 'nearest' }, x: photo, y: photo },
  ReLU: { options: { maxValue: 0.5, negativeSlope: 0.1 }, x: [3, 4], y: [3, 4] },
  RepeatVector: { options: { n: 3 }, x: [4], y: [3, 4] },
  Rescaling: { options: { scale: 2, offset: -1 }, x: [3, 4], y: [3, 4] },
  Reshape: { options: { targetShape: [2, 6] }, x: [3, 4], y: [2, 6], fixed: lengthInResult },
  Resizing: { options: { height: 3, width: 5, antialias: true }, x: image, y: [3, 5, 2] },
  ReversibleEmbedding: { options: { inputDim: 5, outputDim: 2, logitSoftCap: 3 }, x: [3], y: [3, 2], below: 5, weights: { embeddings: [5, 2] } },
  STFTSpectrogram: { options: { mode: 'magnitude', frameLength: 4, frameStep: 2 }, x: [8, 2], y: [3, 6], weights: { realKernel: [4, 1, 3], imagKernel: [4, 1, 3] } },
  SeparableConv1D: { options: { filters: 3, ...four }, x: [5, 2], y: [5, 3], weights: { depthwiseKernel: [2, 2, 1], pointwiseKernel: [1, 2, 3], bias: [3] } },
  SeparableConv2D: { options: { filters: 3, ...four }, x: image, y: [4, 6, 3], weights: { depthwiseKernel: [2, 2, 2, 1], pointwiseKernel: [1, 1, 2, 3], bias: [3] } },
  SimpleRNN: { options: { units: 3, activation: 'sigmoid' }, x: [4, 2], y: [3], weights: { kernel: [2, 3], recurrentKernel: [3, 3], bias: [3] } },
  SimpleRNNCell: { options: { units: 3 }, x: [[2], [3]], y: [[3], [3]], weights: { kernel: [2, 3], recurrentKernel: [3, 3], bias: [3] } },
  Softmax: { options: { axis: -1 }, x: [3, 4], y: [3, 4] },
  Solarization: { options: { additionFactor: [0.1, 0.2], thresholdFactor: 0.5, valueRange: [-1, 1] }, x: photo, y: photo },
  SpatialDropout1D: { options: { rate: 0.5 }, x: [6, 2], y: [6, 2] },
  SpatialDropout2D: { options: { rate: 0.5 }, x: image, y: image },
  SpatialDropout3D: { options: { rate: 0.5 }, x: volume, y: volume },
  SpectralNormalization: { options: () => ({ layer: layers.dense({ units: 3 }), powerIterations: 2 }), x: [4], y: [3], weights: { kernel: [4, 3], vectorU: [1, 3], bias: [3] } },
  StackedRNNCells: { options: () => ({ cells: [layers.lstmCell({ units: 3 }), layers.simpleRNNCell({ units: 1, useBias: false })] }), x: [[2], [3], [3], [1]], y: [[1], [3], [3], [1]], weights: [...Object.entries(lstm3), ['kernel', [3, 1]], ['recurrentKernel', [1, 1]]] },
  Subtract: { x: [[3], [3]], y: [3] },
  TimeDistributed: { options: () => ({ layer: layers.conv1d({ filters: 3, kernelSize: 2 }) }), x: [4, 3, 2], y: [4, 2, 3], weights: { kernel: [2, 2, 3], bias: [3] } },
  UnitNormalization: { options: { axis: -1 }, x: [3, 4], y: [3, 4] },
  UpSampling1D: { options: { size: 3 }, x: [6, 2], y: [18, 2] },
  UpSampling2D: { options: { interpolation: 'bilinear' }, x: image, y: [8, 12, 2] },
  UpSampling3D: { x: volume, y: [8, 8, 8, 2] },
  ZeroPadding1D: { x: [6, 2], y: [8, 2] },
  ZeroPadding2D: { options: { padding: [[1, 0], [2, 1]] }, x: image, y: [5, 9, 2] },
  ZeroPadding3D: { options: { padding: [1, 0, 1] }, x: volume, y: [6, 4, 6, 2] },
};

export interface MeasureCase {
  readonly options?: Options;
  /** What was given and what came out, a row a sample. Default: `targets` and `predictions`. */
  readonly yTrue?: TensorData;
  readonly yPred?: TensorData;
  /** The output is a sequence [n, steps, …] of them. Default: none. */
  readonly steps?: number;
  /** It takes one array, not targets and predictions. */
  readonly isAlone?: boolean;
}

/** Two samples of three classes; both numbers of a row that is compared are above 0, and rows add up to 1. */
export const targets = [
  [0, 1, 0],
  [1, 0, 0],
];
export const predictions = [
  [0.25, 0.5, 0.25],
  [0.5, 0.125, 0.375],
];
const classes = [[1], [0]];

/** The rows, and an empty one for each class below a base that adds no options to it, in the order of the alphabet. */
function withPlain(
  space: object,
  base: { readonly optionNames: object },
  rows: Readonly<Record<string, MeasureCase>>,
): Readonly<Record<string, MeasureCase>> {
  const sizeOf = (made: typeof base) => Object.keys(made.optionNames).length;
  const plain = Object.entries(space).flatMap(
    ([name, made]: [string, typeof base & { prototype: unknown }]) =>
      made.prototype instanceof (base as unknown as new () => object) && sizeOf(made) === sizeOf(base)
        ? [[name, {}] as const]
        : [],
  );
  const all = { ...Object.fromEntries(plain), ...rows };
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

// prettier-ignore
export const lossCases = withPlain(losses, losses.Loss, {
  BinaryCrossentropy: { options: { fromLogits: true, labelSmoothing: 0.1 } },
  BinaryFocalCrossentropy: { options: { applyClassBalancing: true, gamma: 3 } },
  CTC: { yTrue: [[1, 0], [1, 1]], yPred: [[0.25, 0.5, 0.25, 1, 0, 0.5], [0.5, 0, 0.5, 1, 1, 0.5]], steps: 3 },
  CategoricalCrossentropy: { options: { labelSmoothing: 0.1, axis: 1 } },
  CategoricalFocalCrossentropy: { options: { alpha: 0.5 } },
  CategoricalGeneralizedCrossEntropy: { options: { q: 0.25 }, yTrue: classes },
  Circle: { options: { gamma: 64, margin: 0.3, removeDiagonal: false }, yTrue: classes },
  CosineSimilarity: { options: { axis: 1 } },
  Dice: {},
  Hinge: { options: { reduction: 'sum', name: 'mine' } },
  Huber: { options: { delta: 0.25, reduction: 'meanWithSampleWeight' } },
  SparseCategoricalCrossentropy: { options: { fromLogits: true, ignoreClass: 0, axis: 1 }, yTrue: classes },
  Tversky: { options: { alpha: 0.25, axis: 1 } },
});

// prettier-ignore
export const metricCases = withPlain(metrics, metrics.Metric, {
  AUC: { options: { curve: 'PR', numThresholds: 10 } },
  BinaryAccuracy: { options: { threshold: 0.25, name: 'right' } },
  BinaryCrossentropy: {},
  BinaryIoU: { options: { threshold: 0.25 } },
  CategoricalCrossentropy: { options: { axis: 1 } },
  ConcordanceCorrelation: { options: { axis: 1 } },
  CosineSimilarity: { options: { axis: 1 } },
  F1Score: { options: { average: 'macro' } },
  FBetaScore: { options: { beta: 2, threshold: 0.25 } },
  FalseNegatives: {},
  FalsePositives: { options: { thresholds: [0.25, 0.5] } },
  IoU: { options: { numClasses: 3, targetClassIds: [0], sparseYTrue: false, sparseYPred: false } },
  LossMetric: { options: [losses.huber(), 'huber'] },
  Mean: { isAlone: true },
  MeanIoU: { options: { numClasses: 3, sparseYPred: false }, yTrue: classes },
  MeanMetricWrapper: { options: { ...requiredMetrics['meanMetricWrapper'] } },
  OneHotIoU: { options: { numClasses: 3, targetClassIds: [1] } },
  OneHotMeanIoU: { options: { numClasses: 3 } },
  PearsonCorrelation: {},
  Precision: { options: { classId: 1 } },
  PrecisionAtRecall: { options: { recall: 0.5 } },
  R2Score: { options: { numRegressors: 1 } },
  Recall: { options: { topK: 2 } },
  RecallAtPrecision: { options: { precision: 0.25 } },
  SensitivityAtSpecificity: { options: { specificity: 0.5 } },
  SparseCategoricalAccuracy: { yTrue: classes },
  SparseCategoricalCrossentropy: { options: { ignoreClass: 0, axis: 1 }, yTrue: classes },
  SparseTopKCategoricalAccuracy: { options: { k: 2 }, yTrue: classes },
  SpecificityAtSensitivity: { options: { sensitivity: 0.5 } },
  Sum: { isAlone: true },
  TopKCategoricalAccuracy: { options: { k: 2 } },
  TrueNegatives: { options: { thresholds: 0.25 } },
  TruePositives: {},
});

// prettier-ignore
export const optimizerCases: Readonly<Record<string, Options>> = {
  Adadelta: { learningRate: 0.5, rho: 0.9 },
  Adafactor: { clipThreshold: 0.5, relativeStep: false },
  Adagrad: { initialAccumulatorValue: 0.5, useEma: true },
  Adam: { beta1: 0.8, amsgrad: true },
  AdamW: { weightDecay: 0.1 },
  Adamax: { gradientAccumulationSteps: 2 },
  Ftrl: { learningRate: 0.1, l1RegularizationStrength: 0.01 },
  Lamb: { emaMomentum: 0.5, useEma: true, emaOverwriteFrequency: 2 },
  Lion: { beta2: 0.9, lossScaleFactor: 4 },
  LossScaleOptimizer: () => ({ innerOptimizer: optimizers.sgd(), dynamicGrowthSteps: 2 }),
  MultiOptimizer: () => ({ optimizerMap: optimizers.optimizerMap({ defaultOptimizer: optimizers.adam() }) }),
  Muon: { nesterov: false, excludeLayers: ['output'] },
  Nadam: { globalClipnorm: 1, name: 'mine' },
  RMSprop: { momentum: 0.5, centered: true },
  SGD: { momentum: 0.5, nesterov: true, clipnorm: 1 },
  ScheduleFreeAdamW: { warmupSteps: 2 },
};

// prettier-ignore
export const scheduleCases: Readonly<Record<string, Options>> = {
  CosineDecay: { initialLearningRate: 1, decaySteps: 2, warmupTarget: 2, warmupSteps: 1 },
  CosineDecayRestarts: { initialLearningRate: 1, firstDecaySteps: 2, tMul: 3 },
  ExponentialDecay: { initialLearningRate: 1, decaySteps: 2, decayRate: 0.5, staircase: true },
  InverseTimeDecay: { initialLearningRate: 1, decaySteps: 2, decayRate: 0.5 },
  OneCycle: { maxLearningRate: 1, totalSteps: 10, threePhase: true },
  PiecewiseConstantDecay: { boundaries: [1], values: [1, 0.5], name: 'stairs' },
  PolynomialDecay: { initialLearningRate: 1, decaySteps: 2, cycle: true },
  WarmUp: { learningRate: 1, warmupSteps: 2, initialLearningRate: 0.5 },
};

// prettier-ignore
export const initializerCases: Readonly<Record<string, Options>> = {
  Constant: { value: 2 },
  GlorotNormal: { seed: 3 },
  GlorotUniform: { seed: 3, inputAxes: [0], outputAxes: [1] },
  HeNormal: { seed: 3 },
  HeUniform: { seed: 3 },
  Identity: { gain: 2 },
  LecunNormal: { seed: 3 },
  LecunUniform: { seed: 3 },
  Ones: {},
  Orthogonal: { gain: 2, seed: 3 },
  RandomNormal: { mean: 1, stddev: 2, seed: 3 },
  RandomUniform: { minval: 1, maxval: 2, seed: 3 },
  STFT: { side: 'imag', window: 'hamming', scaling: 'spectrum', periodic: true },
  TruncatedNormal: { mean: 1, stddev: 2, seed: 3 },
  VarianceScaling: { scale: 2, mode: 'fanAvg', distribution: 'untruncatedNormal', seed: 3 },
  Zeros: {},
};

export const regularizerCases: Readonly<Record<string, Options>> = {
  L1: { l1: 0.5 },
  L1L2: { l1: 0.5, l2: 0.25 },
  L2: { l2: 0.5 },
  OrthogonalRegularizer: { factor: 0.5, mode: 'columns' },
};

export const constraintCases: Readonly<Record<string, Options>> = {
  MaxNorm: { maxValue: 1, axis: 1 },
  MinMaxNorm: { minValue: 0.5, maxValue: 1, rate: 0.5 },
  NonNeg: {},
  UnitNorm: { axis: 1 },
};

/** Classes that are not compared with numbers of Keras: why (test/reference-table.test.ts). */
export const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  callbacks: {
    Dashboard: 'Keras has no such class; test/board.test.ts has its numbers',
    JSONLLogger: 'Keras has no such class: the numbers are those of History',
    ProgbarLogger: 'it writes text in its own form; the numbers are those of History',
  },
  layers: { Lambda: 'its numbers are those of the function that the user gives' },
  metrics: { LossMetric: 'Keras has no such class: the numbers are those of the loss' },
};
