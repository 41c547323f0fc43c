import { type OptionNames, integer, wrongShape } from '../base/checks.js';
import { fileError, reasonOf } from '../base/wholeFile.js';
import { type TensorData, Tensor, read } from '../core/tensor.js';
import {
  type Published,
  type PublishedOptions,
  publishedNames,
  publishedOptions,
  readPublished,
} from '../datasets/published.js';

/** What `applications.decodePredictions` takes. */
export interface DecodePredictionsOptions extends PublishedOptions {
  /** How many classes of each image are told. Default 5. */
  top?: number;
}

const names = { ...publishedNames, top: 'optional' } satisfies OptionNames<DecodePredictionsOptions>;

/** A class of ImageNet: its number in WordNet, what it is in English, and its score. */
export type DecodedPrediction = readonly [classId: string, description: string, score: number];

const CLASSES = 1000;
const CLASS_INDEX: Published = {
  name: 'imagenet_class_index.json',
  url: 'https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json',
  hash: 'c2c37ea517e94d9795004a39431a14cb',
  folder: 'models',
};

/**
 * What a net of ImageNet sees on images. https://keras.io/api/applications/#usage-examples-for-image-classification-models
 *
 * @param predictions Scores of the 1000 classes, [images, 1000].
 * @param options `top`; `path`: `imagenet_class_index.json` or its folder; without it the caches, then a download that is checked by MD5.
 * @returns For each image the `top` classes with the highest scores, the highest first.
 * @throws EngineError `SHAPE` for other numbers of classes, `IO` for a file that cannot be had, `ARGUMENT` for wrong options.
 * @example
 *     const model = await applications.mobileNet({ weights: 'imagenet' });
 *     const [[first]] = await applications.decodePredictions(await model.predict(images));
 *     console.log(first); // ['n02123159', 'tiger_cat', 0.62]
 */
export async function decodePredictions(
  predictions: TensorData | Tensor,
  options: DecodePredictionsOptions = {},
): Promise<DecodedPrediction[][]> {
  const who = 'decodePredictions';
  publishedOptions(who, options, names);
  const { top = 5, ...from } = options;
  integer(who, 'top', top);
  const shape = predictions instanceof Tensor ? predictions.shape : read(predictions).shape;
  if (shape.length !== 2 || shape[1] !== CLASSES) throw wrongShape(who, `scores [images, ${CLASSES}]`, shape);
  const scores = predictions instanceof Tensor ? await predictions.data() : read(predictions).data;
  const { place, bytes } = await readPublished(who, CLASS_INDEX, from);
  const classes = classesOf(who, place, bytes);
  return Array.from({ length: shape[0] ?? 0 }, (_, i) =>
    classes
      .map(([id, text], k): DecodedPrediction => [id, text, Number(scores[i * CLASSES + k])])
      .sort(([, , a], [, , b]) => b - a)
      .slice(0, top),
  );
}

function classesOf(who: string, place: string, bytes: Uint8Array): (readonly [string, string])[] {
  let known: unknown;
  try {
    known = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fileError(who, place, 'JSON', reasonOf(cause), cause);
  }
  const isClass = (pair: unknown): pair is [string, string] =>
    Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === 'string');
  const classes = Array.from(
    { length: CLASSES },
    (_, i) => (known as Record<string, unknown> | null)?.[String(i)],
  );
  if (classes.every(isClass)) return classes;
  throw fileError(who, place, `the ${CLASSES} classes of ImageNet by their numbers`, 'something else');
}
