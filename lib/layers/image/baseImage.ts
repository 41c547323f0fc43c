import {
  type OptionNames,
  expected,
  isPlainObject,
  knownOptions,
  mismatch,
  seedOf,
  wrongShape,
} from '../../base/checks.js';
import { itemAt, listOf, mapTuple } from '../../base/list.js';
import { factoryName } from '../../base/names.js';
import type { Operand, Outcome } from '../../core/apply.js';
import { KerasTensor } from '../../core/kerasTensor.js';
import { nextSeed } from '../../core/seed.js';
import { Sym } from '../../core/sym.js';
import { type Tensor, type TensorData, tensor } from '../../core/tensor.js';
import { asSym, outcomeOf } from '../../ops/composed.js';
import { convertToTensor } from '../../ops/creation.js';
import {
  type BoundingBoxFormat,
  type Boxes,
  boxFormatOf,
  checkBoxes,
  convertBoxes,
} from '../../ops/image/boundingBoxes.js';
import { imageAxes } from '../../ops/image/images.js';
import { sizeAlong } from '../../ops/image/sizes.js';
import * as ops from '../../ops/index.js';
import { toFloat32 } from '../../ops/toFloat32.js';
import { type DataFormat, dataFormatOf } from '../../ops/window.js';
import { drawing } from '../drawing.js';
import { type CallContext, Layer, type LayerOptions } from '../layer.js';
import { Draws, type DrawnImages, type ImageSides } from './draws.js';
import { ImageChain, mapped } from './imageChain.js';

/** What all layers that change images take. */
export interface ImageLayerOptions extends LayerOptions {
  /** The order of the axes. Default `channelsLast`. */
  dataFormat?: DataFormat;
  /** The format of bounding boxes that come with the images. Default none: there are none. */
  boundingBoxFormat?: BoundingBoxFormat | null;
}

/** Where in images things are, and which. */
export interface LabelledBoxes<T> {
  /** [n, boxes, 4], or those of one image [boxes, 4], in the layer's `boundingBoxFormat`. */
  readonly boxes: T;
  /** The class of each box: [n, boxes], or [boxes]; -1 where there is none. */
  readonly labels: T;
}

/** Images with what belongs to them: see {@link BaseImagePreprocessingLayer.apply}. */
export interface LabelledImages<T> {
  /** [n, height, width, channels], or one image [height, width, channels]. */
  readonly images: T;
  /** What the images show: [n, …], or that of one image. */
  readonly labels?: T;
  /** Where in the images things are, and which. */
  readonly boundingBoxes?: LabelledBoxes<T>;
  /** A class for each pixel: [n, height, width, 1] or [n, height, width]; of one image without n. */
  readonly segmentationMasks?: T;
}

/** How a layer is called with numbers. */
export interface ArrayContext {
  /** Whether images are changed. Default true. */
  readonly training?: boolean;
  /** The seed and a number of the step, which decide the draws. By default the layer's seed, and how often it was called with numbers. */
  readonly key?: Tensor | readonly [seed: number, step: number];
}

const arrayContextNames = { training: 'boolean', key: 'optional' } satisfies OptionNames<ArrayContext>;
/** What {@link BaseImagePreprocessingLayer.getRandomTransformation} takes. */
export interface TransformationOptions {
  /** Whether images are changed; else what is done to them then. Default true. */
  readonly training?: boolean;
  /** An integer that decides the draws. By default new ones each time. */
  readonly seed?: number;
}

const transformationNames = {
  training: 'boolean',
  seed: 'optional',
} satisfies OptionNames<TransformationOptions>;

/**
 * A layer that changes images, each in its own way, while a model trains, and the labels, boxes and masks that belong to them. A subclass
 * says how a transformation is drawn and what it does. https://keras.io/api/layers/preprocessing_layers/image_augmentation/
 */
