/** Files of curves, histograms, images and texts for TensorBoard. https://www.tensorflow.org/api_docs/python/tf/summary */
export {
  type HistogramSummaryOptions,
  type ImageSummaryOptions,
  type LayeredModel,
  type SummaryOptions,
  type SummaryWriter,
  createFileWriter,
} from './summaryWriter.js';
