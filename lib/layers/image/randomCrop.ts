import { type OptionNames, integer } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import { NDArray } from '../../core/ndarray.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { type Boxes, clipBoxes, cornersOf, joined } from '../../ops/image/boundingBoxes.js';
import { resize } from '../../ops/image/resize.js';
import * as ops from '../../ops/index.js';
import { toFloat32 } from '../../ops/toFloat32.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Draws, type DrawnImages, type ImageSides, knownSides } from './draws.js';

/** What `layers.randomCrop` takes. */
export interface RandomCropOptions extends RandomImageOptions {
  /** The height of the images that come out. */
  height: number;
  /** Their width. */
  width: number;
}

/** What {@link RandomCrop} draws: one place for the whole batch. */
export interface Crops {
  /** The first row that stays: an integer, int32 []. */
  readonly top: Operand;
  /** The first column that stays. */
  readonly left: Operand;
  /** How many rows and columns stay. */
  readonly size: readonly [height: number, width: number];
  /** The sides of the images before, in pixels. */
  readonly before: ImageSides;
}

/** Cuts pieces out of images: made by `layers.randomCrop`, which says more. */
export class RandomCrop extends BaseRandomImageLayer<Crops> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    height: 'required',
    width: 'required',
  } satisfies OptionNames<RandomCropOptions>;
  readonly className = 'RandomCrop';
  /** The height of what comes out. */
  readonly height: number;
  /** Its width. */
  readonly width: number;

  constructor(options: RandomCropOptions) {
    super(options);
    this.height = integer('randomCrop', 'height', options.height);
    this.width = integer('randomCrop', 'width', options.width);
  }

  /** @internal */
  override draw(draws: Draws): Crops {
    const { height, width } = this;
    const before = knownSides(this.name, draws);
    if (before.height <= height || before.width <= width) return this.rest(draws);
    const start = (spare: number) => draws.integers(spare + 1);
    const top = start(before.height - height);
    return { top, left: start(before.width - width), size: [height, width], before };
  }

  /** The largest piece in the middle that has the ratio of the sides. @internal */
  override rest(drawn: DrawnImages): Crops {
    const { height, width } = knownSides(this.name, drawn);
    const rows = Math.max(Math.min(height, Math.trunc((width * this.height) / this.width)), 1);
    const columns = Math.max(Math.min(width, Math.trunc((height * this.width) / this.height)), 1);
    const middle = (side: number, piece: number) => Math.floor((side - piece) / 2);
    return {
      top: middle(height, rows),
      left: middle(width, columns),
      size: [rows, columns],
      before: { height, width },
    };
  }

  protected override changeImages(images: Sym, crops: Crops): Sym {
    return this.#cut(images, crops, 'bilinear');
  }

  protected override changeMasks(masks: Sym, crops: Crops): Sym {
    return this.#cut(masks, crops, 'nearest');
  }

  protected override changeBoxes(given: Boxes, { top, left, size, before }: Crops): Boxes {
    return this.inFormat('xyxy', given, before, this, ({ boxes, labels }) => {
      const corners = cornersOf(boxes).map((x, i) => {
        const [start, side, whole] = i % 2 === 0 ? [left, size[1], this.width] : [top, size[0], this.height];
        return ops.multiply(ops.subtract(x, toFloat32(asSym(start))), whole / side);
      });
      return clipBoxes({ boxes: joined(...corners), labels }, this);
    });
  }

  #cut(images: Sym, { top, left, size }: Crops, interpolation: 'bilinear' | 'nearest'): Sym {
    const { dataFormat, height, width } = this;
    const axis = dataFormat === 'channelsLast' ? 1 : 2;
    const piece = (x: Sym, along: number, start: Operand, length: number): Sym => {
      const places = new NDArray(
        Int32Array.from({ length }, (_, i) => i),
        [length],
      );
      return ops.gather(x, asSym(ops.add<Operand, Operand>(places, start)), { axis: along });
    };
    const cut = piece(piece(images, axis, top, size[0]), axis + 1, left, size[1]);
    if (size[0] === height && size[1] === width) return cut;
    return resize(cut, [height, width], { interpolation, dataFormat });
  }

  override getConfig() {
    const { height, width } = this;
    return { ...super.getConfig(), height, width };
  }
}

/**
 * Cuts pieces out of images, and of their boxes and masks: [n, height, width, channels] of any dtype to float32 [n, the options' height and
 * width, channels]. While training, the piece is somewhere, at the same place in all images of a batch. Else, and where the image is not
 * larger than the piece, it is the largest in the middle that has the ratio of the sides, resized.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_crop/
 *
 * @throws EngineError `ARGUMENT` for sides that are no positive integers; `SHAPE`, when applied, for what are no images of known size.
 * @example layers.randomCrop({ height: 56, width: 56 });
 */
export const randomCrop = (options: RandomCropOptions) => new RandomCrop(options);
