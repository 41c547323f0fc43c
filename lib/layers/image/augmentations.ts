import type { BoundingBoxFormat } from '../../ops/image/boundingBoxes.js';
import type { DataFormat } from '../../ops/window.js';
import { AutoContrast } from './autoContrast.js';
import type { BaseImagePreprocessingLayer } from './baseImage.js';
import { Equalization } from './equalization.js';
import { RandomBrightness } from './randomBrightness.js';
import { RandomColorDegeneration } from './randomColorDegeneration.js';
import { RandomContrast } from './randomContrast.js';
import { RandomPosterization } from './randomPosterization.js';
import { RandomRotation } from './randomRotation.js';
import { RandomSharpness } from './randomSharpness.js';
import { RandomShear } from './randomShear.js';
import { RandomTranslation } from './randomTranslation.js';
import { Solarization } from './solarization.js';

/** What the layers have in common from which others choose. @internal */
export interface AugmentationOptions {
  readonly factor: readonly [number, number];
  readonly valueRange: readonly [number, number];
  readonly interpolation: 'nearest' | 'bilinear';
  readonly dataFormat: DataFormat;
  readonly boundingBoxFormat: BoundingBoxFormat | undefined;
}

/** A layer from which others choose. @internal */
export type Augmentation = BaseImagePreprocessingLayer<object>;

/** The layers that change more than colours, or them strongly. @internal */
export function strongAugmentations(options: AugmentationOptions): Augmentation[] {
  const { factor, valueRange, interpolation, dataFormat, boundingBoxFormat } = options;
  const common = { dataFormat, boundingBoxFormat };
  const moving = { interpolation, ...common };
  return [
    new RandomShear({ xFactor: factor, yFactor: factor, ...moving }),
    new RandomTranslation({ heightFactor: factor, widthFactor: factor, ...moving }),
    new RandomRotation({ factor, ...moving }),
    new RandomPosterization({ factor: Math.max(1, Math.trunc(8 * factor[1])), valueRange, ...common }),
    new Solarization({ additionFactor: factor, thresholdFactor: factor, valueRange, ...common }),
    new AutoContrast({ valueRange, ...common }),
    new Equalization({ valueRange, ...common }),
  ];
}

/** The layers that change colours alone. @internal */
export function colourAugmentations(options: AugmentationOptions): Augmentation[] {
  const { factor, valueRange, dataFormat, boundingBoxFormat } = options;
  const common = { factor, valueRange, dataFormat, boundingBoxFormat };
  return [
    new RandomBrightness(common),
    new RandomColorDegeneration(common),
    new RandomContrast(common),
    new RandomSharpness(common),
  ];
}
