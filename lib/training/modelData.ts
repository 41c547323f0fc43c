import {
  type Data,
  type ArraySpec,
  Samples,
  inputsOf,
  readInputs,
  readTargets,
  readWeights,
} from '../data/batches.js';
import { isPlainObject, mismatch } from '../base/checks.js';
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
  readonly #names: Feeds['names'];

  private constructor(
    x: readonly Samples[],
    y: readonly Samples[],
    weights: readonly (Samples | undefined)[],
    names: Feeds['names'],
  ) {
    this.#names = names;
    this.#x = x;
    this.#y = y;
    this.#weights = weights;
  }

  /**
   * @param caller The method, for messages.
   * @param graph The model's inputs and outputs; undefined where it has none: then inputs are whatever is given.
   * @param anyTargets Whether targets need not be one for each output: the model's own step knows what they are.
   * @throws EngineError `SHAPE`, `DTYPE` or `ARGUMENT` naming the argument.
   */
  static read(
    caller: string,
    graph: Endpoints | undefined,
    x: Data,
    y: Data | undefined,
    sampleWeight?: Data,
    anyTargets = false,
  ): ModelData {
    const inputs = graph?.inputs.map(({ node, shape }): ArraySpec => ({ name: node.operation.name, shape }));
    const outputs = graph?.outputs.map(({ shape }, i): ArraySpec => ({
      name: itemAt(graph.outputNames, i),
      shape,
    }));
    const ofX = formOf(x, `[${caller}] x`, inputs);
    const samples = readInputs(x, ofX.specs, `[${caller}] x`);
    const count = firstOf(samples).length;
    const ofY = y === undefined ? undefined : formOf(y, `[${caller}] y`, outputs, anyTargets);
    const targets = y === undefined ? [] : readTargets(y, ofY!.specs, `[${caller}] y`, count);
    if (sampleWeight === undefined) {
      const names = { x: ofX.names, y: ofY?.names };
      return new ModelData(
        samples,
        targets,
        targets.map(() => undefined),
        names,
      );
    }
    const argument = `[${caller}] sampleWeight`;
    const ofWeights = ofY ?? formOf(sampleWeight, argument, outputs, anyTargets);
    const weights = readWeights(sampleWeight, ofWeights.specs, argument, count);
    return new ModelData(samples, targets, weights, {
      x: ofX.names,
      y: ofY?.names,
      weights: isPlainObject(sampleWeight) ? ofWeights.names : undefined,
    });
  }

  get samples(): number {
    return firstOf(this.#x).length;
  }

  /**
   * The same arrays, the targets weighed by their class.
   *
   * @throws EngineError `ARGUMENT` where there are weights already, several outputs, or targets that tell no class.
   */
  withClassWeight(caller: string, graph: Endpoints | undefined, classWeight: ClassWeights): ModelData {
    const [target, ...others] = this.#y;
    if (this.#weights.some((weight) => weight !== undefined))
      throw mismatch(caller, 'sampleWeight or classWeight', 'both');
    if (!target) throw mismatch(caller, 'targets y for classWeight', 'none');
    if (!graph || others.length > 0 || graph.outputs.length > 1) {
      const count = Math.max(this.#y.length, graph?.outputs.length ?? 0);
      throw mismatch(
        caller,
        'classWeight for a model with one output',
        `one with ${count}: give sampleWeight for each output`,
      );
    }
    const weights = classWeightsOf(caller, target, firstOf(graph.outputs).shape.length, classWeight);
    return new ModelData(this.#x, this.#y, [weights], this.#names);
  }

  /** The samples from `begin` up to, not including, `end`. */
  slice(begin: number, end: number): ModelData {
    if (begin === 0 && end >= this.samples) return this;
    const cut = (samples: Samples) => samples.slice(begin, end);
    return new ModelData(
      this.#x.map(cut),
      this.#y.map(cut),
      this.#weights.map((weight) => weight && cut(weight)),
      this.#names,
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
      names: this.#names,
    };
  }
}

/**
 * What data is read for: the places that a model has for it, else its own arrays, of which the step sees a record where it is one.
 *
 * @param any Whether other arrays than the model's places will do.
 */
function formOf(
  data: Data,
  argument: string,
  specs: readonly ArraySpec[] | undefined,
  any = false,
): { specs: readonly ArraySpec[]; names?: readonly string[] | undefined } {
  if (specs && !any) return { specs };
  const own = inputsOf(data, argument);
  const known = ({ name }: { name?: string }) =>
    name === undefined || specs!.some((spec) => spec.name === name);
  if (specs && own.length === specs.length && own.every(known)) return { specs };
  const named = own.every(({ name }) => name !== undefined);
  return {
    specs: own.map(({ name = 'data', shape }) => ({ name, shape: [-1, ...shape] })),
    names: named ? own.map(({ name }) => name!) : undefined,
  };
}
