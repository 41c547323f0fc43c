import { type Data, type Place, Samples, readInputs, readTargets, readWeights } from '../data/batches.js';
import { EngineError } from '../base/errors.js';
import { firstOf, itemAt } from '../base/list.js';
import type { Tensor } from '../core/tensor.js';
import { type ClassWeights, classWeightsOf } from './classWeights.js';
import type { Endpoints } from './trainableModel.js';
import type { Feeds } from './trainer.js';

/** A user's arrays, checked against a model's inputs and outputs. */
export class ModelData {
  readonly #x: readonly Samples[];
  readonly #y: readonly Samples[];
  readonly #weights: readonly (Samples | undefined)[];

  private constructor(
    x: readonly Samples[],
    y: readonly Samples[],
    weights: readonly (Samples | undefined)[],
  ) {
    this.#x = x;
    this.#y = y;
    this.#weights = weights;
  }

  /**
   * @param caller The method, for messages.
   * @throws EngineError `SHAPE`, `DTYPE` or `ARGUMENT` naming the argument.
   */
  static read(
    caller: string,
    graph: Endpoints,
    x: Data,
    y: Data | undefined,
    sampleWeight?: Data,
  ): ModelData {
    const inputPlaces = graph.inputs.map(({ node, shape }): Place => ({ name: node.operation.name, shape }));
    const outputs = graph.outputs.map(({ shape }, i): Place => ({
      name: itemAt(graph.outputNames, i),
      shape,
    }));
    const inputs = readInputs(x, inputPlaces, `[${caller}] x`);
    const count = firstOf(inputs).length;
    const targets = y === undefined ? [] : readTargets(y, outputs, `[${caller}] y`, count);
    const weights =
      sampleWeight === undefined
        ? targets.map(() => undefined)
        : readWeights(sampleWeight, outputs, `[${caller}] sampleWeight`, count);
    return new ModelData(inputs, targets, weights);
  }

  get samples(): number {
    return firstOf(this.#x).length;
  }

  /**
   * The same arrays, the targets weighed by their class.
   *
   * @throws EngineError `ARGUMENT` where there are weights already, several outputs, or targets that tell no class.
   */
  withClassWeight(caller: string, graph: Endpoints, classWeight: ClassWeights): ModelData {
    if (this.#weights.some((weight) => weight !== undefined))
      throw new EngineError('ARGUMENT', `[${caller}] expected sampleWeight or classWeight, received both`);
    if (graph.outputs.length > 1) {
      throw new EngineError(
        'ARGUMENT',
        `[${caller}] expected classWeight for a model with one output, received one with ${graph.outputs.length}: ` +
          'give sampleWeight for each output',
      );
    }
    const rank = firstOf(graph.outputs).shape.length;
    const weights = this.#y.map((target) => classWeightsOf(caller, target, rank, classWeight));
    return new ModelData(this.#x, this.#y, weights);
  }

  /** The samples from `begin` up to, not including, `end`. */
  slice(begin: number, end: number): ModelData {
    if (begin === 0 && end >= this.samples) return this;
    const cut = (samples: Samples) => samples.slice(begin, end);
    return new ModelData(
      this.#x.map(cut),
      this.#y.map(cut),
      this.#weights.map((weight) => weight && cut(weight)),
    );
  }

  /**
   * The samples as tensors.
   *
   * @param temporaries Collects the tensors that were made for this: the caller disposes of them.
   */
  feeds(temporaries: Tensor[]): Feeds {
    const take = (samples: Samples): Tensor => {
      const { tensor, isTemporary } = samples.tensor();
      if (isTemporary) temporaries.push(tensor);
      return tensor;
    };
    return {
      x: this.#x.map(take),
      y: this.#y.map(take),
      weights: this.#weights.map((weight) => weight && take(weight)),
    };
  }
}
