/** Files of curves, histograms, images and texts for TensorBoard, and logs of runs. https://www.tensorflow.org/api_docs/python/tf/summary */
export { type ServeBoardOptions, type ServedBoard, serveBoard } from '../board/serveBoard.js';
export { type RunRecord, readRunLog } from './runLog.js';
export {
  type HistogramSummaryOptions,
  type ImageSummaryOptions,
  type LayeredModel,
  type SummaryOptions,
  type SummaryWriter,
  createFileWriter,
} from './summaryWriter.js';
