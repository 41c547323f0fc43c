/** Helpers around data, under Keras's names. https://keras.io/api/utils/ */
export { setSeed as setRandomSeed } from '../core/seed.js';
export { normalize } from './normalize.js';
export { type PadSequencesOptions, padSequences } from './padSequences.js';
export { type SplitDatasetOptions, type SplitOf, splitDataset } from './splitDataset.js';
export { type TimeseriesOptions, timeseriesDatasetFromArray } from './timeseriesDatasetFromArray.js';
export { toCategorical } from './toCategorical.js';
