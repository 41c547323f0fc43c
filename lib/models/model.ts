import { boolean, expected, integer, isPlainObject, knownOptions, mismatch } from '../base/checks.js';
import { type Batches, type Data, inputsOf } from '../data/batches.js';
import { type CustomObjects, scopedObjects, withCustomObjects } from '../base/customObjects.js';
import { type DtypePolicy, checkPolicy, dtypePolicy } from '../core/dtypePolicy.js';
import { type DeviceName, checkDevice } from '../engine/devices.js';
import { input } from '../layers/input.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { Layer } from '../layers/layer.js';
import { ConnectedModel } from './connectedModel.js';
import type { QuantizationMode } from '../layers/quantization.js';
import { layerRegistry, revived } from '../layers/registry.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';
import { optimizerOf } from '../optimizers/registry.js';
import { listOf } from '../base/list.js';
import { writtenObject } from '../saving/serialization.js';
import type { Tensor } from '../core/tensor.js';
import { type GraphConfig, checkConfig, graphConfig, graphFromConfig } from './config.js';
import type { History, Logs, TrainedModel } from '../callbacks/index.js';
import { compileConfig } from './json.js';
import {
  type CompileOptions,
  type ModelOptions,
  type UnconnectedOptions,
  argumentsOf,
  compileNames,
  modelNames,
  namesOfLosses,
} from './modelOptions.js';
import { type OutputStructure, type Structured, flatten, structured } from './structure.js';
import { type QuantizeOptions, quantize, quantizedLayers } from './quantize.js';
import { type ReturnList, type Returned, returned } from './returned.js';
import { type Stack, type SummaryOptions, summaryNames, summaryOf } from './summary.js';
import {
  type EvaluateOptions,
  type FitData,
  type PredictData,
  type FitOptions,
  type Mode,
  ModelLock,
  Objective,
  type PredictOptions,
  type ReturnOptions,
  type TestOnBatchOptions,
  type TrainOnBatchOptions,
  Trainer,
  evaluate,
  evaluateNames,
  fit,
  fitNames,
  measureOnBatch,
  predict,
  predictNames,
  predictOnBatch,
  returnNames,
  testOnBatchNames,
  trainOnBatchNames,
} from '../training/index.js';

/**
 * Layers that lead from inputs to outputs, with training, evaluation and prediction. A subclass may instead hold layers in its
 * fields and write `call`; its input then has the shape and dtype of the first data that it sees.
 * https://keras.io/api/models/model/
 *
 * @example
 *     const x = layers.input({ shape: [4] });
 *     const y = layers.dense({ units: 3, activation: 'softmax' }).apply(x);
 *     const model = new Model({ inputs: x, outputs: y });
 *     const several = new Model({ inputs: x, outputs: { y, twice: layers.rescaling({ scale: 2 }).apply(y) } });
 *     const predicted = await several.predict([[1, 2, 3, 4]]); // { y, twice }
 * @example
 *     class Mlp extends Model {
 *       readonly hidden = layers.dense({ units: 8, activation: 'relu' });
 *       readonly head = layers.dense({ units: 3, activation: 'softmax' });
 *       override call(x: Sym, context: CallContext) {
 *         return this.head.apply(this.hidden.apply(x, context), context);
 *       }
 *     }
 */
