/** Helpers around data, names and configurations, under Keras's names. https://keras.io/api/utils/ */
export { setSeed as setRandomSeed } from '../core/seed.js';
export * from '../saving/index.js';
export { type AudioFolderOptions, audioDatasetFromDirectory } from './audioDatasetFromDirectory.js';
export * as boundingBoxes from './boundingBoxes/index.js';
export { clearSession } from './clearSession.js';
export { type FolderDataset, type FolderElement, type FolderResult } from './folderDataset.js';
export { type GetFileOptions, getFile } from './getFile.js';
export { getSourceInputs } from './getSourceInputs.js';
export { type ImageFolderOptions, imageDatasetFromDirectory } from './imageDatasetFromDirectory.js';
export {
  type ArrayToImgOptions,
  type ImgToArrayOptions,
  type LoadImgOptions,
  type PlainImage,
  type SaveImgOptions,
  arrayToImg,
  imgToArray,
  loadImg,
  saveImg,
} from './images.js';
export { isKerasTensor } from './isKerasTensor.js';
export { normalize } from './normalize.js';
export { type ReadNpzOptions, type WriteNpzOptions, readNpy, readNpz, writeNpy, writeNpz } from './npy.js';
export { type PadSequencesOptions, padSequences } from './padSequences.js';
export { type ModelToDotOptions, type PlotModelOptions, modelToDot, plotModel } from './plotModel.js';
export { type Packed, packXYSampleWeight, unpackXYSampleWeight } from './sampleWeight.js';
export { type SplitDatasetOptions, type SplitOf, splitDataset } from './splitDataset.js';
export { standardizeDtype } from './standardizeDtype.js';
export { type TextFolderOptions, textDatasetFromDirectory } from './textDatasetFromDirectory.js';
export { type TimeseriesOptions, timeseriesDatasetFromArray } from './timeseriesDatasetFromArray.js';
export { toCategorical } from './toCategorical.js';
