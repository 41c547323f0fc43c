import { expected, knownOptions, mismatch } from '../base/checks.js';
import { listOf, oneOrAll } from '../base/list.js';
import type { KerasTensor, OperationNode } from '../core/kerasTensor.js';
import type { CallContext, Operation } from '../core/operation.js';
import type { EngineError } from '../base/errors.js';
import { stateChanged } from '../core/stateful.js';
import type { Sym } from '../core/sym.js';
import { input } from '../layers/input.js';
import type { Layer } from '../layers/layer.js';
import type { Masks } from '../layers/masks.js';
import { LayerGraph } from './layerGraph.js';
import { type BatchShape, type GetLayerOptions, getLayerNames } from './modelOptions.js';
import { StoredModel } from './storedModel.js';

/** What a model knows of its layers, and of how they are connected. */
export abstract class ConnectedModel extends StoredModel {
  /** How its layers are connected, or what finds it out once it is asked for. */
  #graph: LayerGraph | (() => LayerGraph) | undefined;
  #connecting = false;
  /** The outputs' names where they were given in a record. */
  protected givenNames: readonly string[] | undefined;

  /** Gives up the steps that were compiled for the layers as they were. */
  protected abstract dropSteps(): void;

  /** The layers in the order of their first call; in a subclass with its own `call`, those that it holds. */
  get layers(): readonly Layer[] {
    return this.callsLayers ? this.sublayers : this.graph.layers;
  }

  /** The layers, and the calls of ops on their outputs, in the order of their first call. */
  get operations(): readonly Operation[] {
    return this.callsLayers ? this.sublayers : this.graph.operations;
  }

  /** The places of its inputs, in order. @throws EngineError `STATE` where the model does not know them yet. */
  get inputs(): readonly KerasTensor[] {
    return this.graph.inputs;
  }

  /** The places of its outputs, in order. @throws EngineError `STATE` where the model does not know them yet. */
  get outputs(): readonly KerasTensor[] {
    return this.graph.outputs;
  }

  /** What enters a model of connected layers: its one input, or all; of another model, what went into its first call. */
  override get input(): KerasTensor | readonly KerasTensor[] {
    return this.callsLayers ? super.input : oneOrAll(this.inputs);
  }

  /** What leaves a model of connected layers: its one output, or all; of another model, what came out of its first call. */
  override get output(): KerasTensor | readonly KerasTensor[] {
    return this.callsLayers ? super.output : oneOrAll(this.outputs);
  }

  /** The names by which inputs can be given in a record. */
  get inputNames(): readonly string[] {
    return this.inputs.map((tensor) => tensor.node.operation.name);
  }

  /**
   * One of the {@link layers}. https://keras.io/api/models/model/#getlayer-method
   *
   * @param which Its name, or its place, from 0; from the end where that is negative.
   * @throws EngineError `ARGUMENT` where there is none.
   * @example model.getLayer({ index: -1 });
   */
  getLayer(which: string | GetLayerOptions): Layer {
    if (typeof which !== 'string') knownOptions('getLayer', which, getLayerNames);
    const { name, index }: GetLayerOptions = typeof which === 'string' ? { name: which } : { ...which };
    const { layers } = this;
    const found =
      index === undefined
        ? layers.find((layer) => layer.name === name)
        : Number.isSafeInteger(index)
          ? layers.at(index)
          : undefined;
    if (found && (name === undefined || index === undefined)) return found;
    const names = layers.map((layer) => layer.name).join(', ');
    throw expected('getLayer', `one of ${names} as name, or a place among them as index`, index ?? name);
  }

  /** @param x One input or a list: a subclass with its own `call` says which it takes. */
  call(x: Sym | readonly Sym[], context: CallContext): Sym | readonly Sym[] {
    return this.graph.run(listOf(x), context);
  }

  /** None but those that the layers within have given. */
  override computeMask(_inputs: Sym | readonly Sym[], _previousMask: Masks): Masks {
    return undefined;
  }

  /**
   * Makes the weights of a model that does not know its input yet: a Sequential without `layers.input`, or a subclass with its
   * own `call`. Otherwise the first data does it.
   *
   * @param inputShape With the batch first, as in [null, 28, 28]; a list of shapes for several inputs.
   * @example model.build([null, 4]);
   */
  override build(inputShape: BatchShape | readonly BatchShape[]): void {
    if (this.#graph || this.#connecting) return;
    const shapes = (Array.isArray(inputShape?.[0]) ? inputShape : [inputShape]) as readonly BatchShape[];
    if (shapes.some((shape) => !Array.isArray(shape) || shape.length === 0))
      throw expected('build', 'a shape with the batch first, as in [null, 28, 28]', inputShape);
    this.connectTo(shapes.map((shape) => input({ shape: shape.slice(1).map((n) => n ?? -1) })));
  }

  /** @internal */
  get graph(): LayerGraph {
    return this.requireGraph();
  }

  /** @internal */
  get graphNodes(): readonly OperationNode[] {
    return this.callsLayers ? [] : (this.knownGraph()?.nodes ?? []);
  }

  /** @internal */
  override get savedFields(): Readonly<Record<string, unknown>> {
    return this.callsLayers ? super.savedFields : { layers: this.layers, ...super.savedFields };
  }

  /** @internal */
  get isConnected(): boolean {
    return this.#graph !== undefined;
  }

  /** Makes it a model that does not know its input. */
  protected disconnect(): void {
    this.#graph = undefined;
    this.built = false;
    stateChanged();
    this.dropSteps();
  }

  protected connect(inputs: readonly KerasTensor[], outputs: readonly KerasTensor[]): void {
    const before = this.isConnected;
    this.#graph = () => new LayerGraph(inputs, outputs, this.givenNames);
    this.built = true;
    stateChanged();
    if (!this.trainable) this.held();
    if (before) this.dropSteps();
  }

  /** The graph, if it is known: a model to which many layers are added looks for it once. @internal */
  knownGraph(): LayerGraph | undefined {
    if (typeof this.#graph !== 'function') return this.#graph;
    this.#graph = this.#graph();
    this.held();
    return this.#graph;
  }

  /** Connects a model that did not know its inputs. */
  protected connectTo(inputs: readonly KerasTensor[]): void {
    if (!this.callsLayers) return;
    this.#connecting = true;
    try {
      this.connect(inputs, this.applyAll(inputs));
    } finally {
      this.#connecting = false;
    }
  }

  protected override get sublayers(): readonly Layer[] {
    return this.callsLayers ? super.sublayers : [...(this.knownGraph()?.layers ?? []), ...super.sublayers];
  }

  /** Whether a subclass says by its own `call` what the model does. @internal */
  get callsLayers(): boolean {
    return (Object.getPrototypeOf(this) as ConnectedModel).call !== ConnectedModel.prototype.call;
  }

  /** The error of what needs a graph where none is known. @internal */
  protected unconnected(): EngineError {
    return mismatch(
      this.name,
      "to know the input's shape",
      'none: begin with layers.input, or call fit with data first',
      'STATE',
    );
  }

  protected requireGraph(): LayerGraph {
    const graph = this.knownGraph();
    if (graph) return graph;
    throw this.unconnected();
  }
}
