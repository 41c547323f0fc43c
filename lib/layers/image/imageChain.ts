import { type OptionNames, knownOptions } from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import { LruCache } from '../../base/lruCache.js';
import type { Program } from '../../core/program.js';
import type { Sym } from '../../core/sym.js';
import { Tensor, type TensorData, tensor } from '../../core/tensor.js';
import { Trace } from '../../core/trace.js';
import type { LabelledImages } from './baseImage.js';
import { type DrawnImages, Draws } from './draws.js';

/** The seed and a number of the step, which decide the draws of a layer. @internal */
export type DrawKey = Tensor | readonly [seed: number, step: number];

/** A layer as a link of a chain. @internal */
export interface ImageLink {
  readonly name: string;
  /** What the layer makes of symbolic images and what belongs to them. @internal */
  changed(
    data: LabelledImages<Sym>,
    training: boolean,
    draws: (images: DrawnImages) => Draws,
  ): LabelledImages<Sym>;
}

const partNames = {
  images: 'required',
  labels: 'optional',
  boundingBoxes: 'optional',
  segmentationMasks: 'optional',
} satisfies OptionNames<LabelledImages<unknown>>;
const boxNames = { boxes: 'required', labels: 'required' } as const;

/** A program for numbers of certain types, and its result with the indices of outputs in the places of tensors. */
interface ChainProgram {
  readonly program: Program;
  readonly result: LabelledImages<number>;
}

/**
 * Layers that change numbers one after another, in one program: what is between them takes memory that is used again, and passes over it are
 * joined.
 *
 * @internal
 */
export class ImageChain {
  readonly #programs = new LruCache<string, ChainProgram>(32);

  constructor(readonly layers: readonly ImageLink[]) {}

  /**
   * Runs the program for numbers of these types, which is made once.
   *
   * @param keys For each layer.
   */
  run(
    data: LabelledImages<Tensor | TensorData>,
    keys: readonly DrawKey[],
    training: boolean,
  ): LabelledImages<Tensor> {
    const made: Tensor[] = [];
    const fed = (given: Tensor | TensorData, dtype?: 'int32'): Tensor => {
      if (given instanceof Tensor) return given;
      const temporary = tensor(given, undefined, dtype);
      made.push(temporary);
      return temporary;
    };
    try {
      const feeds = keys.map((key) => fed(key, 'int32'));
      const places = mapped(itemAt(this.layers, 0).name, data, (part) => feeds.push(fed(part)) - 1);
      const types = feeds.map(({ dtype, shape }) => `${dtype} ${shape.join()}`);
      const signature = JSON.stringify([training, places, types]);
      let known = this.#programs.get(signature);
      if (!known) this.#programs.set(signature, (known = this.#traced(feeds, places, training)));
      const outputs = known.program.runSilently(feeds);
      return mapped('', known.result, (i) => itemAt(outputs, i));
    } finally {
      for (const temporary of made) temporary.dispose();
    }
  }

  #traced(feeds: readonly Tensor[], places: LabelledImages<number>, training: boolean): ChainProgram {
    const trace = new Trace();
    const inputs = feeds.map(({ dtype, shape }, i) => trace.input(dtype, shape, `input ${i}`));
    const result = trace.within(() =>
      this.layers.reduce(
        (data, layer, i) => {
          let salt = 0; // each layer draws as if it were alone
          return layer.changed(data, training, (drawn) => new Draws(drawn, inputs[i], () => salt++));
        },
        mapped('', places, (i) => itemAt(inputs, i)),
      ),
    );
    const outputs: Sym[] = [];
    const fetched = mapped('', result, (part) => outputs.push(part) - 1);
    return { program: trace.program(inputs, outputs), result: fetched };
  }
}

/** Images and what belongs to them, each part made another thing. @throws EngineError `ARGUMENT` for other parts. @internal */
export function mapped<A, B>(who: string, data: LabelledImages<A>, by: (part: A) => B): LabelledImages<B> {
  knownOptions(who, data, partNames);
  const { images, labels, boundingBoxes, segmentationMasks } = data;
  if (boundingBoxes !== undefined) knownOptions(who, boundingBoxes, boxNames);
  return {
    images: by(images),
    ...(labels !== undefined && { labels: by(labels) }),
    ...(boundingBoxes !== undefined && {
      boundingBoxes: { boxes: by(boundingBoxes.boxes), labels: by(boundingBoxes.labels) },
    }),
    ...(segmentationMasks !== undefined && { segmentationMasks: by(segmentationMasks) }),
  };
}
