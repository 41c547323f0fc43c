import { factoryName } from '../base/names.js';
import { type OptionNames, expected } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { shapeText } from '../base/errors.js';
import { itemAt } from '../base/list.js';
import * as ops from '../ops/index.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { Layer } from './layer.js';
import { type Margins, type Margins1D, type Margins2D, type Margins3D, marginsOf } from './margins.js';
import { type SpatialOptions, checkSpatial, firstSpatial } from './spatial.js';

/** What `layers.cropping2d` and, with other numbers of axes, `layers.cropping1d` and `layers.cropping3d` take. */
export interface CroppingOptions<M extends Margins = Margins> extends SpatialOptions {
  /** How much goes at the ends of each spatial axis: one number for all, or one or [before, after] for each axis. Default 0 of images, 1 of sequences and volumes. */
  cropping?: M;
}

/** What croppings of sequences, images and volumes share. */
export abstract class Cropping extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    cropping: 'optional',
    dataFormat: 'optional',
  } satisfies OptionNames<CroppingOptions>;
  /** How much goes before and after along each spatial axis. */
  readonly cropping: [number, number][];
  /** The order of the axes. */
  readonly dataFormat: DataFormat;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    options: CroppingOptions,
    /** What goes by default. */
    least: number,
  ) {
    super(options);
    const who = factoryName(new.target.name);
    this.cropping = marginsOf(who, 'cropping', options.cropping ?? least, spatial);
    this.dataFormat = dataFormatOf(who, options.dataFormat);
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
    this.cropping.forEach(([before, after], i) => {
      const side = itemAt(shape, firstSpatial(this.dataFormat) + i);
      if (side >= 0 && before + after >= side) {
        const wanted = `a cropping that leaves something of ${shapeText(shape)}`;
        throw expected(this.name, wanted, this.cropping, 'SHAPE');
      }
    });
  }

  call(x: Sym): Sym {
    // -0 would be the first place, not the end.
    const end = (after: number) => (after === 0 ? Infinity : -after);
    const lead = Array<number>(firstSpatial(this.dataFormat)).fill(0);
    const begin = this.cropping.map(([before]) => before);
    const ends = this.cropping.map(([, after]) => end(after));
    return ops.stridedSlice(x, [...lead, ...begin], [...lead.map(() => Infinity), ...ends]);
  }

  override getConfig() {
    const cropping = this.spatial === 1 ? this.cropping[0] : this.cropping;
    return { ...super.getConfig(), cropping, dataFormat: this.dataFormat };
  }
}

/** Sequences without what is at their ends: made by `layers.cropping1d`, which says more. */
export class Cropping1D extends Cropping {
  readonly className = 'Cropping1D';

  constructor(options: CroppingOptions<Margins1D> = {}) {
    super(1, options, 1);
  }
}

/**
 * Cuts the ends off sequences: [n, length, channels] to [n, length − before − after, channels].
 * It has no weights. https://keras.io/api/layers/reshaping_layers/cropping1d/
 *
 * @throws EngineError `ARGUMENT` for numbers that are no integers of 0 or more; `SHAPE`, when applied, where nothing would be left.
 * @example layers.cropping1d({ cropping: [2, 0] });
 */
export const cropping1d = (options?: CroppingOptions<Margins1D>) => new Cropping1D(options);

/** Images without what is at their ends: made by `layers.cropping2d`, which says more. */
export class Cropping2D extends Cropping {
  readonly className = 'Cropping2D';

  constructor(options: CroppingOptions<Margins2D> = {}) {
    super(2, options, 0);
  }
}

/**
 * Cuts rows and columns off the sides of images: [n, height, width, channels] to [n, height − top − bottom, width − left − right,
 * channels].
 * It has no weights. https://keras.io/api/layers/reshaping_layers/cropping2d/
 *
 * @throws EngineError `ARGUMENT` for numbers that are no integers of 0 or more; `SHAPE`, when applied, where nothing would be left.
 * @example layers.cropping2d({ cropping: [[1, 0], [2, 2]] });
 */
export const cropping2d = (options?: CroppingOptions<Margins2D>) => new Cropping2D(options);

/** Volumes without what is at their ends: made by `layers.cropping3d`, which says more. */
export class Cropping3D extends Cropping {
  readonly className = 'Cropping3D';

  constructor(options: CroppingOptions<Margins3D> = {}) {
    super(3, options, 1);
  }
}

/**
 * Cuts the ends off volumes: [n, depth, height, width, channels], where each side becomes side − before − after.
 * It has no weights. https://keras.io/api/layers/reshaping_layers/cropping3d/
 *
 * @throws EngineError `ARGUMENT` for numbers that are no integers of 0 or more; `SHAPE`, when applied, where nothing would be left.
 * @example layers.cropping3d({ cropping: [0, 1, 1] });
 */
export const cropping3d = (options?: CroppingOptions<Margins3D>) => new Cropping3D(options);
