// Core
export { Activation, activation, type ActivationOptions } from './activation.js';
export { Dense, dense, type DenseOptions } from './dense.js';
export type { QuantizationConfig, QuantizationMode, QuantizationOptions } from './quantization.js';
export { EinsumDense, einsumDense, type EinsumDenseOptions } from './einsumDense.js';
export { Embedding, embedding, type EmbeddingOptions } from './embedding.js';
export { Identity, identity } from './identity.js';
export { InputLayer, input, type InputOptions, type InputLayerOptions } from './input.js';
export { InputSpec, inputSpec, type InputSpecOptions } from './inputSpec.js';
export { KerasTensor, type OperationNode } from '../core/kerasTensor.js';
export { Lambda, lambda, type LambdaContext, type LambdaOptions } from './lambda.js';
export {
  Layer,
  type ApplyOptions,
  type CallContext,
  type LayerOptions,
  type WeightOptions,
} from './layer.js';
export { Masking, masking, type MaskingOptions } from './masking.js';
export type { Masks } from './masks.js';
export { MultiInputLayer } from './multiInputLayer.js';
export type { Operation } from '../core/operation.js';
export {
  ReversibleEmbedding,
  reversibleEmbedding,
  type ReversibleEmbeddingOptions,
} from './reversibleEmbedding.js';
export {
  SpectralNormalization,
  spectralNormalization,
  type SpectralNormalizationOptions,
} from './spectralNormalization.js';
export { Wrapper, type WrapperOptions } from './wrapper.js';

// Activation
export { ELU, elu, type ELUOptions } from './elu.js';
export { LeakyReLU, leakyReLU, type LeakyReLUOptions } from './leakyReLU.js';
export { PReLU, prelu, type PReLUOptions } from './prelu.js';
export { ReLU, relu, type ReLUOptions } from './relu.js';
export { Softmax, softmax, type SoftmaxOptions } from './softmax.js';

// Convolution
export {
  Conv1D,
  conv1d,
  Conv2D,
  conv2d,
  Conv3D,
  conv3d,
  type Conv1DOptions,
  type ConvOptions,
} from './conv.js';
export {
  Conv1DTranspose,
  conv1dTranspose,
  Conv2DTranspose,
  conv2dTranspose,
  Conv3DTranspose,
  conv3dTranspose,
  type ConvTransposeOptions,
} from './convTranspose.js';
export {
  DepthwiseConv1D,
  depthwiseConv1d,
  DepthwiseConv2D,
  depthwiseConv2d,
  type DepthwiseConvOptions,
} from './depthwiseConv.js';
export {
  SeparableConv1D,
  separableConv1d,
  SeparableConv2D,
  separableConv2d,
  type SeparableConvOptions,
} from './separableConv.js';
export type { SpatialOptions } from './spatial.js';

// Pooling
export {
  AdaptiveAveragePooling1D,
  adaptiveAveragePooling1d,
  AdaptiveAveragePooling2D,
  adaptiveAveragePooling2d,
  AdaptiveAveragePooling3D,
  adaptiveAveragePooling3d,
} from './adaptiveAveragePooling.js';
export {
  AdaptiveMaxPooling1D,
  adaptiveMaxPooling1d,
  AdaptiveMaxPooling2D,
  adaptiveMaxPooling2d,
  AdaptiveMaxPooling3D,
  adaptiveMaxPooling3d,
} from './adaptiveMaxPooling.js';
export {
  AveragePooling1D,
  averagePooling1d,
  AveragePooling2D,
  averagePooling2d,
  AveragePooling3D,
  averagePooling3d,
} from './averagePooling.js';
export type { AdaptivePoolingOptions } from './baseAdaptivePooling.js';
export type { GlobalPoolingOptions } from './baseGlobalPooling.js';
export type { PoolingOptions } from './basePooling.js';
export {
  GlobalAveragePooling1D,
  globalAveragePooling1d,
  GlobalAveragePooling2D,
  globalAveragePooling2d,
  GlobalAveragePooling3D,
  globalAveragePooling3d,
} from './globalAveragePooling.js';
export {
  GlobalMaxPooling1D,
  globalMaxPooling1d,
  GlobalMaxPooling2D,
  globalMaxPooling2d,
  GlobalMaxPooling3D,
  globalMaxPooling3d,
} from './globalMaxPooling.js';
export {
  MaxPooling1D,
  maxPooling1d,
  MaxPooling2D,
  maxPooling2d,
  MaxPooling3D,
  maxPooling3d,
} from './maxPooling.js';