export abstract class BaseImagePreprocessingLayer<T extends object> extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    dataFormat: 'optional',
    boundingBoxFormat: 'optional',
  } satisfies OptionNames<ImageLayerOptions>;
  /** The order of the axes. */
  readonly dataFormat: DataFormat;
  /** The format of bounding boxes, where it was given. */
  readonly boundingBoxFormat: BoundingBoxFormat | undefined;
  /** Decides the draws, where it was given. */
  readonly seed: number | undefined = undefined;
  readonly #alone = new ImageChain([this]);
  #arraySeed: number | undefined;
  #arrayCalls = 0;

  constructor(options: ImageLayerOptions) {
    super(options);
    const who = factoryName(new.target.name);
    const { boundingBoxFormat } = options;
    this.dataFormat = dataFormatOf(who, options.dataFormat);
    this.boundingBoxFormat =
      boundingBoxFormat == null ? undefined : boxFormatOf(who, 'boundingBoxFormat', boundingBoxFormat);
  }

  /**
   * Applies the layer to numbers, at once: images are changed unless `training` is false.
   *
   * @param x Images [n, height, width, channels] or one [height, width, channels], of any dtype, as array or tensor.
   * @returns float32 of their shape, or of the size that the layer gives.
   * @throws EngineError `SHAPE` for what are no images.
   */
  override apply(x: Tensor | TensorData, context?: ArrayContext): Tensor;
  /** As for images alone, with the labels, bounding boxes and segmentation masks that belong to them: all change together. */
  override apply(x: LabelledImages<Tensor | TensorData>, context?: ArrayContext): LabelledImages<Tensor>;
  /** As for images alone, inside `compile` or in the `call` of another layer. */
  override apply(x: LabelledImages<Sym>, context?: Partial<CallContext>): LabelledImages<Sym>;
  /** Applies the layer to symbolic images, inside `compile` or in the `call` of another layer: changed if that trains. */
  override apply(x: Sym | readonly Sym[], context?: Partial<CallContext>): Sym;
  /** Says that the layer follows others in a model. */
  override apply(
    x: KerasTensor | readonly KerasTensor[],
    context?: Omit<Partial<CallContext>, 'key'>,
  ): KerasTensor;
  override apply(x: unknown, context: object = {}): unknown {
    const isLabelled = isPlainObject(x);
    const data = (isLabelled ? x : { images: x }) as unknown as LabelledImages<unknown>;
    const parts: unknown[] = [];
    mapped(this.name, data, (part) => parts.push(...listOf(part)));
    const isKeras = parts.some((part) => part instanceof KerasTensor);
    const isSymbolic = parts.some((part) => part instanceof Sym);
    if (isKeras && isLabelled)
      throw expected(this.name, 'labelled images of numbers, or of symbolic values inside compile()', x);
    if ((isKeras || isSymbolic) && !isLabelled) return super.apply(x as Sym, context);
    knownOptions(this.name, context, arrayContextNames);
    if (isSymbolic) {
      const { training = false, key } = context as Partial<CallContext>;
      return this.changed(x as LabelledImages<Sym>, training, (drawn) => this.#draws(drawn, key));
    }
    const { training = true, key } = context as ArrayContext;
    this.#arraySeed ??= this.seed ?? nextSeed();
    const keys = [key ?? ([this.#arraySeed | 0, this.#arrayCalls++] as const)];
    const result = this.#alone.run(data as LabelledImages<Tensor>, keys, training);
    return isLabelled ? result : result.images;
  }

  call(x: Sym, { training, key }: CallContext): Sym {
    return this.changed({ images: x }, training, (drawn) => this.#draws(drawn, key)).images;
  }

  /**
   * Draws how each image is changed.
   *
   * @param data Images [n, height, width, channels], or these with their labels.
   * @returns Numbers for {@link transformImages} and the like; null where nothing is done.
   */
  getRandomTransformation(
    data: Operand | LabelledImages<Operand>,
    options: TransformationOptions = {},
  ): T | null {
    knownOptions(this.name, options, transformationNames);
    const images = isPlainObject(data) ? (data as LabelledImages<Operand>).images : (data as Operand);
    const seed = options.seed === undefined ? nextSeed() : seedOf(this.name, options.seed);
    let salt = 0;
    const drawn = this.#drawnImages(typed(images));
    if (options.training === false) return this.rest(drawn);
    return this.draw(new Draws(drawn, tensor([seed | 0, 0], [2], 'int32'), () => salt++));
  }

  /**
   * Changes images as a transformation says.
   *
   * @param images [n, height, width, channels].
   * @param transformation From {@link getRandomTransformation} for as many images; null: none.
   * @param training False: the images stay as they are.
   * @returns float32.
   */
  transformImages<X extends Operand>(images: X, transformation: T | null, training = true): Outcome<X> {
    const x = toFloat32(typed(images));
    return outcomeOf(training && transformation !== null ? this.changeImages(x, transformation) : x);
  }

  /** Changes the labels [n, …] of images as a transformation says, if it does. */
  transformLabels<X extends Operand>(labels: X, transformation: T | null, training = true): Outcome<X> {
    const x = typed(labels);
    return outcomeOf(training && transformation !== null ? this.changeLabels(x, transformation) : x);
  }

  /**
   * Changes boxes as a transformation changes their images.
   *
   * @param boundingBoxes Boxes float32 [n, boxes, 4] in the layer's format, with labels [n, boxes]: where nothing is left of a box, -1.
   * @throws EngineError `ARGUMENT` where the layer was given no format.
   */
  transformBoundingBoxes<X extends Operand>(
    boundingBoxes: LabelledBoxes<X>,
    transformation: T | null,
    training = true,
  ): LabelledBoxes<Outcome<X>> {
    const { boundingBoxFormat } = this;
    if (boundingBoxFormat === undefined)
      throw mismatch(this.name, "a boundingBoxFormat for bounding boxes, such as 'xyxy'", 'none');
    const given = {
      boxes: toFloat32(typed(boundingBoxes.boxes)),
      labels: typed(boundingBoxes.labels),
    };
    checkBoxes(this.name, given);
    const made = training && transformation !== null ? this.changeBoxes(given, transformation) : given;
    return { boxes: outcomeOf(made.boxes), labels: outcomeOf(made.labels) };
  }

  /** Changes masks as a transformation changes their images: [n, height, width, 1] or [n, height, width], of any dtype, which they keep. */
  transformSegmentationMasks<X extends Operand>(
    segmentationMasks: X,
    transformation: T | null,
    training = true,
  ): Outcome<X> {
    const masks = typed(segmentationMasks);
    if (masks.rank !== 3 && masks.rank !== 4)
      throw wrongShape(
        this.name,
        'segmentation masks [n, height, width, 1] or [n, height, width]',
        masks.shape,
      );
    const axis = this.dataFormat === 'channelsLast' ? -1 : 1;
    const whole = masks.rank === 3 ? ops.expandDims(masks, axis) : masks;
    const x = toFloat32(whole);
    const made = training && transformation !== null ? this.changeMasks(x, transformation) : x;
    const same = made === x ? whole : this.mixesMasks ? made : ops.cast(made, masks.dtype);
    return outcomeOf(masks.rank === 3 ? ops.squeeze(same, axis) : same);
  }

  /** Whether masks become sums of masks, which are float32. */
  protected readonly mixesMasks: boolean = false;

  /** Draws a transformation; for a subclass. @internal */
  abstract draw(draws: Draws): T;

  /** The transformation of images that are not to be changed at random; null: none. For a subclass. @internal */
  rest(_images: DrawnImages): T | null {
    return null;
  }

  /** What a transformation does to images, float32 of rank 4; for a subclass. */
  protected abstract changeImages(images: Sym, transformation: T): Sym;

  /** What a transformation does to labels. By default nothing. */
  protected changeLabels(labels: Sym, _transformation: T): Sym {
    return labels;
  }

  /** What a transformation does to boxes in the layer's format. By default nothing. */
  protected changeBoxes(boxes: Boxes, _transformation: T): Boxes {
    return boxes;
  }

  /** What a transformation does to masks, float32 of rank 4. By default nothing. */
  protected changeMasks(masks: Sym, _transformation: T): Sym {
    return masks;
  }

  /** Boxes changed in another format, in which what is done to them is simple. The sides are those of the images before and after. */
  protected inFormat(
    format: BoundingBoxFormat,
    { boxes, labels }: Boxes,
    before: ImageSides,
    after: ImageSides,
    change: (boxes: Boxes) => Boxes,
  ): Boxes {
    const own = this.boundingBoxFormat ?? format;
    const made = change({ boxes: convertBoxes(this.name, boxes, own, format, before), labels });
    return { boxes: convertBoxes(this.name, made.boxes, format, own, after), labels: made.labels };
  }

  override getConfig(): Record<string, unknown> {
    const { dataFormat, boundingBoxFormat } = this;
    return { ...super.getConfig(), dataFormat, ...(boundingBoxFormat && { boundingBoxFormat }) };
  }

  /** Changes all parts; one image and what belongs to it are a batch of one. @internal */
  changed(
    data: LabelledImages<Sym>,
    training: boolean,
    draws: (images: DrawnImages) => Draws,
  ): LabelledImages<Sym> {
    const { shape } = imageAxes(this.name, data.images, this.dataFormat);
    const isSingle = shape.length === 3;
    const batch = (x: Sym): Sym => (isSingle ? ops.expandDims(x, 0) : x);
    const alone = (x: Sym): Sym => (isSingle ? ops.squeeze(x, 0) : x);
    const images = batch(data.images);
    const drawn = this.#drawnImages(images);
    const t = training ? this.draw(draws(drawn)) : this.rest(drawn);
    const { labels, boundingBoxes, segmentationMasks } = data;
    const boxes =
      boundingBoxes &&
      this.transformBoundingBoxes(
        { boxes: batch(boundingBoxes.boxes), labels: batch(boundingBoxes.labels) },
        t,
      );
    return {
      images: alone(this.transformImages(images, t)),
      ...(labels && { labels: alone(this.transformLabels(batch(labels), t)) }),
      ...(boxes && { boundingBoxes: { boxes: alone(boxes.boxes), labels: alone(boxes.labels) } }),
      ...(segmentationMasks && {
        segmentationMasks: alone(this.transformSegmentationMasks(batch(segmentationMasks), t)),
      }),
    };
  }

  #drawnImages(images: Sym): DrawnImages {
    const axes = imageAxes(this.name, images, this.dataFormat);
    if (axes.shape.length !== 4)
      throw wrongShape(this.name, 'a batch of images [n, height, width, channels]', axes.shape);
    const [height, width] = mapTuple([axes.height, axes.width], (axis) => sizeAlong(images, axis));
    return { images, height, width, channels: itemAt(axes.shape, axes.channels) };
  }

  /** The draws of a step that is being traced. */
  #draws(drawn: DrawnImages, stepKey: Sym | undefined): Draws {
    const { trace } = drawn.images;
    const { key } = drawing(drawn.images, stepKey, this.seed);
    return new Draws(drawn, key, () => trace.nextSalt());
  }
}

/** A typed operand as it is, numbers as a tensor. */
const typed = (x: Operand): Sym => asSym(x instanceof Sym ? x : convertToTensor(x as Tensor));
