import {
  type OptionNames,
  boolean,
  expected,
  isPlainObject,
  knownOptions,
  knownOptionsOf,
  shapeOf,
} from '../base/checks.js';
import { constraintOf } from '../constraints/registry.js';
import { snakeCase } from '../base/kerasNames.js';
import { type DtypePolicy, checkPolicy, computeDtype, dtypePolicy } from '../core/dtypePolicy.js';
import { factoryName } from '../base/names.js';
import type { NDArray } from '../core/ndarray.js';
import { dispose } from '../base/disposable.js';
import type { DType, Shape } from '../engine/engine.js';
import { EngineError, describe, shapeText } from '../base/errors.js';
import { firstOf, listOf, oneOrAll } from '../base/list.js';
import type { Initializer } from '../initializers/initializer.js';
import { initializerOf } from '../initializers/registry.js';
import type { Regularizer } from '../regularizers/regularizer.js';
import { regularizerConfig, regularizerOf } from '../regularizers/registry.js';
import { KerasTensor } from '../core/kerasTensor.js';
import { type CallContext, type CallOptions, Operation } from '../core/operation.js';
import { stateChanged } from '../core/stateful.js';
import { Sym } from '../core/sym.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable, assignAll, numbersOf } from '../core/variable.js';
import { cast } from '../ops/unary.js';
import { SeedGenerator } from '../random/seedGenerator.js';
import { collect } from './collect.js';
import { checkSymbolic } from './check.js';
import { shapesOf, taken } from './inputLists.js';
import { type InputSpec, checkInputs } from './inputSpec.js';
import { claimWeight } from './weightLimit.js';
import { type Masks, passMasks } from './masks.js';
import { perSample } from './perSample.js';
import { type LayerOptions, type WeightOptions, addWeightNames, contextNames } from './layerOptions.js';

export type { CallContext, LayerOptions, WeightOptions };

let made = 0;

/** The layers whose `build` or `call` runs, the innermost last. */
const running: { readonly layer: Layer; readonly context: Partial<CallContext> | undefined }[] = [];

/**
 * A function of tensors that has weights. A subclass writes `build`, which adds the weights once the input's shape is
 * known, and `call`; `getConfig` where it is to be saved. https://keras.io/api/layers/base_layer/
 *
 * @example
 *     class Scale extends layers.Layer {
 *       readonly className = 'Scale';
 *       #factor!: Variable;
 *       override build(shape: Shape) {
 *         this.#factor = this.addWeight({ name: 'factor', shape: [shape.at(-1)!], initializer: 'ones' });
 *       }
 *       call(x: Sym) {
 *         return ops.multiply(x, this.#factor);
 *       }
 *     }
 */
export abstract class Layer extends Operation implements Disposable {
  /**
   * The names of all options, each `required`, `optional`, or `boolean` or `string` (optional, too): others are errors. A subclass
   * that takes more options and hands all of them to `super` lists them here too.
   *
   * @example static override readonly optionNames = { ...layers.Layer.optionNames, factor: 'required' };
   */
  static readonly optionNames = {
    name: 'string',
    trainable: 'boolean',
    dtype: 'optional',
    autocast: 'boolean',
    activityRegularizer: 'optional',
  } satisfies OptionNames<LayerOptions>;
  /** The names of what a call says about itself, as in {@link optionNames}. @internal */
  static readonly contextNames: object = contextNames;
  /** What it expects of its inputs: others are errors. A list for several inputs, null for one of which nothing is expected. Default: any. */
  inputSpec: InputSpec | readonly (InputSpec | null)[] | undefined;
  /** Whether it has its weights. */
  built = false;
  /** Whether it knows what to do with masks: else they end here, with a warning. Default: whether a subclass has its own `computeMask`. */
  readonly supportsMasking: boolean = this.computeMask !== Layer.prototype.computeMask;
  /** How it computes: its option `dtype`, else the policy that was set when it was made. Of a model, that of its steps. */
  readonly dtypePolicy: DtypePolicy;
  /** Whether a layer that computes in bfloat16 rounds what it takes. */
  readonly autocast: boolean;
  readonly #dtype: DtypePolicy | undefined;
  #trainable: boolean;
  /** What training may change: `trainable` switches it on and off. */
  readonly #learned: Variable[] = [];
  /** What it never changes. */
  readonly #fixed: Variable[] = [];
  /** Layers that were applied in its calls and are in no field that can be seen. */
  readonly #applied = new Set<Layer>();
  /** The sublayers that have followed `trainable` once. */
  readonly #joined = new WeakSet<Layer>();
  readonly #serial = made++;
  #revision = 0;
  readonly #activityRegularizer: Regularizer | undefined;
  readonly #losses = new WeakMap<Trace, Sym[]>();
  #path: string | undefined;
  /** What it was built for. */
  #inputShape: Shape | readonly Shape[] | undefined;

