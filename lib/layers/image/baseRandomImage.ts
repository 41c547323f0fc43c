import { type OptionNames, seedOf } from '../../base/checks.js';
import { factoryName } from '../../base/names.js';
import { BaseImagePreprocessingLayer, type ImageLayerOptions } from './baseImage.js';

/** What layers take that draw how they change images. */
export interface RandomImageOptions extends ImageLayerOptions {
  /** An integer that decides the draws, whatever the seed of the training. Default none. */
  seed?: number | null;
}

/** What layers share that draw how they change images. */
export abstract class BaseRandomImageLayer<T extends object> extends BaseImagePreprocessingLayer<T> {
  static override readonly optionNames = {
    ...BaseImagePreprocessingLayer.optionNames,
    seed: 'optional',
  } satisfies OptionNames<RandomImageOptions>;
  override readonly seed: number | undefined;

  constructor(options: RandomImageOptions) {
    super(options);
    this.seed = options.seed == null ? undefined : seedOf(factoryName(new.target.name), options.seed);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), seed: this.seed ?? null };
  }
}
