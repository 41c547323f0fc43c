import { type OptionNames, expected, knownOptions } from '../base/checks.js';
import { itemAt, listOf } from '../base/list.js';
import { OpCall } from '../core/op.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import type { Operation } from '../core/operation.js';
import { InputLayer } from '../layers/input.js';
import { Layer } from '../layers/layer.js';
import { layerConfig, layerFromConfig } from '../layers/registry.js';
import { Model } from './model.js';
import { Sequential } from './sequential.js';
import type { OutputStructure } from './structure.js';

/** What `cloneModel` takes. */
export interface CloneModelOptions {
  /** What the clone begins with instead of new inputs: as many as the model has; one or a list. Default: new inputs. */
  inputTensors?: KerasTensor | readonly KerasTensor[];
  /** Makes a layer of the clone of one of the model. Default: one of the same configuration, with fresh weights. */
  cloneFunction?: (layer: Layer) => Layer;
}

const cloneNames = {
  inputTensors: 'optional',
  cloneFunction: 'optional',
} satisfies OptionNames<CloneModelOptions>;

const copyOf = (layer: Layer): Layer => layerFromConfig(layerConfig(layer));

/**
 * A model like another, with separate layers and weights, not compiled. https://keras.io/api/models/model/#clone_model-function
 *
 * @param model A Sequential or a functional Model.
 * @param options `inputTensors`, `cloneFunction`: see {@link CloneModelOptions}.
 * @throws EngineError `ARGUMENT` for a subclass with its own `call`, and for another count of inputs.
 * @example const frozen = cloneModel(model, { cloneFunction: (layer) => new layers.Dense({ ...layer.getConfig(), units: 3 }) });
 */
export function cloneModel(
  model: Model<OutputStructure>,
  options: CloneModelOptions = {},
): Model<OutputStructure> {
  knownOptions('cloneModel', options, cloneNames);
  if (!(model instanceof Model)) throw expected('cloneModel', 'a model', model);
  const { cloneFunction = copyOf, inputTensors } = options;
  const given = inputTensors === undefined ? undefined : listOf(inputTensors);
  const { name, trainable, dtypePolicy } = model;
  const clone = (layer: Layer): Layer => {
    const made: unknown = cloneFunction(layer);
    if (made instanceof Layer) return made;
    throw expected('cloneModel', 'a layer from cloneFunction', made);
  };
  if (model instanceof Sequential) {
    const head = given ?? (model.isConnected ? model.inputs.map(copyOfInput) : []);
    return new Sequential([...head, ...model.layers.map(clone)], { name, trainable, dtypePolicy });
  }
  if (model.callsLayers) throw expected('cloneModel', 'a model of connected layers', model.className);
  const { inputs, outputs, nodes } = model.graph;
  if (given && given.length !== inputs.length)
    throw expected('cloneModel', `${inputs.length} inputTensors`, given);
  const places = new Map<KerasTensor, KerasTensor>();
  inputs.forEach((place, i) => places.set(place, given?.[i] ?? copyOfInput(place)));
  const copies = new Map<Operation, Operation>();
  for (const { operation, inputs: taken, outputs: made, options: said } of nodes) {
    if (made.every((place) => places.has(place))) continue;
    const copy = copies.get(operation) ?? copyOfOperation(operation, clone);
    copies.set(operation, copy);
    const results = copy.follow(
      taken.map((place) => places.get(place)!),
      said,
    );
    made.forEach((place, i) => places.set(place, itemAt(results, i)));
  }
  const list = outputs.map((place) => places.get(place)!);
  const names = model.getConfig()['outputNames'] as string[] | undefined;
  return new Model({
    inputs: inputs.map((place) => places.get(place)!),
    outputs: names ? Object.fromEntries(names.map((one, i) => [one, itemAt(list, i)])) : list,
    ...{ name, trainable, dtypePolicy },
  });
}

function copyOfInput({ node: { operation }, shape, dtype }: KerasTensor): KerasTensor {
  const { name } = operation;
  return new InputLayer({ name, shape: shape.slice(1), dtype }).output;
}

function copyOfOperation(operation: Operation, clone: (layer: Layer) => Layer): Operation {
  if (operation instanceof Layer) return clone(operation);
  if (!(operation instanceof OpCall)) return operation;
  return new OpCall(operation.op, operation.body, operation.args, operation.name);
}