// Recurrent
export { Bidirectional, bidirectional, type BidirectionalOptions } from './bidirectional.js';
export {
  ConvLSTM1D,
  convLSTM1d,
  ConvLSTM2D,
  convLSTM2d,
  ConvLSTM3D,
  convLSTM3d,
  type ConvLSTMOptions,
} from './convLSTM.js';
export type { GatedCellOptions } from './gatedCell.js';
export { GRU, gru, type GRUOptions } from './gru.js';
export { GRUCell, gruCell, type GRUCellOptions } from './gruCell.js';
export { LSTM, lstm, type LSTMOptions } from './lstm.js';
export { LSTMCell, lstmCell, type LSTMCellOptions } from './lstmCell.js';
export { RNN, rnn, type RNNOptions } from './rnn.js';
export type { RNNCell, StateSize, RNNCellOptions } from './rnnCell.js';
export { SimpleRNN, simpleRNN, type SimpleRNNOptions } from './simpleRNN.js';
export { SimpleRNNCell, simpleRNNCell } from './simpleRNNCell.js';
export { StackedRNNCells, stackedRNNCells, type StackedRNNCellsOptions } from './stackedRNNCells.js';
export { TimeDistributed, timeDistributed } from './timeDistributed.js';

// Attention
export { AdditiveAttention, additiveAttention } from './additiveAttention.js';
export { Attention, attention, type BaseAttentionOptions, type AttentionOptions } from './attention.js';
export {
  GroupQueryAttention,
  groupQueryAttention,
  type GroupQueryAttentionOptions,
} from './groupQueryAttention.js';
export type { HeadAttentionOptions } from './headAttention.js';
export {
  MultiHeadAttention,
  multiHeadAttention,
  type MultiHeadAttentionOptions,
} from './multiHeadAttention.js';

// Normalization
export type { BaseNormalizationOptions } from './baseNormalization.js';
export {
  BatchNormalization,
  batchNormalization,
  type BatchNormalizationOptions,
} from './batchNormalization.js';
export {
  GroupNormalization,
  groupNormalization,
  type GroupNormalizationOptions,
} from './groupNormalization.js';
export {
  LayerNormalization,
  layerNormalization,
  type LayerNormalizationOptions,
} from './layerNormalization.js';
export { RMSNormalization, rmsNormalization, type RMSNormalizationOptions } from './rmsNormalization.js';
export { UnitNormalization, unitNormalization, type UnitNormalizationOptions } from './unitNormalization.js';

// Dropout and noise
export {
  ActivityRegularization,
  activityRegularization,
  type ActivityRegularizationOptions,
} from './activityRegularization.js';
export { AlphaDropout, alphaDropout } from './alphaDropout.js';
export type { BaseDropoutOptions } from './baseDropout.js';
export { Dropout, dropout, type DropoutOptions } from './dropout.js';
export { GaussianDropout, gaussianDropout, type GaussianDropoutOptions } from './gaussianDropout.js';
export { GaussianNoise, gaussianNoise, type GaussianNoiseOptions } from './gaussianNoise.js';
export {
  SpatialDropout1D,
  spatialDropout1d,
  SpatialDropout2D,
  spatialDropout2d,
  SpatialDropout3D,
  spatialDropout3d,
  type SpatialDropoutOptions,
} from './spatialDropout.js';

// Shape
export {
  Cropping1D,
  cropping1d,
  Cropping2D,
  cropping2d,
  Cropping3D,
  cropping3d,
  type CroppingOptions,
} from './cropping.js';
export { Flatten, flatten, type FlattenOptions } from './flatten.js';
export { Permute, permute, type PermuteOptions } from './permute.js';
export { RepeatVector, repeatVector, type RepeatVectorOptions } from './repeatVector.js';
export { Reshape, reshape, type ReshapeOptions } from './reshape.js';
export {
  UpSampling1D,
  upSampling1d,
  UpSampling2D,
  upSampling2d,
  UpSampling3D,
  upSampling3d,
  type UpSamplingOptions,
  type UpSampling2DOptions,
} from './upSampling.js';
export {
  ZeroPadding1D,
  zeroPadding1d,
  ZeroPadding2D,
  zeroPadding2d,
  ZeroPadding3D,
  zeroPadding3d,
  type ZeroPaddingOptions,
} from './zeroPadding.js';

// Merging
export { Add, add } from './add.js';
export { Average, average } from './average.js';
export { Concatenate, concatenate, type ConcatenateOptions } from './concatenate.js';
export { Dot, dot, type DotOptions } from './dot.js';
export { Maximum, maximum } from './maximum.js';
export { Minimum, minimum } from './minimum.js';
export { Multiply, multiply } from './multiply.js';
export { Subtract, subtract } from './subtract.js';