  constructor(options: LayerOptions = {}) {
    if ((new.target as unknown) === Layer)
      throw expected('layer', 'a subclass with a method call', 'Layer itself');
    knownOptionsOf(new.target, options);
    super(options.name);
    const { dtype } = options;
    this.#dtype = dtype == null ? undefined : checkPolicy(factoryName(new.target.name), dtype as DtypePolicy);
    this.dtypePolicy = this.#dtype ?? dtypePolicy();
    this.autocast = options.autocast ?? true;
    this.#trainable = options.trainable ?? true;
    this.#activityRegularizer = regularizerOf(options.activityRegularizer);
    this.#guard();
  }

  /** As in Keras, `build` of a subclass says that it was called, and is called once; `call` finds the layer built and has a context. */
  #guard(): void {
    const build = this.build.bind(this);
    // A class in JavaScript may have none, or have it in a field, which is set later.
    const call = (this.call as Layer['call'] | undefined)?.bind(this);
    const takesContext = (call?.length ?? 0) > 1;
    const define = (name: string, value: unknown) =>
      Object.defineProperty(this, name, { value, configurable: true, writable: true });
    define('build', (given: Shape | readonly Shape[]) => {
      if (this.built) return;
      const shapes = shapesOf(given);
      const layers = new Set([...running.map(({ layer }) => layer), this]);
      this.#path = [...layers].map(({ name }) => name).join('/');
      build(taken(this, shapes));
      this.built = true;
      this.#inputShape = oneOrAll(shapes);
    });
    if (this.takesLists) {
      const computeMask = this.computeMask.bind(this);
      define('computeMask', (inputs: Sym | readonly Sym[], previousMask: Masks) =>
        computeMask(listOf(inputs), listOf(previousMask)),
      );
    }
    define('call', (x: Sym | readonly Sym[], context: CallContext) => {
      if (!call) throw expected(this.name, 'a class with a method call', undefined);
      checkSymbolic(this.name, 'as input', x);
      if (isBuilt(this) && (context !== undefined || !takesContext))
        return call(taken(this, listOf(x)), context);
      throw new EngineError(
        'STATE',
        `[${this.name}] expected apply, which builds the layer and tells it whether it trains, received call: write layer.apply(x)`,
      );
    });
  }

  /**
   * Adds the weights. The first `apply` calls it; called again, it does nothing. A subclass says which it takes, one shape or a list:
   * only what calls it, not knowing the subclass, may give it both.
   *
   * @param _inputShape Of the input, the batch (-1) first; a list of shapes where there are several inputs, and of a `MultiInputLayer`.
   */
  build(_inputShape: Shape | readonly Shape[]): void {}

  /**
   * What the layer does, written with the ops. Call {@link apply}, which builds the layer first and passes the context on. As in `build`, a
   * subclass says which it takes.
   *
   * @param x The input, or a list where there are several, and of a `MultiInputLayer`.
   * @param context Whether the call is part of a training step.
   * @throws EngineError `STATE` where the layer is not built, or takes a context and gets none.
   */
  abstract call(x: Sym | readonly Sym[], context: CallContext): Sym | readonly Sym[];

  /**
   * The mask of what it puts out: which steps count for what follows (layers that read it, losses and metrics). By default that of the
   * input. https://keras.io/guides/understanding_masking_and_padding/
   *
   * @param _inputs The input, or a list where there are several.
   * @param previousMask The input's mask, bool [n, steps], or undefined where there is none; a list for several inputs.
   * @returns The output's mask, or undefined; a list for several outputs.
   */
  computeMask(_inputs: Sym | readonly Sym[], previousMask: Masks): Masks {
    return previousMask;
  }

  /** Whether its `build`, `call` and `computeMask` get a list of one input, too. @internal */
  get takesLists(): boolean {
    return false;
  }

  /** What it computes in, by {@link dtypePolicy} and {@link autocast}. */
  get computeDtype(): 'float32' | 'bfloat16' {
    return this.dtypePolicy === 'mixedBfloat16' && this.autocast ? 'bfloat16' : 'float32';
  }

  /** The dtype of the weights that training changes. */
  get variableDtype(): DType {
    return 'float32';
  }

  /** Another name of {@link variableDtype}; of an input, the dtype of what enters. */
  get dtype(): DType {
    return this.variableDtype;
  }

  /** What its inputs are rounded to, as {@link computeDtype}. */
  get inputDtype(): 'float32' | 'bfloat16' {
    return this.computeDtype;
  }

  /** Whether training changes its weights. Set, it reaches the layers within, as in Keras; each can be set otherwise afterwards. */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(value: boolean) {
    const before = this.#trainable;
    this.#trainable = boolean(this.name, 'trainable', value);
    if (value !== before) stateChanged();
    for (const weight of this.#learned) weight.trainable = value;
    for (const layer of this.held()) layer.trainable = value;
  }

  /** All its weights, those of the layers within included: of each layer first those that training may change. */
  get weights(): Variable[] {
    return [...new Set(this.flattened.flatMap((layer) => [...layer.#learned, ...layer.#fixed]))];
  }

  /** The weights that it added itself, in the order of {@link weights}. @internal */
  get ownWeights(): readonly Variable[] {
    return [...this.#learned, ...this.#fixed];
  }

  /**
   * What holds layers within it, by the names that Keras's files have for it, in their order: public fields by name, private ones after
   * them. @internal
   */
  get savedFields(): Readonly<Record<string, unknown>> {
    const fields = Object.entries(this)
      .map(([name, value]): [string, unknown] => [snakeCase(name), value])
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return { ...Object.fromEntries(fields), _layers: [...this.#applied] };
  }

  /** The weights that training changes. */
  get trainableWeights(): Variable[] {
    return this.#trainable ? this.weights.filter((weight) => weight.trainable) : [];
  }

  /** The weights that training does not change: statistics, and those that are frozen. */
  get nonTrainableWeights(): Variable[] {
    const trained = new Set(this.trainableWeights);
    return this.weights.filter((weight) => !trained.has(weight));
  }

  /** {@link weights}, and the states of the random.SeedGenerators in its fields and those of the layers within. */
  get variables(): Variable[] {
    const states = this.flattened.flatMap((layer) =>
      [...collect(SeedGenerator, new Set(Object.values(layer)))].map(({ state }) => state),
    );
    return [...new Set([...this.weights, ...states])];
  }

  /** {@link variables}, and what layers remember from batch to batch besides. @internal */
  get changedVariables(): Variable[] {
    return [...this.variables, ...this.flattened.flatMap((layer) => layer.remembered)];
  }

  /** What it remembers from batch to batch besides its {@link variables}. @internal */
  protected get remembered(): readonly Variable[] {
    return [];
  }

  /** Those of the {@link variables} that training changes. */
  get trainableVariables(): Variable[] {
    return this.trainableWeights;
  }

  /** Those of the {@link variables} that training does not change. */
  get nonTrainableVariables(): Variable[] {
    const trained = new Set(this.trainableVariables);
    return this.variables.filter((variable) => !trained.has(variable));
  }

  /** Its name after those of the layers in whose `build` or `call` it was built, as `block/dense`; undefined before it is built. */
  get path(): string | undefined {
    return this.#path ?? (this.built ? this.name : undefined);
  }

  /** Itself and all layers within, each once. @internal */
  get flattened(): readonly Layer[] {
    const found = new Set<Layer>();
    const visit = (layer: Layer): void => {
      if (found.has(layer)) return;
      found.add(layer);
      layer.held().forEach(visit);
    };
    visit(this);
    return [...found];
  }

  /** Tells what a compiled step depends on: which layers there are, and what of them is trainable. @internal */
  get state(): string {
    const flag = ({ trainable }: { trainable: boolean }) => (trainable ? '+' : '-');
    return this.flattened
      .map((layer) => `${layer.#serial}.${layer.#revision}${flag(layer)}${layer.#learned.map(flag).join('')}`)
      .join();
  }

  /** Says that its calls do something else from now on: compiled steps are traced anew. For a layer that learns without weights. */
  protected callsChanged(): void {
    this.#revision++;
    stateChanged();
  }

  /**
   * What is added to the loss that compares predictions with targets: the regularizers of the weights that training changes, and
   * what layers added in their calls ({@link addLoss}, activity regularizers). float32 []. For use inside `compile`; `fit` and `evaluate`
   * add them by themselves.
   *
   * @throws EngineError `STATE` outside of `compile`.
   * @example
   *     const step = compile((x: Sym, y: Sym) => {
   *       const error = ops.mean(ops.square(ops.subtract(model.apply(x, { training: true }), y)));
   *       const loss = model.losses.reduce((sum, more) => ops.add(sum, more), error);
   *       return { loss, ...adam.minimize(loss, model.trainableWeights) };
   *     });
   */
  get losses(): readonly Sym[] {
    const trace = Trace.current;
    if (!trace) {
      throw new EngineError(
        'STATE',
        `[${this.name}] expected losses to be read inside compile(), where they are symbolic values`,
      );
    }
    const penalties = this.trainableWeights.flatMap((weight) =>
      weight.regularizer ? [weight.regularizer.call(trace.lift(weight))] : [],
    );
    return [...this.flattened.flatMap((layer) => layer.#losses.get(trace) ?? []), ...penalties];
  }

  /** Layers in its fields, in lists, records, Maps and Sets there too, and those that its calls apply. */
  protected get sublayers(): readonly Layer[] {
    return [...collect(Layer, new Set(Object.values(this))), ...this.#applied];
  }

  /** The sublayers; one that joins a layer that is not `trainable` is not either. */
  protected held(): readonly Layer[] {
    const { sublayers } = this;
    for (const layer of sublayers) {
      if (this.#joined.has(layer)) continue;
      this.#joined.add(layer);
      if (!this.#trainable) layer.trainable = false;
    }
    return sublayers;
  }

  /** Becomes a sublayer of the layer in whose `call` or `build` it is applied or built. */
  #joinOuter(): void {
    const outer = running.at(-1)?.layer;
    if (!outer || outer === this) return;
    if (!outer.sublayers.includes(this)) outer.#applied.add(this);
    outer.held();
  }

  /** How many numbers the weights hold. */
  countParams(): number {
    return this.weights.reduce((sum, weight) => sum + weight.size, 0);
  }

  /** Copies of the weights' numbers, in the order of {@link weights}. */
  async getWeights(): Promise<NDArray[]> {
    return numbersOf(this.weights);
  }

  /**
   * Overwrites the weights, in the order of {@link weights}: all, or none where one does not fit.
   *
   * @throws EngineError `ARGUMENT` for another count; `SHAPE` or `DTYPE` where one does not fit.
   */
  setWeights(values: readonly (NDArray | Tensor | TensorData)[]): void {
    const { weights } = this;
    const count = Array.isArray(values) ? values.length : undefined;
    if (count !== weights.length) {
      throw new EngineError(
        'ARGUMENT',
        `[setWeights] expected a list of ${weights.length} arrays for '${this.name}', received ${count ?? 'none'}`,
      );
    }
    assignAll(weights, values);
  }

  /**
   * Puts the numbers of its own weights, not those of layers within, into a record: `'0'`, `'1'`, … in the order in which they were added,
   * those that training may change first.
   */
  async saveOwnVariables(store: Record<string, NDArray>): Promise<void> {
    const made = await numbersOf(this.#own);
    made.forEach((values, i) => (store[i] = values));
  }

  /**
   * Takes the numbers of its own weights from a record, as {@link saveOwnVariables} makes it.
   *
   * @throws EngineError `ARGUMENT` for another number of weights; `SHAPE` or `DTYPE` where one does not fit.
   */
  loadOwnVariables(store: Readonly<Record<string, NDArray | Tensor | TensorData>>): void {
    const own = this.#own;
    if (
      !isPlainObject(store) ||
      Object.keys(store).length !== own.length ||
      own.some((_, i) => !(i in store))
    )
      throw expected(this.name, `a record of ${own.length} weights ('0', '1', …)`, store);
    assignAll(
      own,
      own.map((_, i) => store[i] as TensorData),
    );
  }

  get #own(): readonly Variable[] {
    return [...this.#learned, ...this.#fixed];
  }

  /**
   * An equal layer of what {@link getConfig} gives, with new weights.
   *
   * @throws EngineError `ARGUMENT` for unknown options.
   * @example layers.Dense.fromConfig(layers.dense({ units: 2 }).getConfig());
   */
  static fromConfig(config: Readonly<Record<string, unknown>>): Layer {
    const Class = this as unknown as new (options: unknown) => Layer;
    return new Class(config);
  }

  /** The arguments that make an equal layer. */
  override getConfig(): Record<string, unknown> {
    const { name, trainable } = this;
    const activityRegularizer = regularizerConfig(this.#activityRegularizer);
    return {
      ...{ name, trainable },
      ...(this.#dtype && { dtype: this.#dtype }),
      ...(!this.autocast && { autocast: false }),
      ...(activityRegularizer && { activityRegularizer }),
    };
  }

  /** What {@link buildFromConfig} takes; undefined of a layer that is not built. */
  getBuildConfig(): Record<string, unknown> | undefined {
    return this.#inputShape && { inputShape: this.#inputShape };
  }

  /** Builds the layer for the input of another one, as {@link getBuildConfig} gives it. */
  buildFromConfig(config: Readonly<Record<string, unknown>>): void {
    if (!isPlainObject(config)) throw expected(this.name, 'what getBuildConfig gives', config);
    const { inputShape } = config;
    if (inputShape !== undefined) this.build(inputShape as Shape);
  }

  /** The shape that comes out for a shape that goes in, the batch (-1) first. */
  computeOutputShape(inputShape: Shape | readonly Shape[]): Shape {
    const shapes = shapesOf(inputShape).map((shape) => shapeOf(this.name, shape, 'unknown'));
    this.ensureBuilt(shapes);
    return firstOf(this.outputsFor(shapes.map((shape) => ({ shape, dtype: 'float32' as const })))).shape;
  }

  /**
   * What comes out for outputs of layers, one or a list, without saying that the layer follows them in a model. Builds it first.
   *
   * @returns Shape and dtype; a list for several outputs.
   * @throws EngineError `ARGUMENT` for other input, `SHAPE` and `DTYPE` where the input does not fit.
   */
  computeOutputSpec(x: KerasTensor | readonly KerasTensor[]): KerasTensor | readonly KerasTensor[] {
    const inputs = listOf(x);
    if (inputs.length === 0 || inputs.some((input) => !(input instanceof KerasTensor)))
      throw expected(this.name, 'the output of another layer, or a list of such', x);
    checkInputs(this.name, this.inputSpec, inputs);
    this.ensureBuilt(inputs.map(({ shape }) => shape));
    const { outputs } = this.nodeFor(inputs);
    return outputs.length === 1 ? firstOf(outputs) : outputs;
  }

  /** Another name of {@link computeOutputSpec}. */
  symbolicCall(x: KerasTensor | readonly KerasTensor[]): KerasTensor | readonly KerasTensor[] {
    return this.computeOutputSpec(x);
  }

  /**
   * Applies the layer to symbolic values, inside `compile` or in the `call` of another layer. Builds it first.
   *
   * @param x The input, or a list where there are several.
   * @param context What it does not say is, in the `call` of another layer, as in that call; else `training` is false.
   * @returns Its output.
   * @throws EngineError `ARGUMENT` for other input, and for a layer or model with several outputs: {@link applyAll} returns them. `SHAPE` and
   *   `DTYPE` from the ops.
   * @example
   *     const dense = layers.dense({ units: 2 });
   *     const double = compile((x: Sym) => ops.multiply(dense.apply(x), 2));
   *     await double([[1, 2, 3]]);
   */
  apply(x: Sym | readonly Sym[], context?: Partial<CallContext>): Sym;
  /**
   * Applies the layer to what `layers.input` or other layers put out: says that it follows them in a model. Builds it first.
   *
   * @param x The input, or a list where there are several.
   * @param context Whether the call trains, whatever the model does; default as the model.
   * @returns Its output.
   * @throws EngineError `ARGUMENT` for other input, and for a layer or model with several outputs: {@link applyAll} returns them. `SHAPE` and
   *   `DTYPE` where the input does not fit.
   * @example
   *     const x = layers.input({ shape: [3] });
   *     const y = layers.dense({ units: 2 }).apply(x);
   *     const model = new Model({ inputs: x, outputs: y });
   */
  apply(x: KerasTensor | readonly KerasTensor[], context?: Omit<Partial<CallContext>, 'key'>): KerasTensor;
  apply(
    x: Sym | readonly Sym[] | KerasTensor | readonly KerasTensor[],
    context?: Partial<CallContext>,
  ): Sym | KerasTensor {
    const outputs: readonly (Sym | KerasTensor)[] = this.applyAll(x as Sym, context);
    if (outputs.length === 1) return firstOf(outputs);
    throw new EngineError(
      'ARGUMENT',
      `[${this.name}] expected one output in apply, received ${outputs.length}: applyAll gives all of them, in a list`,
    );
  }

  /** As {@link apply}, with all outputs in a list: for a layer that has several, such as an lstm with `returnState`. */
  applyAll(x: Sym | readonly Sym[], context?: Partial<CallContext>): readonly Sym[];
  /** As {@link apply}, with all outputs in a list: for a layer that has several, such as an lstm with `returnState`. */
  applyAll(
    x: KerasTensor | readonly KerasTensor[],
    context?: Omit<Partial<CallContext>, 'key'>,
  ): readonly KerasTensor[];
  applyAll(
    x: Sym | readonly Sym[] | KerasTensor | readonly KerasTensor[],
    context: Partial<CallContext> = {},
  ): readonly (Sym | KerasTensor)[] {
    const { contextNames: names } = this.constructor as typeof Layer;
    knownOptions(this.name, context, names);
    const list = (Array.isArray(x) ? [...(x as unknown[])] : [x]) as readonly (Sym | KerasTensor)[];
    if (list.length > 0 && list.every((item) => item instanceof Sym))
      return this.run(list, { training: false, ...running.at(-1)?.context, ...context });
    const inputs = list as readonly KerasTensor[];
    const wrong = inputs.some((input) => !(input instanceof KerasTensor));
    if (inputs.length === 0 || wrong) {
      const remedy = ': for numbers call predict of a model, or apply the layer inside compile()';
      throw new EngineError(
        'ARGUMENT',
        `[${this.name}] expected the output of another layer, or a list of such, received ${describe(x)}${remedy}`,
      );
    }
    const said = Object.entries(context).filter(([, value]) => value !== undefined);
    for (const [name, value] of said) boolean(this.name, name, value);
    return this.follow(inputs, said.length > 0 ? (Object.fromEntries(said) as CallOptions) : undefined);
  }

  /** @internal */
  override follow(inputs: readonly KerasTensor[], options?: CallOptions): readonly KerasTensor[] {
    checkInputs(this.name, this.inputSpec, inputs);
    this.ensureBuilt(inputs.map((input) => input.shape));
    return super.follow(inputs, options);
  }

  /** Calls the layer on symbolic values. @internal */
  run(inputs: readonly Sym[], context: CallContext): readonly Sym[] {
    this.#joinOuter();
    if (running.length === 0) Trace.current?.dependOn(this);
    checkInputs(this.name, this.inputSpec, inputs);
    this.ensureBuilt(inputs.map((input) => input.shape));
    return this.#named(() => {
      const masks = inputs.map(({ mask }) => mask);
      const call = () => this.within(context, () => this.call(taken(this, inputs), context));
      const { trace } = firstOf(inputs);
      const named = () => trace.withinLayer(this.name, call);
      const precision = this.#precision();
      const result = precision ? trace.withPrecision(precision, named) : named();
      checkSymbolic(this.name, 'from call', result);
      const outputs = result instanceof Sym ? [result] : result;
      passMasks(this, inputs, outputs, masks);
      const regularizer = this.#activityRegularizer;
      if (regularizer) for (const y of outputs) this.addLoss(perSample(regularizer.call(y), y));
      return outputs;
    });
  }

  /** Frees the weights' memory. */
  dispose(): void {
    for (const weight of this.weights) weight.dispose();
  }

  /** {@link dispose}, for `using`. */
  [dispose](): void {
    this.dispose();
  }

  /**
   * Adds to the loss of the step that is being traced; for use in `call`.
   *
   * @param loss float32 [].
   * @throws EngineError `SHAPE` where it is not one number, `DTYPE` where it is not float32.
   */
  protected addLoss(loss: Sym): void {
    if (!(loss instanceof Sym) || loss.rank > 0) {
      const received = loss instanceof Sym ? shapeText(loss.shape) : describe(loss);
      throw new EngineError(
        'SHAPE',
        `[${this.name}] expected one symbolic number in addLoss, received ${received}: take ops.sum or ops.mean of a loss for each sample`,
      );
    }
    if (loss.dtype !== 'float32')
      throw new EngineError('DTYPE', `[${this.name}] expected float32 in addLoss, received ${loss.dtype}`);
    if (loss.trace.inStep) {
      throw new EngineError(
        'STATE',
        `[${this.name}] expected no loss of a single step of a sequence, received one in addLoss: add it in the layer that holds the cell, or unroll that`,
      );
    }
    const known = this.#losses.get(loss.trace);
    if (known) known.push(loss);
    else this.#losses.set(loss.trace, [loss]);
  }

  /**
   * Adds a weight; for use in `build`.
   *
   * @throws EngineError `OUT_OF_MEMORY`, `ARGUMENT` for an unknown initializer, regularizer or constraint, `DTYPE` for a weight that training
   *   changes and that is not float32.
   */
  protected addWeight(options: WeightOptions): Variable {
    knownOptions('addWeight', options, addWeightNames);
    const { name, shape, initializer = 'glorotUniform', trainable = true } = options;
    const start: Initializer = initializerOf(initializer);
    claimWeight(this.name, shape);
    const regularizer = regularizerOf(options.regularizer);
    const constraint = constraintOf(options.constraint);
    const { dtype = 'float32', overwriteWithGradient = false } = options;
    if (trainable && dtype !== 'float32')
      throw new EngineError(
        'DTYPE',
        `[addWeight] expected float32 for '${name}', which training changes, received ${describe(dtype)}: set trainable to false`,
      );
    const drawn = start.tensor(shape);
    const first = dtype === 'float32' ? drawn : cast(drawn, dtype);
    const weight = new Variable(first, `${this.name}/${name}`, trainable && this.#trainable);
    weight.overwriteWithGradient = overwriteWithGradient;
    weight.regularizer = regularizer;
    weight.constraint = constraint;
    this.#joinOuter();
    (trainable ? this.#learned : this.#fixed).push(weight);
    return weight;
  }

  /** Another name of {@link addWeight}. */
  protected addVariable(options: WeightOptions): Variable {
    return this.addWeight(options);
  }

  /** Gives a weight of a layer within the place among {@link weights} of one that is added here. @internal */
  protected trackWeight(weight: Variable): void {
    this.#learned.push(weight);
  }

  /** @internal */
  protected ensureBuilt(shapes: readonly Shape[]): void {
    if (this.built) return;
    this.#named(() => {
      this.within(undefined, () => {
        this.build(taken(this, shapes));
      });
    });
    this.built = true;
  }

  /** What its ops compute in where it says so itself. */
  #precision(): 'float32' | 'bfloat16' | undefined {
    if (!this.autocast) return 'float32';
    return this.#dtype && computeDtype(this.#dtype);
  }

  /** Runs its `build`, `call` or a step of it: layers that are applied there are within this one. @internal */
  within<T>(context: Partial<CallContext> | undefined, body: () => T): T {
    running.push({ layer: this, context });
    try {
      return body();
    } finally {
      running.pop();
    }
  }

  /** Errors of ops tell which layer called them. */
  #named<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof EngineError) || error.message.startsWith(`[${this.name}]`)) throw error;
      throw new EngineError(error.code, `[${this.name}] ${error.message}`, { cause: error });
    }
  }
}

/** Whether a layer has its weights, or needs none. @internal */
export const isBuilt = (layer: Layer): boolean =>
  layer.built || (Object.getPrototypeOf(layer) as Layer).build === Layer.prototype.build;
