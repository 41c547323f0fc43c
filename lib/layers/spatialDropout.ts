import { factoryName } from '../base/names.js';
import type { OptionNames } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { Dropout, type DropoutOptions } from './dropout.js';
import type { CallContext } from './layer.js';
import { type SpatialOptions, checkSpatial } from './spatial.js';

/** What `layers.spatialDropout1d`, `layers.spatialDropout2d` and `layers.spatialDropout3d` take. */
export interface SpatialDropoutOptions extends DropoutOptions, SpatialOptions {}

/** What layers share that drop whole channels. */
export abstract class SpatialDropout extends Dropout {
  static override readonly optionNames = {
    ...Dropout.optionNames,
    dataFormat: 'optional',
  } satisfies OptionNames<SpatialDropoutOptions>;
  /** The order of the axes. */
  readonly dataFormat: DataFormat;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    options: SpatialDropoutOptions,
  ) {
    super(options);
    this.dataFormat = dataFormatOf(factoryName(new.target.name), options.dataFormat);
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
  }

  override call(x: Sym, { training, key }: CallContext): Sym {
    if (!training || this.rate === 0) return x;
    const first = Array<number>(this.spatial).fill(1);
    const places =
      this.dataFormat === 'channelsFirst' ? [Infinity, Infinity, ...first] : [Infinity, ...first];
    const { trace } = x;
    const origin = places.map(() => 0);
    const [ones] = trace.op('broadcastLike', [trace.constant(1), ops.stridedSlice(x, origin, places)]);
    return ops.multiply(x, this.drop(ones, key));
  }

  override getConfig() {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}

/** Drops channels of sequences while training: made by `layers.spatialDropout1d`, which says more. */
export class SpatialDropout1D extends SpatialDropout {
  override readonly className = 'SpatialDropout1D';

  constructor(options: SpatialDropoutOptions) {
    super(1, options);
  }
}

/**
 * As {@link Dropout}, of whole channels of sequences [n, length, channels]: neighbours are alike, so that single numbers would not be
 * missed. It has no weights. Tompson et al., 2014. https://keras.io/api/layers/regularization_layers/spatial_dropout1d/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1) or a seed that is no integer; `SHAPE`, when applied, for another rank.
 * @example layers.spatialDropout1d({ rate: 0.2 });
 */
export const spatialDropout1d = (options: SpatialDropoutOptions) => new SpatialDropout1D(options);

/** Drops channels of images while training: made by `layers.spatialDropout2d`, which says more. */
export class SpatialDropout2D extends SpatialDropout {
  override readonly className = 'SpatialDropout2D';

  constructor(options: SpatialDropoutOptions) {
    super(2, options);
  }
}

/**
 * As {@link Dropout}, of whole channels of images [n, height, width, channels]: neighbours are alike, so that single numbers would not be
 * missed. It has no weights. Tompson et al., 2014. https://keras.io/api/layers/regularization_layers/spatial_dropout2d/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1) or a seed that is no integer; `SHAPE`, when applied, for another rank.
 * @example layers.spatialDropout2d({ rate: 0.2 });
 */
export const spatialDropout2d = (options: SpatialDropoutOptions) => new SpatialDropout2D(options);

/** Drops channels of volumes while training: made by `layers.spatialDropout3d`, which says more. */
export class SpatialDropout3D extends SpatialDropout {
  override readonly className = 'SpatialDropout3D';

  constructor(options: SpatialDropoutOptions) {
    super(3, options);
  }
}

/**
 * As {@link Dropout}, of whole channels of volumes [n, depth, height, width, channels]: neighbours are alike, so that single numbers would not be
 * missed. It has no weights. Tompson et al., 2014. https://keras.io/api/layers/regularization_layers/spatial_dropout3d/
 *
 * @throws EngineError `ARGUMENT` for a rate outside of [0, 1) or a seed that is no integer; `SHAPE`, when applied, for another rank.
 * @example layers.spatialDropout3d({ rate: 0.2 });
 */
export const spatialDropout3d = (options: SpatialDropoutOptions) => new SpatialDropout3D(options);
