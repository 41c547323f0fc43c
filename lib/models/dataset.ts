import { type Data, type Place, Samples, readInputs, readTargets, readWeights } from '../data/batches.js';
import { EngineError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import type { LayerGraph } from './layerGraph.js';
import type { Batch } from './trainer.js';

/** The weight of each class by its number; 1 for those that are not named. */
export type ClassWeights = Readonly<Record<number, number>>;

export interface DatasetOptions {
  /** The weight of each sample in the loss, [n]; a list or record of these for several outputs. */
  sampleWeight?: Data;
  /** The weight in the loss of samples by their class: class numbers, or the largest of one-hot rows. */
  classWeight?: ClassWeights;
}

/** A user's arrays, checked against a model's inputs and outputs. */
export class Dataset {
  readonly #x: readonly Samples[];
  readonly #y: readonly Samples[];
  readonly #weights: readonly (Samples | undefined)[];

  /**
   * @param caller The method, for messages.
   * @throws EngineError `SHAPE`, `DTYPE` or `ARGUMENT` naming the argument.
   */
  constructor(
    caller: string,
    graph: LayerGraph,
    x: Data,
    y: Data | undefined,
    { sampleWeight, classWeight }: DatasetOptions = {},
  ) {
    const place = ({ node, shape }: LayerGraph['inputs'][number]): Place => ({
      name: node.layer.name,
      shape,
    });
    const outputs = graph.outputs.map(place);
    this.#x = readInputs(x, graph.inputs.map(place), `[${caller}] x`);
    this.#y = y === undefined ? [] : readTargets(y, outputs, `[${caller}] y`, this.samples);
    if (sampleWeight !== undefined && classWeight !== undefined)
      throw new EngineError('ARGUMENT', `[${caller}] expected sampleWeight or classWeight, received both`);
    if (sampleWeight !== undefined)
      this.#weights = readWeights(sampleWeight, outputs, `[${caller}] sampleWeight`, this.samples);
    else if (classWeight !== undefined)
      this.#weights = this.#y.map((target) => classWeightsOf(caller, target, classWeight));
    else this.#weights = this.#y.map(() => undefined);
  }

  get samples(): number {
    return this.#x[0].length;
  }

  /**
   * The samples from `begin` up to, not including, `end` as tensors.
   *
   * @param made Collects the tensors that were made for this: the caller disposes of them.
   */
  batch(made: Tensor[], begin = 0, end = this.samples): Batch {
    const whole = begin === 0 && end === this.samples;
    const take = (samples: Samples): Tensor => {
      const { tensor, owned } = (whole ? samples : samples.slice(begin, end)).tensor();
      if (owned) made.push(tensor);
      return tensor;
    };
    return {
      x: this.#x.map(take),
      y: this.#y.map(take),
      weights: this.#weights.map((weight) => weight && take(weight)),
    };
  }
}

function classWeightsOf(caller: string, target: Samples, classWeight: ClassWeights): Samples {
  const valid = typeof classWeight === 'object' && Object.values(classWeight).every(Number.isFinite);
  if (!valid) {
    throw new EngineError(
      'ARGUMENT',
      `[${caller}] expected a finite number for each class number as classWeight, received ${JSON.stringify(classWeight)}`,
    );
  }
  const { tensor, owned } = target.tensor();
  const data = tensor.dataSync();
  if (owned) tensor.dispose();
  const width = data.length / target.length;
  const weights = Float32Array.from({ length: target.length }, (_, i) => {
    const row = Array.from(data.subarray(i * width, (i + 1) * width));
    const label = width > 1 ? row.indexOf(Math.max(...row)) : row[0];
    return classWeight[label] ?? 1;
  });
  return new Samples(weights, [target.length], 'float32');
}
