import { type OptionNames, expected } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { shapeText } from '../base/errors.js';
import * as ops from '../ops/index.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { checkRank } from './check.js';
import { Layer } from './layer.js';
import { type MarginOptions, type Margins, marginsOf } from './margins.js';

/** What `layers.cropping2d` takes. */
export interface Cropping2DOptions extends MarginOptions {
  /** How many rows and columns go: one number for all sides, one for height and one for width, or [[top, bottom], [left, right]]. Default 0. */
  cropping?: Margins;
}

/** Images without rows and columns at their sides: made by `layers.cropping2d`, which says more. */
export class Cropping2D extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    cropping: 'optional',
    dataFormat: 'optional',
  } satisfies OptionNames<Cropping2DOptions>;
  readonly className = 'Cropping2D';
  /** How many rows and columns go: [[top, bottom], [left, right]]. */
  readonly cropping: [[number, number], [number, number]];
  /** The order of the axes. */
  readonly dataFormat: DataFormat;

  constructor(options: Cropping2DOptions = {}) {
    super(options);
    this.cropping = marginsOf('cropping2d', 'cropping', options.cropping ?? 0);
    this.dataFormat = dataFormatOf('cropping2d', options.dataFormat);
  }

  override build(shape: Shape): void {
    checkRank(this.name, shape, 4, '[n, height, width, channels]');
    this.cropping.forEach(([before, after], i) => {
      const side = shape[this.#axis + i];
      if (side >= 0 && before + after >= side) {
        throw expected(
          this.name,
          `a cropping that leaves something of ${shapeText(shape)}`,
          this.cropping,
          undefined,
          'SHAPE',
        );
      }
    });
  }

  call(x: Sym): Sym {
    const [[top, bottom], [left, right]] = this.cropping;
    // -0 would be the first place, not the end.
    const end = (after: number) => (after === 0 ? Infinity : -after);
    const [begin, ends] = [
      [top, left],
      [end(bottom), end(right)],
    ];
    const lead = Array<number>(this.#axis).fill(0);
    return ops.stridedSlice(x, [...lead, ...begin], [...lead.map(() => Infinity), ...ends]);
  }

  /** The axis of the height; the width's is the next. */
  get #axis(): number {
    return this.dataFormat === 'channelsFirst' ? 2 : 1;
  }

  override getConfig() {
    return { ...super.getConfig(), cropping: this.cropping, dataFormat: this.dataFormat };
  }
}

/**
 * Cuts rows and columns off the sides of images: [n, height, width, channels] to [n, height − top − bottom, width − left − right,
 * channels]. It has no weights. https://keras.io/api/layers/reshaping_layers/cropping2d/
 *
 * @throws EngineError `ARGUMENT` for numbers that are no integers of 0 or more; `SHAPE`, when applied, where nothing would be left.
 * @example layers.cropping2d({ cropping: [[1, 0], [2, 2]] });
 */
export const cropping2d = (options?: Cropping2DOptions) => new Cropping2D(options);
