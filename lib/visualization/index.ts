/** Pictures of data, models and trainings, in SVG and PNG. https://keras.io/api/visualization/ */
export type { FigureOptions } from './figure.js';
export { type NamedScores, plotPrecisionRecallCurve, plotRocCurve } from './binaryCurves.js';
export type { Color } from './colors.js';
export {
  type BoxOptions,
  type DrawBoundingBoxesOptions,
  type ImageBoxes,
  drawBoundingBoxes,
} from './drawBoundingBoxes.js';
export { type PlotBoundingBoxGalleryOptions, plotBoundingBoxGallery } from './plotBoundingBoxGallery.js';
export {
  type DrawSegmentationMasksOptions,
  type MaskOptions,
  drawSegmentationMasks,
} from './drawSegmentationMasks.js';
export type { ValueRange } from '../data/pixels.js';
export { type PlotConfusionMatrixOptions, plotConfusionMatrix } from './plotConfusionMatrix.js';
export {
  type Classifier,
  type PlotDecisionRegionsOptions,
  plotDecisionRegions,
} from './plotDecisionRegions.js';
export { type PlotFeatureMapsOptions, plotFeatureMaps } from './plotFeatureMaps.js';
export { type PlotFiltersOptions, plotFilters } from './plotFilters.js';
export { type PlotHistogramOptions, plotHistogram } from './plotHistogram.js';
export { type PlotHistoryOptions, plotHistory } from './plotHistory.js';
export {
  type GalleryOptions,
  type LabelMap,
  type PlotImageGalleryOptions,
  plotImageGallery,
} from './plotImageGallery.js';
export { type PlotLinesOptions, plotLines } from './plotLines.js';
export {
  type PlotSegmentationMaskGalleryOptions,
  plotSegmentationMaskGallery,
} from './plotSegmentationMaskGallery.js';
export { type Interval, type PlotSurfaceOptions, plotSurface } from './plotSurface.js';
