/** Data pipelines: elements read and made when they are needed. */
export {
  type BatchOptions,
  Dataset,
  type DatasetState,
  type GeneratorOptions,
  type InterleaveOptions,
  type MapOptions,
  type PaddedBatchOptions,
  type ShuffleOptions,
  type WindowOptions,
} from './dataset.js';
