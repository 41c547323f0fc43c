import { factoryName } from '../base/names.js';
import { type OptionNames, knownOptionsOf, oneOfAnyCase } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import type { ResizeOptions } from '../ops/image/resize.js';
import { INTERPOLATIONS } from '../ops/image/weights.js';
import * as ops from '../ops/index.js';
import { sizeAlong } from '../ops/axis.js';
import { type Sides, dataFormatOf, sidesOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { checkSides } from './check.js';
import { Layer } from './layer.js';
import {
  type Length,
  type Pair,
  type SpatialOptions,
  type Triple,
  checkSpatial,
  spatialDefaults,
} from './spatial.js';

/** What `layers.upSampling1d` and `layers.upSampling3d` take. */
export interface UpSamplingOptions<S extends Sides = Sides> extends SpatialOptions {
  /** How many times as long each spatial axis becomes, or one number for all. Default 2. */
  size?: S;
}

/** What `layers.upSampling2d` takes. */
export interface UpSampling2DOptions extends UpSamplingOptions<Pair> {
  /**
   * `nearest`: each number becomes a rectangle of equal ones; `bilinear`: straight lines between them; `bicubic`, `lanczos3` and `lanczos5`, of
   * images of known size: as `ops.image.resize`. Default `nearest`.
   */
  interpolation?: ResizeOptions['interpolation'];
}

const DEFAULTS = { ...spatialDefaults, ...defaultsOf<UpSamplingOptions>()({ size: 2 }) };

/** What layers share that enlarge sequences, images and volumes. */
export abstract class UpSampling<O extends UpSamplingOptions = UpSamplingOptions> extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    size: 'optional',
    dataFormat: 'optional',
  } satisfies OptionNames<UpSamplingOptions>;
  /** The options as given, and the defaults of the others. */
  readonly options: O & typeof DEFAULTS;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    options: O,
  ) {
    super(options);
    const who = factoryName(new.target.name);
    const given = withDefaults(options, DEFAULTS);
    checkSides(who, 'size', given.size, spatial);
    this.options = { ...given, dataFormat: dataFormatOf(who, given.dataFormat) };
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
  }

  call(x: Sym): Sym {
    const { size, dataFormat } = this.options;
    return ops.upSampling(x, { size, dataFormat });
  }

  override getConfig() {
    const { size, dataFormat } = this.options;
    return { ...super.getConfig(), size, dataFormat };
  }
}

/** Longer sequences: made by `layers.upSampling1d`, which says more. */
export class UpSampling1D extends UpSampling<UpSamplingOptions<Length>> {
  readonly className = 'UpSampling1D';

  constructor(options: UpSamplingOptions<Length> = {}) {
    super(1, options);
  }
}

/**
 * Repeats each place of sequences: [n, length, channels] to [n, length · size, channels]. It has no weights.
 * https://keras.io/api/layers/reshaping_layers/up_sampling1d/
 *
 * @throws EngineError `ARGUMENT` for a size that is no positive integer; `SHAPE`, when applied, for another rank.
 * @example layers.upSampling1d({ size: 3 });
 */
export const upSampling1d = (options?: UpSamplingOptions<Length>) => new UpSampling1D(options);

const DEFAULTS_2D = defaultsOf<UpSampling2DOptions>()({ interpolation: 'nearest' });

/** Larger images: made by `layers.upSampling2d`, which says more. */
export class UpSampling2D extends UpSampling<UpSampling2DOptions & typeof DEFAULTS_2D> {
  static override readonly optionNames = {
    ...UpSampling.optionNames,
    interpolation: 'optional',
  } satisfies OptionNames<UpSampling2DOptions>;
  readonly className = 'UpSampling2D';

  constructor(options: UpSampling2DOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    const given = withDefaults(options, DEFAULTS_2D);
    const interpolation = oneOfAnyCase(who, 'interpolation', given.interpolation, INTERPOLATIONS);
    super(2, { ...given, interpolation });
  }

  override call(x: Sym): Sym {
    const { size, dataFormat, interpolation } = this.options;
    if (interpolation === 'nearest' || interpolation === 'bilinear')
      return ops.upSampling(x, { size, dataFormat, interpolation });
    const [height, width] = sidesOf(size, 2);
    const axis = dataFormat === 'channelsFirst' ? 2 : 1;
    const sides = [
      sizeAlong(this.name, x.shape, axis) * height!,
      sizeAlong(this.name, x.shape, axis + 1) * width!,
    ] as const;
    return ops.image.resize(x, sides, { interpolation, dataFormat });
  }

  override getConfig() {
    return { ...super.getConfig(), interpolation: this.options.interpolation };
  }
}

/**
 * Enlarges images: [n, height, width, channels] to [n, height · size, width · size, channels]. It has no weights.
 * https://keras.io/api/layers/reshaping_layers/up_sampling2d/
 *
 * @throws EngineError `ARGUMENT` for a size that is no positive integer and unknown names; `SHAPE`, when applied, for another rank.
 * @example layers.upSampling2d({ size: 2, interpolation: 'bilinear' });
 */
export const upSampling2d = (options?: UpSampling2DOptions) => new UpSampling2D(options);

/** Larger volumes: made by `layers.upSampling3d`, which says more. */
export class UpSampling3D extends UpSampling<UpSamplingOptions<Triple>> {
  readonly className = 'UpSampling3D';

  constructor(options: UpSamplingOptions<Triple> = {}) {
    super(3, options);
  }
}

/**
 * Repeats each place of volumes: [n, depth, height, width, channels] to [n, depth · size, height · size, width · size, channels]. It
 * has no weights. https://keras.io/api/layers/reshaping_layers/up_sampling3d/
 *
 * @throws EngineError `ARGUMENT` for a size that is no positive integer; `SHAPE`, when applied, for another rank.
 * @example layers.upSampling3d({ size: [1, 2, 2] });
 */
export const upSampling3d = (options?: UpSamplingOptions<Triple>) => new UpSampling3D(options);
