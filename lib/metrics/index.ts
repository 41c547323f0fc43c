export { Accuracy, accuracy } from './accuracy.js';
export { BinaryAccuracy, type BinaryAccuracyOptions, binaryAccuracy } from './binaryAccuracy.js';
export {
  BinaryCrossentropy,
  type BinaryCrossentropyOptions,
  binaryCrossentropy,
} from './binaryCrossentropy.js';
export { CategoricalAccuracy, categoricalAccuracy } from './categoricalAccuracy.js';
export {
  CategoricalCrossentropy,
  type CategoricalCrossentropyOptions,
  categoricalCrossentropy,
} from './categoricalCrossentropy.js';
export { CategoricalHinge, categoricalHinge } from './categoricalHinge.js';
export { Hinge, hinge } from './hinge.js';
export { KLDivergence, klDivergence } from './klDivergence.js';
export { LogCoshError, logCoshError } from './logCoshError.js';
export { LossMetric } from './lossMetric.js';
export { Mean, mean } from './mean.js';
export { MeanAbsoluteError, meanAbsoluteError } from './meanAbsoluteError.js';
export { MeanAbsolutePercentageError, meanAbsolutePercentageError } from './meanAbsolutePercentageError.js';
export {
  MeanMetricWrapper,
  type MeanMetricWrapperOptions,
  type MetricFunction,
  meanMetricWrapper,
} from './meanMetricWrapper.js';
export { MeanSquaredError, meanSquaredError } from './meanSquaredError.js';
export { MeanSquaredLogarithmicError, meanSquaredLogarithmicError } from './meanSquaredLogarithmicError.js';
export {
  Metric,
  type MetricOptions,
  type MetricResult,
  type MetricValues,
  type MetricVariableOptions,
} from './metric.js';
export { Poisson, poisson } from './poisson.js';
export type { MetricLike, MetricName } from './registry.js';
export { SparseCategoricalAccuracy, sparseCategoricalAccuracy } from './sparseCategoricalAccuracy.js';
export {
  SparseCategoricalCrossentropy,
  type SparseCategoricalCrossentropyOptions,
  sparseCategoricalCrossentropy,
} from './sparseCategoricalCrossentropy.js';
export { SquaredHinge, squaredHinge } from './squaredHinge.js';
export { Sum, sum } from './sum.js';
export { AUC, type AUCOptions, auc } from './auc.js';
export { FalseNegatives, falseNegatives } from './falseNegatives.js';
export { FalsePositives, falsePositives } from './falsePositives.js';
export { Precision, precision } from './precision.js';
export { PrecisionAtRecall, type PrecisionAtRecallOptions, precisionAtRecall } from './precisionAtRecall.js';
export type { PrecisionOptions } from './precisionOrRecall.js';
export { Recall, recall } from './recall.js';
export { RecallAtPrecision, type RecallAtPrecisionOptions, recallAtPrecision } from './recallAtPrecision.js';
export {
  SensitivityAtSpecificity,
  type SensitivityAtSpecificityOptions,
  sensitivityAtSpecificity,
} from './sensitivityAtSpecificity.js';
export {
  SpecificityAtSensitivity,
  type SpecificityAtSensitivityOptions,
  specificityAtSensitivity,
} from './specificityAtSensitivity.js';
export type { ThresholdsOptions } from './confusionMetric.js';
export type { AtOptions } from './metricAtMetric.js';
export { TrueNegatives, trueNegatives } from './trueNegatives.js';
export { TruePositives, truePositives } from './truePositives.js';
export type { AxisMetricOptions } from './axisMetric.js';
export { BinaryIoU, type BinaryIoUOptions, binaryIoU } from './binaryIoU.js';
export { ConcordanceCorrelation, concordanceCorrelation } from './concordanceCorrelation.js';
export { CosineSimilarity, cosineSimilarity } from './cosineSimilarity.js';
export { F1Score, f1Score } from './f1Score.js';
export { type F1ScoreOptions, FBetaScore, type FBetaScoreOptions, fBetaScore } from './fBetaScore.js';
export { IoU, type IoUOptions, type MeanIoUOptions, iou } from './iou.js';
export type { BaseIoUOptions, ClassesOptions } from './iouBase.js';
export { MeanIoU, meanIoU } from './meanIoU.js';
export { OneHotIoU, type OneHotIoUOptions, type OneHotMeanIoUOptions, oneHotIoU } from './oneHotIoU.js';
export { OneHotMeanIoU, oneHotMeanIoU } from './oneHotMeanIoU.js';
export { PearsonCorrelation, pearsonCorrelation } from './pearsonCorrelation.js';
export { R2Score, type R2ScoreOptions, r2Score } from './r2Score.js';
export { RootMeanSquaredError, rootMeanSquaredError } from './rootMeanSquaredError.js';
export {
  SparseTopKCategoricalAccuracy,
  type SparseTopKOptions,
  sparseTopKCategoricalAccuracy,
} from './sparseTopKCategoricalAccuracy.js';
export {
  type TopKOptions,
  TopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from './topKCategoricalAccuracy.js';
