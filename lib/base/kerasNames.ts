import { camelCase } from './names.js';

/** A family of Keras 3: its names, and what to do instead of one that is not here. */
interface KerasFamily {
  readonly names: string;
  readonly instead: string;
}

/**
 * All names of Keras 3 by what is chosen, whether they are here or not: a name that is not is told apart from a misspelt one. Losses and
 * metrics also have the short ones.
 */
const KERAS = {
  activation: {
    names:
      'celu elu exponential gelu glu hardShrink hardSigmoid hardSilu hardSwish hardTanh leakyRelu linear logSigmoid logSoftmax mish ' +
      'relu relu6 selu sigmoid silu softShrink softmax softplus softsign sparsePlus sparseSigmoid sparsemax squareplus swish tanh ' +
      'tanhShrink threshold',
    instead:
      'give a function, such as (x) => activations.threshold(x, 1, 0), or name one with activations.register',
  },
  constraint: {
    names: 'maxNorm minMaxNorm nonNeg unitNorm',
    instead: 'give an object of a subclass of Constraint',
  },
  initializer: {
    names:
      'constant glorotNormal glorotUniform heNormal heUniform identity identityInitializer lecunNormal lecunUniform ones ' +
      'orthogonal orthogonalInitializer randomNormal randomUniform stft stftInitializer truncatedNormal varianceScaling zeros',
    instead: 'give an object of a subclass of Initializer',
  },
  layer: {
    names:
      'ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D ' +
      'AdaptiveMaxPooling2D AdaptiveMaxPooling3D AdditiveAttention AlphaDropout Attention AugMix AutoContrast AveragePooling1D ' +
      'AveragePooling3D Bidirectional CategoryEncoding CenterCrop ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose ' +
      'Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D Cropping3D CutMix DepthwiseConv1D Discretization ELU ' +
      'EinsumDense Equalization FlaxLayer GRUCell GaussianDropout GlobalAveragePooling1D GlobalAveragePooling3D GlobalMaxPooling1D ' +
      'GlobalMaxPooling3D GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity IntegerLookup JaxLayer LSTMCell ' +
      'Lambda Masking MaxNumBoundingBoxes MaxPooling1D MaxPooling3D MelSpectrogram MixUp MultiHeadAttention Normalization PReLU ' +
      'Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast ' +
      'RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert ' +
      'RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom ' +
      'RepeatVector Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D SimpleRNNCell Solarization SpatialDropout1D ' +
      'SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup TFSMLayer TextVectorization TimeDistributed ' +
      'TorchModuleWrapper UnitNormalization UpSampling1D UpSampling3D Wrapper ZeroPadding1D ZeroPadding3D',
    instead: 'write a subclass of Layer',
  },
  loss: {
    names:
      'bce bfce binaryCrossentropy binaryFocalCrossentropy categoricalCrossentropy categoricalFocalCrossentropy ' +
      'categoricalGeneralizedCrossEntropy categoricalHinge ce circle cosineSimilarity crossentropy ctc dice hinge huber kld ' +
      'klDivergence logCosh mae mape meanAbsoluteError meanAbsolutePercentageError meanSquaredError meanSquaredLogarithmicError mse ' +
      'msle poisson sparseCategoricalCrossentropy squaredHinge tversky',
    instead: 'give a function of yTrue and yPred, or an object of a subclass of Loss',
  },
  metric: {
    names:
      'acc accuracy auc bce binaryAccuracy binaryCrossentropy binaryIoU categoricalAccuracy categoricalCrossentropy categoricalHinge ' +
      'concordanceCorrelation cosineSimilarity f1Score fBetaScore falseNegatives falsePositives hinge iou ' +
      'klDivergence logCoshError mae mape mean meanAbsoluteError meanAbsolutePercentageError meanIoU meanMetricWrapper ' +
      'meanSquaredError meanSquaredLogarithmicError mse msle oneHotIoU oneHotMeanIoU pearsonCorrelation poisson precision ' +
      'precisionAtRecall r2Score recall recallAtPrecision rootMeanSquaredError sensitivityAtSpecificity ' +
      'sparseCategoricalAccuracy sparseCategoricalCrossentropy sparseTopKCategoricalAccuracy specificityAtSensitivity squaredHinge ' +
      'sum topKCategoricalAccuracy trueNegatives truePositives',
    instead: 'give a function of yTrue and yPred, or an object of a subclass of Metric',
  },
  optimizer: {
    names:
      'adadelta adafactor adagrad adam adamW adamax ftrl lamb lion lossScaleOptimizer multiOptimizer muon nadam rmsprop ' +
      'scheduleFreeAdamW sgd',
    instead: 'give an object of a subclass of Optimizer',
  },
  regularizer: {
    names: 'l1 l1l2 l2 orthogonalRegularizer',
    instead: 'give an object of a subclass of Regularizer',
  },
  schedule: {
    names:
      'cosineDecay cosineDecayRestarts exponentialDecay inverseTimeDecay piecewiseConstantDecay polynomialDecay',
    instead: 'give an object of a subclass of LearningRateSchedule',
  },
} as const satisfies Record<string, KerasFamily>;

/** What is chosen by names that Keras has. */
export type Family = keyof typeof KERAS;

/** The names of Keras for a family, and what to do instead of those that are not here; none for what Keras does not know. */
export const kerasFamily = (what: string): KerasFamily | undefined =>
  Object.hasOwn(KERAS, what) ? KERAS[what as Family] : undefined;

/** Options whose names do not follow the rule that Keras writes an underscore where this library writes a capital. */
const IRREGULAR: Readonly<Record<string, string>> = {
  keepDims: 'keepdims',
  beta1: 'beta_1',
  beta2: 'beta_2',
  adamBeta1: 'adam_beta_1',
  adamBeta2: 'adam_beta_2',
  beta2Decay: 'beta_2_decay',
  epsilon1: 'epsilon_1',
  epsilon2: 'epsilon_2',
};

/** The name here of what Keras 2 calls hard_sigmoid: Keras 3's has another slope. */
export const HARD_SIGMOID_OF_KERAS_2 = 'keras2>hard_sigmoid';

/** Keras's name of an option: `kernelSize` is `kernel_size`. */
export const kerasOption = (name: string): string => IRREGULAR[name] ?? snakeCase(name);

/** The name here of an option that Keras calls so: `kernel_size` is `kernelSize`. */
export const ownOption = (name: string): string =>
  Object.keys(IRREGULAR).find((own) => IRREGULAR[own] === name) ?? camelCase(name);

/** `fanAvg` as `fan_avg`. */
export const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The letters of a name: Keras's `beta_1` and `keepdims` have those of `beta1` and `keepDims`. */
const lettersOf = (name: string): string => name.replaceAll('_', '').toLowerCase();

/** The one of these options that Keras's name means; none where there is no such option. */
export const optionOfKeras = (name: string, options: readonly string[]): string | undefined =>
  options.find((option) => lettersOf(option) === lettersOf(name));
