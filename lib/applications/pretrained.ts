import { type OptionNames, expected } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import type { Model } from '../models/index.js';
import {
  type ApplicationOptions,
  type Architecture,
  applicationNames,
  applicationOf,
} from './application.js';

/** What every function of `applications` takes. */
export interface PretrainedOptions extends ApplicationOptions {
  /**
   * `imagenet` for Keras's weights, which are downloaded to the cache once; the path of a file, as `model.loadWeights` takes it; or null for
   * random ones. Default `imagenet`, null where Keras has none.
   */
  weights?: string | null;
}

/** The names of {@link PretrainedOptions}. */
export const pretrainedNames = {
  ...applicationNames,
  weights: 'optional',
} satisfies OptionNames<PretrainedOptions>;

/** The MD5 of a file with the top's weights and of one without. */
export type Hashes = readonly [withTop: string, withoutTop: string];

interface WeightsFile {
  readonly url: string;
  /** Keras checks it, where it has one. */
  readonly md5?: string;
}

/** The files of a net's weights. */
export interface WeightsFiles {
  readonly withTop: WeightsFile;
  readonly withoutTop: WeightsFile;
}

/** Where Keras keeps its weights. */
export const KERAS_FILES = 'https://storage.googleapis.com/tensorflow/keras-applications';
/** Part of the names of most of them: kernels whose last axis is the filters. */
export const KERAS_KERNELS = 'weights_tf_dim_ordering_tf_kernels';

/** Files as Keras names most of them. */
export function kerasFiles(name: string, [withTop, withoutTop]: Hashes): WeightsFiles {
  const address = `${KERAS_FILES}/${name}_${KERAS_KERNELS}`;
  return {
    withTop: { url: `${address}.h5`, md5: withTop },
    withoutTop: { url: `${address}_notop.h5`, md5: withoutTop },
  };
}

/** The side of square images if it is one of some, else 224. */
export function squareSide(inputShape: Shape | undefined, sides: readonly number[]): number {
  const [height = 224, width] = inputShape ?? [];
  return height === width && sides.includes(height) ? height : 224;
}

/** Makes a net's model and gives it its weights. */
export async function pretrained(
  who: string,
  architecture: Architecture,
  options: PretrainedOptions = {},
  files?: WeightsFiles,
  names: object = pretrainedNames,
): Promise<Model> {
  const model = applicationOf(who, architecture, options, names);
  const { weights = 'imagenet', includeTop = true } = options;
  if (weights === null) return model;
  return model;
}
