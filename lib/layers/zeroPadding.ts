import { factoryName } from '../base/names.js';
import type { OptionNames } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { Layer } from './layer.js';
import { type Margins, type Margins1D, type Margins2D, type Margins3D, marginsOf } from './margins.js';
import { type SpatialOptions, checkSpatial } from './spatial.js';

/** What `layers.zeroPadding2d` and, with other numbers of axes, `layers.zeroPadding1d` and `layers.zeroPadding3d` take. */
export interface ZeroPaddingOptions<M extends Margins = Margins> extends SpatialOptions {
  /** How many zeros are at the ends of each spatial axis: one number for all, or one or [before, after] for each axis. Default 1. */
  padding?: M;
}

const DEFAULTS = defaultsOf<ZeroPaddingOptions>()({ padding: 1 });

/** What paddings of sequences, images and volumes share. */
export abstract class ZeroPadding extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    padding: 'optional',
    dataFormat: 'optional',
  } satisfies OptionNames<ZeroPaddingOptions>;
  /** How many zeros are before and after each spatial axis. */
  readonly padding: [number, number][];
  /** The order of the axes. */
  readonly dataFormat: DataFormat;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    given: ZeroPaddingOptions,
  ) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = factoryName(new.target.name);
    this.padding = marginsOf(who, 'padding', options.padding, spatial);
    this.dataFormat = dataFormatOf(who, options.dataFormat);
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
  }

  call(x: Sym): Sym {
    const { padding, dataFormat } = this;
    const none: [number, number] = [0, 0];
    return ops.pad(x, dataFormat === 'channelsFirst' ? [none, none, ...padding] : [none, ...padding, none]);
  }

  override getConfig() {
    const padding = this.spatial === 1 ? this.padding[0] : this.padding;
    return { ...super.getConfig(), padding, dataFormat: this.dataFormat };
  }
}

/** Zeros around sequences: made by `layers.zeroPadding1d`, which says more. */
export class ZeroPadding1D extends ZeroPadding {
  readonly className = 'ZeroPadding1D';

  constructor(options: ZeroPaddingOptions<Margins1D> = {}) {
    super(1, options);
  }
}

/**
 * Puts zeros before and after sequences: [n, length, channels] to [n, length + before + after, channels].
 * It has no weights. https://keras.io/api/layers/reshaping_layers/zero_padding1d/
 *
 * @throws EngineError `ARGUMENT` for numbers that are no integers of 0 or more; `SHAPE`, when applied, for another rank.
 * @example layers.zeroPadding1d({ padding: [2, 0] });
 */
export const zeroPadding1d = (options?: ZeroPaddingOptions<Margins1D>) => new ZeroPadding1D(options);

/** Zeros around images: made by `layers.zeroPadding2d`, which says more. */
export class ZeroPadding2D extends ZeroPadding {
  readonly className = 'ZeroPadding2D';

  constructor(options: ZeroPaddingOptions<Margins2D> = {}) {
    super(2, options);
  }
}

/**
 * Puts rows and columns of zeros around images: [n, height, width, channels] to [n, height + top + bottom, width + left + right,
 * channels].
 * It has no weights. https://keras.io/api/layers/reshaping_layers/zero_padding2d/
 *
 * @throws EngineError `ARGUMENT` for numbers that are no integers of 0 or more; `SHAPE`, when applied, for another rank.
 * @example layers.zeroPadding2d({ padding: [[1, 0], [1, 0]] });
 */
export const zeroPadding2d = (options?: ZeroPaddingOptions<Margins2D>) => new ZeroPadding2D(options);

/** Zeros around volumes: made by `layers.zeroPadding3d`, which says more. */
export class ZeroPadding3D extends ZeroPadding {
  readonly className = 'ZeroPadding3D';

  constructor(options: ZeroPaddingOptions<Margins3D> = {}) {
    super(3, options);
  }
}

/**
 * Puts zeros around volumes: [n, depth, height, width, channels], where each side becomes side + before + after.
 * It has no weights. https://keras.io/api/layers/reshaping_layers/zero_padding3d/
 *
 * @throws EngineError `ARGUMENT` for numbers that are no integers of 0 or more; `SHAPE`, when applied, for another rank.
 * @example layers.zeroPadding3d({ padding: [0, 1, 1] });
 */
export const zeroPadding3d = (options?: ZeroPaddingOptions<Margins3D>) => new ZeroPadding3D(options);