export class Model<const S extends OutputStructure = KerasTensor>
  extends ConnectedModel
  implements TrainedModel
{
  static override readonly optionNames = modelNames as typeof Layer.optionNames;
  /** The options of {@link compile}, by which configurations are read. @internal */
  static readonly compileNames: object = compileNames;
  readonly className: string = 'Model';
  /** How its steps compute; layers and models within it follow it. */
  override readonly dtypePolicy: DtypePolicy;
  /** Set to true, from a callback, to end training after the current steps. */
  stopTraining = false;
  readonly #lock = new ModelLock();
  #compiled: { optimizer: BaseOptimizer; objective: () => Objective; options: CompileOptions } | undefined;
  #trainer: Trainer | undefined;
  #disposed = false;

  constructor(options: ModelOptions<S> | UnconnectedOptions = {}) {
    super(options);
    this.dtypePolicy = checkPolicy(
      'Model',
      options.dtypePolicy ?? (options.dtype as DtypePolicy | undefined) ?? dtypePolicy(),
    );
    if (options.inputs === undefined && options.outputs === undefined && new.target !== Model) return;
    if (options.inputs === undefined || options.outputs === undefined) {
      throw mismatch(
        'Model',
        'inputs and outputs',
        `no ${options.inputs === undefined ? 'inputs' : 'outputs'}`,
      );
    }
    const { list, names } = flatten(options.outputs);
    this.givenNames = names;
    this.connect(listOf(options.inputs), list);
    this.knownGraph(); // what is wrong shows here
  }

  override get output(): S extends KerasTensor ? KerasTensor : KerasTensor | readonly KerasTensor[] {
    return super.output as S extends KerasTensor ? KerasTensor : KerasTensor | readonly KerasTensor[];
  }

  /**
   * The names by which outputs are measured: those of a record of outputs, else of the layers that make them. A model with its own steps
   * that has no outputs has those of its losses.
   */
  get outputNames(): readonly string[] {
    const graph = this.knownGraph();
    return !graph && this.#compiled && this.hasOwnStep
      ? namesOfLosses(this.#compiled.options)
      : this.graph.outputNames;
  }

  /** The optimizer that {@link compile} was given. @throws EngineError `STATE` before that. */
  override get optimizer(): BaseOptimizer {
    return this.#requireCompiled().optimizer;
  }

  /** Whether each step is traced anew, with numbers to look at: see `compile`. Set before a run, it holds from then on. */
  get runEagerly(): boolean {
    return this.#compiled?.options.runEagerly ?? false;
  }

  set runEagerly(value: boolean) {
    const compiled = this.#requireCompiled();
    compiled.options = { ...compiled.options, runEagerly: boolean(this.name, 'runEagerly', value) };
  }

  /** After how many steps callbacks on batches are called: see `compile`. */
  get stepsPerExecution(): number {
    return this.#compiled?.options.stepsPerExecution ?? 1;
  }

  /** Where the model's steps run: see `compile`. */
  get device(): DeviceName | undefined {
    return this.#compiled?.options.device;
  }

  /**
   * Says how the model is trained and measured; what an earlier call said is dropped, the weights stay.
   * https://keras.io/api/models/model_training_apis/#compile-method
   *
   * @throws EngineError `ARGUMENT` for unknown names, telling the nearest; `DEVICE` or `OUT_OF_MEMORY` for a `device` that does not work
   *   on this machine.
   * @example model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
   */
  compile(options: CompileOptions = {}): void {
    knownOptions('compile', options, compileNames);
    integer('compile', 'stepsPerExecution', options.stepsPerExecution ?? 1);
    const device = options.device === undefined ? {} : { device: checkDevice('compile', options.device) };
    this.#lock.checkFree('compile', this.name);
    const optimizer = optimizerOf(options.optimizer ?? 'rmsprop');
    const customObjects = scopedObjects(); // the objective is made when the outputs are known
    const objective = () =>
      withCustomObjects('compile', customObjects, () => new Objective(this.outputNames, options));
    if (this.isConnected) objective();
    this.#compiled = { optimizer, objective, options: { ...options, ...device } };
    this.dropSteps();
  }

  /**
   * Trains the model for a number of passes over an iterable of batches. https://keras.io/api/models/model_training_apis/#fit-method
   *
   * @param batches An iterable or async iterable of [x, y] or [x, y, sampleWeight], in the forms that `fit` takes for arrays. An
   *   object whose iterator begins anew serves every epoch; a generator, which does not, ends training with a warning where its
   *   batches are used up. Iterators are closed at the end of the run.
   * @param options `epochs`, `validationData`, `callbacks` and more: see {@link FitOptions}.
   * @returns The losses and metrics of each epoch: see `callbacks.history`.
   * @throws EngineError `ARGUMENT`, `SHAPE` or `DTYPE` for bad input; `STATE` before `compile`, and while another fit of this model
   *   runs; `ABORTED` by `signal`.
   * @example
   *     function* batches() {
   *       for (let i = 0; i < 100; i++) yield [images(i), labels(i)];
   *     }
   *     await model.fit({ [Symbol.iterator]: batches }, { epochs: 5 });
   */
  async fit(batches: Batches, options?: FitOptions): Promise<History>;
  /**
   * Trains the model for a number of passes over arrays. https://keras.io/api/models/model_training_apis/#fit-method
   *
   * @param x Samples [n, ...input shape]: nested arrays, tensors, NDArrays or typed arrays (a flat one is read in that shape); lists
   *   or records of these for several inputs. Or an iterable of batches, with undefined as `y`.
   * @param y Targets in the same forms, as many as samples. An axis of size 1 at the end may be missing: targets [n] are those of an
   *   output [n, 1] and never broadcast with it to [n, n].
   * @param options `epochs`, `batchSize`, `validationData`, `callbacks` and more: see {@link FitOptions}.
   * @returns The losses and metrics of each epoch: see `callbacks.history`.
   * @throws EngineError `ARGUMENT`, `SHAPE` or `DTYPE` for bad input; `STATE` before `compile`, and while another fit of this model
   *   runs; `ABORTED` by `signal`.
   * @example
   *     const { history } = await model.fit(x, y, { epochs: 5, batchSize: 64, validationSplit: 0.1 });
   */
  async fit(x: FitData, y: Data | undefined, options?: FitOptions): Promise<History>;
  async fit(x: FitData, y?: Data | FitOptions, options?: FitOptions): Promise<History> {
    const given = argumentsOf(x, y, options);
    knownOptions('fit', given.options, fitNames);
    return this.#lock.exclusive(
      'fit',
      this.name,
      (yielding) => fit(this, x, given.y, given.options, yielding),
      given.options.signal,
    );
  }

  /**
   * Measures loss and metrics over an iterable of batches, without training.
   * https://keras.io/api/models/model_training_apis/#evaluate-method
   *
   * @param batches An iterable or async iterable of [x, y] or [x, y, sampleWeight]; errors as those of {@link fit}.
   * @param options `steps`, `callbacks` and more: see {@link EvaluateOptions}.
   * @returns The means over the samples by name: `loss` and those of the metrics.
   * @example const { loss, accuracy } = await model.evaluate(batches());
   */
  async evaluate(batches: Batches, options: EvaluateOptions & ReturnList): Promise<Returned<ReturnList>>;
  async evaluate(batches: Batches, options?: EvaluateOptions): Promise<Logs>;
  /**
   * Measures loss and metrics over arrays, without training. https://keras.io/api/models/model_training_apis/#evaluate-method
   *
   * @param x Samples in the forms that {@link fit} takes.
   * @param y Targets in the forms that {@link fit} takes; errors as there, too.
   * @param options `batchSize`, `sampleWeight`, `callbacks` and more: see {@link EvaluateOptions}.
   * @returns The means over the samples by name: `loss` and those of the metrics.
   * @example const { loss, accuracy } = await model.evaluate(x, y, { batchSize: 256 });
   */
  async evaluate(
    x: FitData,
    y: Data | undefined,
    options: EvaluateOptions & ReturnList,
  ): Promise<Returned<ReturnList>>;
  async evaluate(x: FitData, y: Data | undefined, options?: EvaluateOptions): Promise<Logs>;
  async evaluate(
    x: FitData,
    y?: Data | EvaluateOptions,
    options?: EvaluateOptions,
  ): Promise<Logs | number | readonly number[]> {
    const given = argumentsOf(x, y, options);
    knownOptions('evaluate', given.options, evaluateNames);
    const logs = await this.#lock.exclusive('evaluate', this.name, (yielding) =>
      evaluate(this, x, given.y, given.options, yielding),
    );
    return returned(logs, given.options);
  }

  /**
   * The model's outputs for samples, batch by batch. Any number of calls may be in flight; a `fit` that is called meanwhile begins
   * when they have ended (those with callbacks aside, which may train themselves). No `compile` is needed.
   * https://keras.io/api/models/model_training_apis/#predict-method
   *
   * @param x Samples in the forms that {@link fit} takes, or an iterable of batches [x] (or [x, y], of which y is not read).
   * @param options `batchSize`, `steps` and more: see {@link PredictOptions}.
   * @returns A tensor float32 [n, ...output shape]; for several outputs a list or record of these, as the model's `outputs` were
   *   given.
   * @throws EngineError `ARGUMENT`, `SHAPE` or `DTYPE` for bad input; `ABORTED` by `signal`.
   * @example const classes = await ops.argmax(await model.predict(images)).data();
   */
  async predict(x: PredictData, options: PredictOptions = {}): Promise<Structured<S, Tensor>> {
    knownOptions('predict', options, predictNames);
    const hooked = listOf(options.callbacks ?? []).length > 0;
    const outputs = await this.#lock.shared(() => predict(this, x, options), hooked);
    return structured<S, Tensor>(this.givenNames, outputs);
  }

  /**
   * Makes one step of training on one batch. https://keras.io/api/models/model_training_apis/#trainonbatch-method
   *
   * @param x Samples in the forms that {@link fit} takes.
   * @param y Targets in the forms that {@link fit} takes; errors as there, too.
   * @param options `sampleWeight` or `classWeight`, `returnDict`.
   * @returns The loss and the metrics of this batch alone, before its step.
   * @example const { loss } = await model.trainOnBatch(x, y);
   */
  async trainOnBatch<const O extends TrainOnBatchOptions & ReturnOptions>(
    x: Data,
    y?: Data,
    options: O = {} as O,
  ): Promise<Returned<O>> {
    knownOptions('trainOnBatch', options, { ...trainOnBatchNames, ...returnNames });
    const logs = await this.#lock.exclusive('trainOnBatch', this.name, () =>
      measureOnBatch(this, 'train', x, y, options),
    );
    return returned(logs, options);
  }

  /**
   * Measures loss and metrics of one batch, without training. https://keras.io/api/models/model_training_apis/#testonbatch-method
   *
   * @param x Samples in the forms that {@link fit} takes.
   * @param y Targets in the forms that {@link fit} takes; errors as there, too.
   * @param options `sampleWeight`, `returnDict`.
   * @returns The loss and the metrics of this batch.
   * @example const { loss } = await model.testOnBatch(x, y);
   */
  async testOnBatch<const O extends TestOnBatchOptions & ReturnOptions>(
    x: Data,
    y?: Data,
    options: O = {} as O,
  ): Promise<Returned<O>> {
    knownOptions('testOnBatch', options, { ...testOnBatchNames, ...returnNames });
    const logs = await this.#lock.exclusive('testOnBatch', this.name, () =>
      measureOnBatch(this, 'test', x, y, options),
    );
    return returned(logs, options);
  }

  /**
   * The outputs for all samples in one step. https://keras.io/api/models/model_training_apis/#predictonbatch-method
   *
   * @param x Samples in the forms that {@link fit} takes for arrays.
   * @returns float32 [n, ...output shape], in the structure of {@link predict}; errors as there, too.
   * @example const y = await model.predictOnBatch([[1, 2, 3]]);
   */
  async predictOnBatch(x: Data): Promise<Structured<S, Tensor>> {
    return structured<S, Tensor>(this.givenNames, await predictOnBatch(this, x));
  }

  /**
   * Makes dense layers and convolutions of 1 to 3 dimensions compute with whole numbers of 8 bits from now on, those in models and layers
   * within too; other layers stay as they are. Weights are rounded for each output channel by its largest magnitude, and keep their
   * numbers in float32, also in files. Then the model predicts and evaluates, and cannot be trained. It is faster on processors with VNNI or
   * AMX; others compute the same in float32. https://keras.io/api/models/model_quantization/
   *
   * @param mode `int8`.
   * @param options `calibration` and more: see {@link QuantizeOptions}. Without, inputs are rounded by the range of each sample.
   * @throws EngineError `ARGUMENT` for another mode, and for calibration data that make numbers that are not finite; `STATE` where
   *   no layer can be quantised; those of {@link predict}.
   * @example await model.quantize('int8', { calibration: images.slice(0, 500) });
   */
  async quantize(mode: QuantizationMode, options: QuantizeOptions = {}): Promise<void> {
    await this.#lock.exclusive('quantize', this.name, () =>
      quantize(this, mode, options, (x, batchSize) => predict(this, x, batchSize ? { batchSize } : {})),
    );
  }

  /**
   * Prints a table of the layers with output shapes and parameter counts.
   * https://keras.io/api/models/model/#summary-method
   *
   * @returns The text that was printed.
   * @example model.summary({ expandNested: true, showTrainable: true });
   */
  summary(options: SummaryOptions = {}): string {
    knownOptions('summary', options, summaryNames);
    const { printFn = console.log } = options;
    if (typeof printFn !== 'function') throw expected('summary', 'a function as printFn', printFn);
    const { name, weights, trainableWeights } = this;
    const optimizer = this.#compiled?.optimizer;
    const optimizerWeights = optimizer?.built ? optimizer.variables : [];
    const model = { name, weights, trainableWeights, optimizerWeights, ...this.#rows };
    const text = summaryOf(model, (layer) => (layer instanceof Model ? layer.#rows : undefined), options);
    printFn(text);
    return text;
  }

  get #rows(): Stack {
    return { operations: this.operations, graph: this.callsLayers ? undefined : this.knownGraph() };
  }

  /**
   * The layers and how they are connected, which {@link fromConfig} makes a model of again; for a subclass with its own `call` what
   * every layer has, to be extended by it.
   */
  override getConfig(): Record<string, unknown> {
    const config = this.ownConfig();
    if (this.callsLayers) return config;
    const outputNames = this.givenNames;
    return { ...config, ...graphConfig(this.graph), ...(outputNames && { outputNames }) };
  }

  /**
   * The model in Keras's JSON, with what {@link compile} was given and without numbers; JSON.stringify calls it. Python's
   * `keras.models.model_from_json` reads it, and `modelFromJson` what Python writes.
   *
   * @throws EngineError `ARGUMENT` for functions that are not registered, and ops that Keras does not have.
   * @example const text = JSON.stringify(model);
   */
  toJSON(): object {
    return writtenObject(this);
  }

  /** For a subclass with its own `call`: the shape of its input, once it is known. */
  override getBuildConfig(): Record<string, unknown> | undefined {
    if (!this.callsLayers || !this.isConnected) return super.getBuildConfig();
    const shapes = this.inputs.map(({ shape }) => shape);
    return { inputShape: shapes.length === 1 ? shapes[0] : shapes };
  }

  /** What {@link compile} was given, as {@link compileFromConfig} takes it; undefined before that. */
  getCompileConfig(): Record<string, unknown> | undefined {
    return this.#compiled && compileConfig(this.#compiled.optimizer, this.#compiled.options);
  }

  /** Compiles as another model, with a fresh optimizer. */
  compileFromConfig(config: Readonly<Record<string, unknown>>): void {
    if (!isPlainObject(config)) throw expected(this.name, 'what getCompileConfig gives', config);
    this.compile(Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null)));
  }

  /** The configuration without the layers. */
  protected ownConfig(): Record<string, unknown> {
    return { ...super.getConfig(), dtypePolicy: this.dtypePolicy };
  }

  /**
   * A model of the same layers, with fresh weights.
   *
   * @param config What {@link getConfig} gave, also after JSON.
   * @param customObjects Own classes of layers, models, initializers, … and own functions by the names that the configuration has for
   *   them.
   * @throws EngineError `ARGUMENT` for an unknown class, telling the nearest, and for what is no configuration of a model.
   * @example const copy = Model.fromConfig(JSON.parse(JSON.stringify(model.getConfig())), { Scale });
   */
  static override fromConfig(
    config: Record<string, unknown>,
    customObjects: CustomObjects = {},
  ): Model<OutputStructure> {
    checkConfig(config, this === Model ? ['layers', 'calls', 'inputs', 'outputs'] : []);
    const { layers, calls, inputs, outputs, outputNames, ...rest } = config as unknown as GraphConfig;
    return withCustomObjects('fromConfig', customObjects, () => {
      const options = revived(rest);
      // A subclass with its own `call` has no layers in its configuration.
      const connected = (layers as unknown) !== undefined || this === Model;
      if (!connected) return new this(options);
      return new this({ ...options, ...graphFromConfig({ layers, calls, inputs, outputs, outputNames }) });
    });
  }

  /** Frees weights, optimizer slots and all else that is native. */
  override dispose(): void {
    super.dispose();
    this.dropSteps();
    this.#compiled?.optimizer.dispose();
    this.#disposed = true;
  }

  /** @internal */
  makeObjective(): Objective {
    return this.#requireCompiled().objective();
  }

  /** @internal */
  get compiledOptimizer(): BaseOptimizer | undefined {
    return this.#compiled?.optimizer;
  }

  /** The compiled steps. @internal */
  trainer(mode: Mode): Trainer {
    if (mode !== 'predict') this.#requireCompiled();
    const [quantized] = mode === 'train' ? quantizedLayers(this) : [];
    if (quantized)
      throw mismatch(
        this.name,
        'layers in float32 to train',
        `'${quantized.name}' in int8: train, then quantize`,
        'STATE',
      );
    if (this.#disposed) throw mismatch(this.name, 'a live model', 'a disposed one', 'DISPOSED');
    return (this.#trainer ??= new Trainer(this));
  }

  /** Gives a model that does not know its input that of the data. @internal */
  prepare(x: Data): void {
    if (!this.isConnected) this.connectTo(inputsOf(x, `[${this.name}] x`).map((given) => input(given)));
    if (!this.hasOwnStep) this.requireGraph();
  }

  protected get isMeasured(): boolean {
    return this.#compiled !== undefined && (this.isConnected || this.hasOwnStep);
  }

  protected override dropSteps(): void {
    this.#trainer?.dispose();
    this.#trainer = undefined;
  }

  #requireCompiled() {
    if (this.#compiled) return this.#compiled;
    throw mismatch(this.name, 'compile() before training', 'none', 'STATE');
  }
}

layerRegistry.add('Model', Model);
