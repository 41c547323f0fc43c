/** Boxes around things in images: formats, moves, deltas to anchors, overlaps. https://keras.io/api/utils/bounding_boxes/ */
export type { BoundingBoxFormat } from '../../ops/image/boundingBoxes.js';
export {
  type ConvertedRecord,
  type ConvertFormatOptions,
  type LabelledBoxes,
  convertFormat,
} from './convertFormat.js';
export { type ClippedRecord, type ClipToImageSizeOptions, clipToImageSize } from './clipToImageSize.js';
export {
  type AffineTransformOptions,
  type CropOptions,
  type PadOptions,
  affineTransform,
  crop,
  pad,
} from './moves.js';
export { type DecodeOptions, type EncodeOptions, decodeDeltasToBoxes, encodeBoxToDeltas } from './deltas.js';
export { type CiouOptions, type IouOptions, computeCiou, computeIou } from './overlaps.js';
