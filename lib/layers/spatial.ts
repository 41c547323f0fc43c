import { defaultsOf } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import type { DataFormat } from '../ops/window.js';
import { checkRank } from './check.js';
import type { LayerOptions } from './layer.js';

/** A number for the one spatial axis of sequences. @inline */
export type Length = number | readonly [length: number];

/** One number for both spatial axes of images, or one for height and one for width. @inline */
export type Pair = number | readonly [height: number, width: number];

/** One number for all spatial axes of volumes, or one for each. @inline */
export type Triple = number | readonly [depth: number, height: number, width: number];

/** What layers take whose images have an order of axes. */
export interface SpatialOptions extends LayerOptions {
  /** The order of the axes: `channelsLast`, [n, …, channels], or `channelsFirst`, [n, channels, …]. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** The defaults of {@link SpatialOptions}. @internal */
export const spatialDefaults = defaultsOf<SpatialOptions>()({ dataFormat: 'channelsLast' });

const FORMS = ['', 'length', 'height, width', 'depth, height, width'];

/** Fails unless the input has so many spatial axes, not counting samples and channels. @internal */
export const checkSpatial = (layer: string, shape: Shape, spatial: number): void =>
  checkRank(layer, shape, spatial + 2, `[n, ${FORMS[spatial]}, channels]`);

/** The first spatial axis. @internal */
export const firstSpatial = (dataFormat: DataFormat | undefined): number =>
  dataFormat === 'channelsFirst' ? 2 : 1;
