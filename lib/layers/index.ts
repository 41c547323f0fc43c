export { Activation, activation } from './activation.js';
export { ActivityRegularization, activityRegularization } from './activityRegularization.js';
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
export { Add, add } from './add.js';
export { AdditiveAttention, additiveAttention } from './additiveAttention.js';
export { AlphaDropout, alphaDropout } from './alphaDropout.js';
export { Attention, attention } from './attention.js';
export { AugMix, augMix } from './image/augMix.js';
export { AutoContrast, autoContrast } from './image/autoContrast.js';
export { Average, average } from './average.js';
export {
  AveragePooling1D,
  averagePooling1d,
  AveragePooling2D,
  averagePooling2d,
  AveragePooling3D,
  averagePooling3d,
} from './averagePooling.js';
export { BatchNormalization, batchNormalization } from './batchNormalization.js';
export { CategoryEncoding, categoryEncoding } from './categoryEncoding.js';
export type { CategoryMode } from './categories.js';
export { CenterCrop, centerCrop } from './centerCrop.js';
export { Bidirectional, bidirectional } from './bidirectional.js';
export { Concatenate, concatenate } from './concatenate.js';
export { Conv1D, conv1d, Conv2D, conv2d, Conv3D, conv3d } from './conv.js';
export {
  ContrastLimitedAdaptiveHistogramEqualization,
  contrastLimitedAdaptiveHistogramEqualization,
} from './image/clahe.js';
export {
  Conv1DTranspose,
  conv1dTranspose,
  Conv2DTranspose,
  conv2dTranspose,
  Conv3DTranspose,
  conv3dTranspose,
} from './convTranspose.js';
export { ConvLSTM1D, convLSTM1d, ConvLSTM2D, convLSTM2d, ConvLSTM3D, convLSTM3d } from './convLSTM.js';
export { Cropping1D, cropping1d, Cropping2D, cropping2d, Cropping3D, cropping3d } from './cropping.js';
export { CutMix, cutMix } from './image/cutMix.js';
export type {
  ArrayContext,
  BaseImagePreprocessingLayer,
  ImageLayerOptions,
  LabelledBoxes,
  LabelledImages,
  TransformationOptions,
} from './image/baseImage.js';
export type { RandomImageOptions } from './image/baseRandomImage.js';
export { DataLayer } from './dataLayer.js';
export { Dense, dense } from './dense.js';
export { DepthwiseConv1D, depthwiseConv1d, DepthwiseConv2D, depthwiseConv2d } from './depthwiseConv.js';
export { Discretization, discretization } from './discretization.js';
export { Dot, dot } from './dot.js';
export { Dropout, dropout } from './dropout.js';
export { EinsumDense, einsumDense } from './einsumDense.js';
export { ELU, elu } from './elu.js';
export { Embedding, embedding } from './embedding.js';
export { Equalization, equalization } from './image/equalization.js';
export { Flatten, flatten } from './flatten.js';
export { GaussianDropout, gaussianDropout } from './gaussianDropout.js';
export { GaussianNoise, gaussianNoise } from './gaussianNoise.js';
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
export { GroupNormalization, groupNormalization } from './groupNormalization.js';
export { GroupQueryAttention, groupQueryAttention } from './groupQueryAttention.js';
export { GRU, gru } from './gru.js';
export { Identity, identity } from './identity.js';
export { HashedCrossing, hashedCrossing } from './hashedCrossing.js';
export { Hashing, hashing } from './hashing.js';
export type { AdaptOptions, IndexLookup, LookupMode } from './indexLookup.js';
export { GRUCell, gruCell } from './gruCell.js';
export { InputLayer, input } from './input.js';
export { IntegerLookup, integerLookup } from './integerLookup.js';
export { KerasTensor, type OperationNode } from '../core/kerasTensor.js';
export type { Operation } from '../core/operation.js';
export { InputSpec, inputSpec, type InputSpecOptions } from './inputSpec.js';
export { Lambda, lambda, type LambdaContext } from './lambda.js';
export { Layer, type CallContext, type LayerOptions, type WeightOptions } from './layer.js';
export { LayerNormalization, layerNormalization } from './layerNormalization.js';
export { LeakyReLU, leakyReLU } from './leakyReLU.js';
export { LSTM, lstm } from './lstm.js';
export { LSTMCell, lstmCell } from './lstmCell.js';
export { Masking, masking } from './masking.js';
export type { Masks } from './masks.js';
export { Maximum, maximum } from './maximum.js';
export { MaxNumBoundingBoxes, maxNumBoundingBoxes } from './image/maxNumBoundingBoxes.js';
export {
  MaxPooling1D,
  maxPooling1d,
  MaxPooling2D,
  maxPooling2d,
  MaxPooling3D,
  maxPooling3d,
} from './maxPooling.js';
export { MelSpectrogram, type MelSpectrogramOptions, melSpectrogram } from './melSpectrogram.js';
export { Minimum, minimum } from './minimum.js';
export { MixUp, mixUp } from './image/mixUp.js';
export { MultiHeadAttention, multiHeadAttention } from './multiHeadAttention.js';
export { MultiInputLayer } from './multiInputLayer.js';
export { Multiply, multiply } from './multiply.js';
export { Permute, permute } from './permute.js';
export { PReLU, prelu } from './prelu.js';
export { Normalization, normalization } from './normalization.js';
export { RandAugment, randAugment } from './image/randAugment.js';
export { RandomBrightness, randomBrightness } from './image/randomBrightness.js';
export { RandomColorDegeneration, randomColorDegeneration } from './image/randomColorDegeneration.js';
export { RandomColorJitter, randomColorJitter } from './image/randomColorJitter.js';
export { RandomContrast, randomContrast } from './image/randomContrast.js';
export { RandomCrop, randomCrop } from './image/randomCrop.js';
export { RandomElasticTransform, randomElasticTransform } from './image/randomElasticTransform.js';
export { RandomErasing, randomErasing } from './image/randomErasing.js';
export { RandomFlip, randomFlip } from './image/randomFlip.js';
export { RandomGaussianBlur, randomGaussianBlur } from './image/randomGaussianBlur.js';
export { RandomGrayscale, randomGrayscale } from './image/randomGrayscale.js';
export { RandomHue, randomHue } from './image/randomHue.js';
export { RandomInvert, randomInvert } from './image/randomInvert.js';
export { RandomPerspective, randomPerspective } from './image/randomPerspective.js';
export { RandomPosterization, randomPosterization } from './image/randomPosterization.js';
export { RandomRotation, randomRotation } from './image/randomRotation.js';
export { RandomSaturation, randomSaturation } from './image/randomSaturation.js';
export { RandomSharpness, randomSharpness } from './image/randomSharpness.js';
export { RandomShear, randomShear } from './image/randomShear.js';
export { RandomTranslation, randomTranslation } from './image/randomTranslation.js';
export { RandomZoom, randomZoom } from './image/randomZoom.js';
export { ReLU, relu } from './relu.js';
export { RepeatVector, repeatVector } from './repeatVector.js';
export { Rescaling, rescaling } from './rescaling.js';
export { Reshape, reshape } from './reshape.js';
export { ReversibleEmbedding, reversibleEmbedding } from './reversibleEmbedding.js';
export { RMSNormalization, rmsNormalization } from './rmsNormalization.js';
export { Resizing, resizing } from './resizing.js';
export { RNN, rnn } from './rnn.js';
export type { RNNCell, StateSize } from './rnnCell.js';
export { SeparableConv1D, separableConv1d, SeparableConv2D, separableConv2d } from './separableConv.js';
export { SimpleRNN, simpleRNN } from './simpleRNN.js';
export { SimpleRNNCell, simpleRNNCell } from './simpleRNNCell.js';
export { Softmax, softmax } from './softmax.js';
export { Solarization, solarization } from './image/solarization.js';
export {
  SpatialDropout1D,
  spatialDropout1d,
  SpatialDropout2D,
  spatialDropout2d,
  SpatialDropout3D,
  spatialDropout3d,
} from './spatialDropout.js';
export { SpectralNormalization, spectralNormalization } from './spectralNormalization.js';
export { StringLookup, stringLookup } from './stringLookup.js';
export { UnitNormalization, unitNormalization } from './unitNormalization.js';
export { TextVectorization, textVectorization } from './textVectorization.js';
export type { NestedStrings, Token, TokenBatches, Tokens } from './tokens.js';
export { STFTSpectrogram, type STFTSpectrogramOptions, stftSpectrogram } from './stftSpectrogram.js';
export { StackedRNNCells, stackedRNNCells } from './stackedRNNCells.js';
export { Subtract, subtract } from './subtract.js';
export { TimeDistributed, timeDistributed } from './timeDistributed.js';
export {
  UpSampling1D,
  upSampling1d,
  UpSampling2D,
  upSampling2d,
  UpSampling3D,
  upSampling3d,
} from './upSampling.js';
export { Wrapper, type WrapperOptions } from './wrapper.js';
export {
  ZeroPadding1D,
  zeroPadding1d,
  ZeroPadding2D,
  zeroPadding2d,
  ZeroPadding3D,
  zeroPadding3d,
} from './zeroPadding.js';