// Preparing numbers, categories, texts and sounds
export type { CategoryMode } from './categories.js';
export { CategoryEncoding, categoryEncoding, type CategoryEncodingOptions } from './categoryEncoding.js';
export { DataLayer } from './dataLayer.js';
export { Discretization, discretization, type DiscretizationOptions } from './discretization.js';
export { HashedCrossing, hashedCrossing, type HashedCrossingOptions } from './hashedCrossing.js';
export { Hashing, hashing, type HashingOptions } from './hashing.js';
export type { AdaptOptions, IndexLookup, LookupMode } from './indexLookup.js';
export { IntegerLookup, integerLookup, type IntegerLookupOptions } from './integerLookup.js';
export { MelSpectrogram, type MelSpectrogramOptions, melSpectrogram } from './melSpectrogram.js';
export { Normalization, normalization, type NormalizationOptions } from './normalization.js';
export { Rescaling, rescaling, type RescalingOptions } from './rescaling.js';
export { STFTSpectrogram, type STFTSpectrogramOptions, stftSpectrogram } from './stftSpectrogram.js';
export { StringLookup, stringLookup, type StringLookupOptions } from './stringLookup.js';
export { TextVectorization, textVectorization, type TextVectorizationOptions } from './textVectorization.js';
export type { NestedStrings, Token, TokenBatches, Tokens } from './tokens.js';

// Preparing images
export { AugMix, augMix, type AugMixOptions } from './image/augMix.js';
export { AutoContrast, autoContrast, type AutoContrastOptions } from './image/autoContrast.js';
export type {
  ArrayContext,
  BaseImagePreprocessingLayer,
  ImageLayerOptions,
  LabelledBoxes,
  LabelledImages,
  TransformationOptions,
} from './image/baseImage.js';
export type { RandomImageOptions } from './image/baseRandomImage.js';
export { CenterCrop, centerCrop, type CenterCropOptions } from './centerCrop.js';
export {
  ContrastLimitedAdaptiveHistogramEqualization,
  contrastLimitedAdaptiveHistogramEqualization,
  type ContrastLimitedAdaptiveHistogramEqualizationOptions,
} from './image/clahe.js';
export { CutMix, cutMix, type CutMixOptions } from './image/cutMix.js';
export { Equalization, equalization, type EqualizationOptions } from './image/equalization.js';
export {
  MaxNumBoundingBoxes,
  maxNumBoundingBoxes,
  type MaxNumBoundingBoxesOptions,
} from './image/maxNumBoundingBoxes.js';
export { MixUp, mixUp, type MixUpOptions } from './image/mixUp.js';
export { RandAugment, randAugment, type RandAugmentOptions } from './image/randAugment.js';
export {
  RandomBrightness,
  randomBrightness,
  type RandomBrightnessOptions,
} from './image/randomBrightness.js';
export {
  RandomColorDegeneration,
  randomColorDegeneration,
  type RandomColorDegenerationOptions,
} from './image/randomColorDegeneration.js';
export {
  RandomColorJitter,
  randomColorJitter,
  type RandomColorJitterOptions,
} from './image/randomColorJitter.js';
export { RandomContrast, randomContrast, type RandomContrastOptions } from './image/randomContrast.js';
export { RandomCrop, randomCrop, type RandomCropOptions } from './image/randomCrop.js';
export {
  RandomElasticTransform,
  randomElasticTransform,
  type RandomElasticTransformOptions,
} from './image/randomElasticTransform.js';
export { RandomErasing, randomErasing, type RandomErasingOptions } from './image/randomErasing.js';
export { RandomFlip, randomFlip, type RandomFlipOptions } from './image/randomFlip.js';
export {
  RandomGaussianBlur,
  randomGaussianBlur,
  type RandomGaussianBlurOptions,
} from './image/randomGaussianBlur.js';
export { RandomGrayscale, randomGrayscale, type RandomGrayscaleOptions } from './image/randomGrayscale.js';
export { RandomHue, randomHue, type RandomHueOptions } from './image/randomHue.js';
export { RandomInvert, randomInvert, type RandomInvertOptions } from './image/randomInvert.js';
export {
  RandomPerspective,
  randomPerspective,
  type RandomPerspectiveOptions,
} from './image/randomPerspective.js';
export {
  RandomPosterization,
  randomPosterization,
  type RandomPosterizationOptions,
} from './image/randomPosterization.js';
export { RandomRotation, randomRotation, type RandomRotationOptions } from './image/randomRotation.js';
export {
  RandomSaturation,
  randomSaturation,
  type RandomSaturationOptions,
} from './image/randomSaturation.js';
export { RandomSharpness, randomSharpness, type RandomSharpnessOptions } from './image/randomSharpness.js';
export { RandomShear, randomShear, type RandomShearOptions } from './image/randomShear.js';
export {
  RandomTranslation,
  randomTranslation,
  type RandomTranslationOptions,
} from './image/randomTranslation.js';
export { RandomZoom, randomZoom, type RandomZoomOptions } from './image/randomZoom.js';
export { Resizing, resizing, type ResizingOptions } from './resizing.js';
export { Solarization, solarization, type SolarizationOptions } from './image/solarization.js';
