import { type OptionNames, integer } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Sym } from '../../core/sym.js';
import type { Boxes } from '../../ops/image/boundingBoxes.js';
import * as ops from '../../ops/index.js';
import { toFloat32 } from '../../ops/toFloat32.js';
import { BaseImagePreprocessingLayer, type ImageLayerOptions } from './baseImage.js';

/** What `layers.maxNumBoundingBoxes` takes. */
export interface MaxNumBoundingBoxesOptions extends ImageLayerOptions {
  /** How many boxes each image has then. */
  maxNumber: number;
  /** The numbers and the label of boxes that are added. Default -1. */
  fillValue?: number;
}

const DEFAULTS = defaultsOf<MaxNumBoundingBoxesOptions>()({ fillValue: -1 });

/** Gives all images as many boxes: made by `layers.maxNumBoundingBoxes`, which says more. */
export class MaxNumBoundingBoxes extends BaseImagePreprocessingLayer<object> {
  static override readonly optionNames = {
    ...BaseImagePreprocessingLayer.optionNames,
    maxNumber: 'required',
    fillValue: 'optional',
  } satisfies OptionNames<MaxNumBoundingBoxesOptions>;
  readonly className = 'MaxNumBoundingBoxes';
  /** How many boxes each image has then. */
  readonly maxNumber: number;
  /** The numbers and the label of boxes that are added. */
  readonly fillValue: number;

  constructor(given: MaxNumBoundingBoxesOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.maxNumber = integer('maxNumBoundingBoxes', 'maxNumber', options.maxNumber);
    this.fillValue = integer('maxNumBoundingBoxes', 'fillValue', options.fillValue, -(2 ** 31));
  }

  /** @internal */
  override draw(): object {
    return {};
  }

  /** @internal */
  override rest(): object {
    return {};
  }

  protected override changeImages(images: Sym): Sym {
    return images;
  }

  protected override changeBoxes({ boxes, labels }: Boxes): Boxes {
    const { maxNumber, fillValue: constantValues } = this;
    const exactly = (x: Sym): Sym => {
      const rest = x.shape.slice(2).map((): [number, number] => [0, 0]);
      const padded = ops.pad(toFloat32(x), [[0, 0], [0, maxNumber], ...rest], { constantValues });
      const cut = ops.slice(padded, [0, 0, ...rest.map(() => 0)], [-1, maxNumber, ...rest.map(() => -1)]);
      return ops.cast(cut, x.dtype);
    };
    return { boxes: exactly(boxes), labels: exactly(labels) };
  }

  override getConfig() {
    const { maxNumber, fillValue } = this;
    return { ...super.getConfig(), maxNumber, fillValue };
  }
}

/**
 * Leaves each image as it is and gives it a number of bounding boxes, also where nothing trains: the last ones are cut off, and boxes of one
 * number are added. It needs the option `boundingBoxFormat`, as all layers do that change boxes.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/max_num_bounding_boxes/
 *
 * @throws EngineError `ARGUMENT` for a number that is no positive integer.
 * @example layers.maxNumBoundingBoxes({ maxNumber: 10, boundingBoxFormat: 'xyxy' });
 */
export const maxNumBoundingBoxes = (options: MaxNumBoundingBoxesOptions) => new MaxNumBoundingBoxes(options);
