import { factoryName } from '../base/names.js';
import type { OptionNames } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import { BaseDropout, type BaseDropoutOptions } from './baseDropout.js';
import { type SpatialOptions, checkSpatial } from './spatial.js';

/** What `layers.spatialDropout1d`, `layers.spatialDropout2d` and `layers.spatialDropout3d` take. */
export interface SpatialDropoutOptions extends BaseDropoutOptions, SpatialOptions {}

/** What layers share that drop whole channels. */
export abstract class SpatialDropout extends BaseDropout {
  static override readonly optionNames = {
    ...BaseDropout.optionNames,
    dataFormat: 'optional',
  } satisfies OptionNames<SpatialDropoutOptions>;
  /** The order of the axes. */
  readonly dataFormat: DataFormat;
  readonly noiseShape: readonly (number | null)[];

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    options: SpatialDropoutOptions,
  ) {
    super(options);
    this.dataFormat = dataFormatOf(factoryName(new.target.name), options.dataFormat);
    const places = Array<number>(spatial).fill(1);
    this.noiseShape = this.dataFormat === 'channelsFirst' ? [null, null, ...places] : [null, ...places, null];
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
  }

  override getConfig() {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}

/** Drops channels of sequences while training: made by `layers.spatialDropout1d`, which says more. */
export class SpatialDropout1D extends SpatialDropout {
  readonly className = 'SpatialDropout1D';

  constructor(options: SpatialDropoutOptions) {
    super(1, options);
  }
}

/**
 * As `layers.dropout`, of whole channels of sequences [n, length, channels]: neighbours are alike, so that single numbers would not be
 * missed. It has no weights. Tompson et al., 2014. https://keras.io/api/layers/regularization_layers/spatial_dropout1d/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1] or a seed that is no integer; `SHAPE`, when applied, for another rank.
 * @example layers.spatialDropout1d({ rate: 0.2 });
 */
export const spatialDropout1d = (options: SpatialDropoutOptions) => new SpatialDropout1D(options);

/** Drops channels of images while training: made by `layers.spatialDropout2d`, which says more. */
export class SpatialDropout2D extends SpatialDropout {
  readonly className = 'SpatialDropout2D';

  constructor(options: SpatialDropoutOptions) {
    super(2, options);
  }
}

/**
 * As `layers.dropout`, of whole channels of images [n, height, width, channels]: neighbours are alike, so that single numbers would not be
 * missed. It has no weights. Tompson et al., 2014. https://keras.io/api/layers/regularization_layers/spatial_dropout2d/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1] or a seed that is no integer; `SHAPE`, when applied, for another rank.
 * @example layers.spatialDropout2d({ rate: 0.2 });
 */
export const spatialDropout2d = (options: SpatialDropoutOptions) => new SpatialDropout2D(options);

/** Drops channels of volumes while training: made by `layers.spatialDropout3d`, which says more. */
export class SpatialDropout3D extends SpatialDropout {
  readonly className = 'SpatialDropout3D';

  constructor(options: SpatialDropoutOptions) {
    super(3, options);
  }
}

/**
 * As `layers.dropout`, of whole channels of volumes [n, depth, height, width, channels]: neighbours are alike, so that single numbers would not be
 * missed. It has no weights. Tompson et al., 2014. https://keras.io/api/layers/regularization_layers/spatial_dropout3d/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1] or a seed that is no integer; `SHAPE`, when applied, for another rank.
 * @example layers.spatialDropout3d({ rate: 0.2 });
 */
export const spatialDropout3d = (options: SpatialDropoutOptions) => new SpatialDropout3D(options);
