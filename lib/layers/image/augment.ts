import {
  type OptionNames,
  checkList,
  isPlainObject,
  knownOptions,
  notOneOf,
  seedOf,
} from '../../base/checks.js';
import { listOf } from '../../base/list.js';
import { nextSeed } from '../../core/seed.js';
import type { Tensor, TensorData } from '../../core/tensor.js';
import { BaseImagePreprocessingLayer, type LabelledImages } from './baseImage.js';
import { ImageChain, type ImageLink } from './imageChain.js';

/** What {@link augment} takes. */
export interface AugmentOptions {
  /** An integer that decides the draws of layers without a seed. Default a new one, which `setSeed` decides. */
  seed?: number;
}

const augmentNames = { seed: 'optional' } satisfies OptionNames<AugmentOptions>;

/** Images alone, with labels in a list, or with all that belongs to them. */
type Element<T> = T | readonly [images: T, labels: T, ...rest: T[]] | LabelledImages<T>;

/** Numbers far apart for the seeds of layers and passes: the golden ratio and a prime, times 2³². */
const [LAYER, PASS] = [0x9e3779b9, 0x85ebca6b];

/**
 * A function for `Dataset.map` that changes images as layers do in a model that trains: whole batches, or one image at a time. What an element
 * becomes depends on the seed, its place and the pass alone, so a data set that goes on in the middle gives the same as one that did not
 * stop.
 *
 * @param layers Layers that change images, applied one after another.
 * @returns Takes images, a list [images, labels, …] or a record of {@link LabelledImages}; gives the same form of tensors, of which a list
 *   keeps what comes after the labels.
 * @throws EngineError `ARGUMENT` for what are no such layers.
 * @example
 *     const flip = layers.randomFlip({ mode: 'horizontal' });
 *     const data = Dataset.fromArrays([zeros([8, 4, 4, 3]), zeros([8, 1])]).batch(4).map(augment([flip], { seed: 1 }));
 */
export function augment(
  layers: AnyImageLayer | readonly AnyImageLayer[],
  options: AugmentOptions = {},
): <E extends Element<Tensor | TensorData>>(element: E, index: number, pass: number) => Augmented<E> {
  knownOptions('augment', options, augmentNames);
  const list = listOf(layers);
  checkList('augment', 'layers', list);
  const links = list.map((layer) => {
    if (layer instanceof BaseImagePreprocessingLayer) return layer as ImageLink;
    throw notOneOf('augment', 'layers that change images', layer);
  });
  const seed = options.seed === undefined ? nextSeed() : seedOf('augment', options.seed);
  const chain = new ImageChain(links);
  return (element, index, pass) => {
    const parts: readonly unknown[] = Array.isArray(element) ? element : [];
    // Nested arrays are images.
    const isTuple = parts.length > 0 && typeof parts[0] === 'object' && !Array.isArray(parts[0]);
    const isLabelled = isPlainObject(element) && 'images' in element;
    const [images, labels, ...rest] = isTuple ? (element as (Tensor | TensorData)[]) : [];
    const given = isTuple ? { images, labels } : isLabelled ? element : { images: element };
    const keys = list.map((layer, i) => {
      const own = layer.seed ?? seed + Math.imul(i + 1, LAYER);
      return [(own + Math.imul(pass, PASS)) | 0, index] as const;
    });
    const x = chain.run(given as LabelledImages<Tensor | TensorData>, keys, true);
    return (isTuple ? [x.images, x.labels, ...rest] : isLabelled ? x : x.images) as Augmented<typeof element>;
  };
}

/** Any of the layers that change images. */
type AnyImageLayer = Pick<BaseImagePreprocessingLayer<object>, 'apply' | 'seed'>;

/** What {@link augment} makes of an element. */
type Augmented<E> = E extends readonly [unknown, unknown, ...infer R]
  ? [Tensor, Tensor, ...R]
  : E extends LabelledImages<unknown>
    ? LabelledImages<Tensor>
    : Tensor;
