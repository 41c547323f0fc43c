/** Data pipelines: elements read and made when they are needed. */
export { Dataset, type DatasetState } from './dataset.js';
export type {
  BatchOptions,
  GeneratorOptions,
  InterleaveOptions,
  MapOptions,
  PaddedBatchOptions,
  ShuffleOptions,
  WindowOptions,
} from './datasetOptions.js';
export type { CsvOptions, RowsOptions, TableOptions } from './files/options.js';
