import { type OptionNames, integer, wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import { resize } from '../ops/image/resize.js';
import * as ops from '../ops/index.js';
import { lengthAlong } from '../ops/lengthAlong.js';
import { partOf } from '../ops/partOf.js';
import { type DataFormat, dataFormatOf } from '../ops/window.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.centerCrop` takes. */
export interface CenterCropOptions extends LayerOptions {
  /** The height of the images that come out. */
  height: number;
  /** Their width. */
  width: number;
  /** The order of the axes. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/** The middle of images: made by `layers.centerCrop`, which says more. */
export class CenterCrop extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    height: 'required',
    width: 'required',
    dataFormat: 'optional',
  } satisfies OptionNames<CenterCropOptions>;
  readonly className = 'CenterCrop';
  /** The height of what comes out. */
  readonly height: number;
  /** Its width. */
  readonly width: number;
  /** The order of the axes. */
  readonly dataFormat: DataFormat;

  constructor(options: CenterCropOptions) {
    super(options);
    this.height = integer('centerCrop', 'height', options.height);
    this.width = integer('centerCrop', 'width', options.width);
    this.dataFormat = dataFormatOf('centerCrop', options.dataFormat);
  }

  call(images: Sym): Sym {
    const x = images.dtype === 'float32' ? images : ops.cast(images, 'float32');
    const size = [this.height, this.width] as const;
    const axis = this.dataFormat === 'channelsFirst' ? 2 : 1;
    if (x.rank !== 4) throw wrongShape(this.name, 'images [n, height, width, channels]', x.shape);
    const lengths = size.map((_, i) => lengthAlong(x, axis + i));
    const resized = () => resize(x, size, { cropToAspectRatio: true, dataFormat: this.dataFormat });
    if (lengths.some((n, i) => typeof n === 'number' && n < itemAt(size, i))) return resized();
    const middle = () =>
      size.reduce((made, side, i) => cutMiddle(made, axis + i, itemAt(lengths, i), side), x);
    const fits = lengths.flatMap((n, i) =>
      typeof n === 'number' ? [] : [ops.greaterEqual(n, itemAt(size, i))],
    );
    if (fits.length === 0) return middle();
    return ops.cond(
      fits.reduce((a, b) => ops.logicalAnd(a, b)),
      middle,
      resized,
    );
  }

  override getConfig() {
    const { height, width, dataFormat } = this;
    return { ...super.getConfig(), height, width, dataFormat };
  }
}

/** So many places from the middle of an axis of x that has n or more. */
function cutMiddle(x: Sym, axis: number, n: number | Sym, places: number): Sym {
  if (typeof n === 'number') {
    const start = Math.floor((n - places) / 2);
    return partOf(x, axis, start, start + places);
  }
  const start = ops.floorDivide(ops.subtract(n, places), 2);
  return ops.gather(x, ops.add(start, ops.arange(0, places, 1, 'int32')), { axis });
}

/**
 * Takes the middle of images: [n, height, width, channels] to float32 [n, the options' height and width, channels]. Images that are smaller
 * are resized, after what does not fit the ratio of the sides was cut off. It has no weights.
 * https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/
 *
 * @throws EngineError `ARGUMENT` for sides that are no positive integers; `SHAPE`, when applied, for what are no images.
 * @example layers.centerCrop({ height: 64, width: 64 });
 */
export const centerCrop = (options: CenterCropOptions) => new CenterCrop(options);
