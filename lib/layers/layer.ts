import {
  type OptionNames,
  boolean,
  expected,
  isPlainObject,
  knownOptions,
  knownOptionsOf,
  mismatch,
  shapeOf,
} from '../base/checks.js';
import { type DtypePolicy, checkPolicy, computeDtype, dtypePolicy } from '../core/dtypePolicy.js';
import { factoryName } from '../base/names.js';
import type { Compute, DType, Shape } from '../engine/engine.js';
import { EngineError, describe } from '../base/errors.js';
import { firstOf, listOf, oneOrAll, sizeOf } from '../base/list.js';
import type { Regularizer } from '../regularizers/regularizer.js';
import { regularizerConfig, regularizerOf } from '../regularizers/registry.js';
import { KerasTensor } from '../core/kerasTensor.js';
import type { CallContext, CallOptions, GivenMasks } from '../core/operation.js';
import { type Remat, currentRemat, rematerialized, rematerializedOnce } from '../core/remat.js';
import { Sym } from '../core/sym.js';
import { Trace } from '../core/trace.js';
import { copy } from '../ops/unary.js';
import { checkSymbolic } from './check.js';
import { shapesOf, taken } from './inputLists.js';
import { type InputSpec, checkInputs } from './inputSpec.js';
import { type Masks, checkedMask, passMasks, splitMasks, withMasks } from './masks.js';
import { perSample } from './perSample.js';
import { type ApplyOptions, type LayerOptions, type WeightOptions, contextNames } from './layerOptions.js';
import type { Quantizer } from './quantization.js';
import { running } from './running.js';
import { WeightHolder } from './weightHolder.js';

export type { ApplyOptions, CallContext, LayerOptions, WeightOptions };

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
export abstract class Layer extends WeightHolder {
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
  readonly #remat: Remat | undefined;
  readonly #activityRegularizer: Regularizer | undefined;
  #path: string | undefined;
  /** What it was built for. */
  #inputShape: Shape | readonly Shape[] | undefined;

  constructor(options: LayerOptions = {}) {
    if ((new.target as unknown) === Layer)
      throw expected('layer', 'a subclass with a method call', 'Layer itself');
    knownOptionsOf(new.target, options);
    super(options.name, options.trainable ?? true);
    const { dtype } = options;
    this.#dtype = dtype == null ? undefined : checkPolicy(factoryName(new.target.name), dtype as DtypePolicy);
    this.dtypePolicy = this.#dtype ?? dtypePolicy();
    this.autocast = options.autocast ?? true;
    this.#remat = currentRemat();
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
      throw mismatch(
        this.name,
        'apply, which builds the layer and tells it whether it trains',
        'call: write layer.apply(x)',
        'STATE',
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

  /** Its name after those of the layers in whose `build` or `call` it was built, as `block/dense`; undefined before it is built. */
  get path(): string | undefined {
    return this.#path ?? (this.built ? this.name : undefined);
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
    const inputs = [...listOf(x)]; // without holes, which some() leaves out
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
   * @param context What it does not say is, in the `call` of another layer, as in that call; else `training` is false. `mask`: which steps count.
   * @returns Its output.
   * @throws EngineError `ARGUMENT` for other input, a mask where the layer takes none, and for a layer or model with several outputs:
   *   {@link applyAll} returns them. `SHAPE` and `DTYPE` from the ops, `SHAPE` for a mask of another shape.
   * @example
   *     const dense = layers.dense({ units: 2 });
   *     const double = compile((x: Sym) => ops.multiply(dense.apply(x), 2));
   *     await double([[1, 2, 3]]);
   */
  apply(x: Sym | readonly Sym[], context?: ApplyOptions<Sym>): Sym;
  /**
   * Applies the layer to what `layers.input` or other layers put out: says that it follows them in a model. Builds it first.
   *
   * @param x The input, or a list where there are several.
   * @param context Whether the call trains, whatever the model does; default as the model. `mask`: which steps count.
   * @returns Its output.
   * @throws EngineError `ARGUMENT` for other input, a mask where the layer takes none, and for a layer or model with several outputs: {@link applyAll} returns them. `SHAPE` and
   *   `DTYPE` where the input does not fit.
   * @example
   *     const x = layers.input({ shape: [3] });
   *     const y = layers.dense({ units: 2 }).apply(x);
   *     const model = new Model({ inputs: x, outputs: y });
   */
  apply(
    x: KerasTensor | readonly KerasTensor[],
    context?: Omit<ApplyOptions<KerasTensor>, 'key'>,
  ): KerasTensor;
  apply(
    x: Sym | readonly Sym[] | KerasTensor | readonly KerasTensor[],
    context?: ApplyOptions<Sym> | ApplyOptions<KerasTensor>,
  ): Sym | KerasTensor {
    const outputs: readonly (Sym | KerasTensor)[] = this.applyAll(x as Sym, context as ApplyOptions<Sym>);
    if (outputs.length === 1) return firstOf(outputs);
    throw mismatch(
      this.name,
      'one output in apply',
      `${outputs.length}: applyAll gives all of them, in a list`,
    );
  }

  /** As {@link apply}, with all outputs in a list: for a layer that has several, such as an lstm with `returnState`. */
  applyAll(x: Sym | readonly Sym[], context?: ApplyOptions<Sym>): readonly Sym[];
  /** As {@link apply}, with all outputs in a list: for a layer that has several, such as an lstm with `returnState`. */
  applyAll(
    x: KerasTensor | readonly KerasTensor[],
    context?: Omit<ApplyOptions<KerasTensor>, 'key'>,
  ): readonly KerasTensor[];
  applyAll(
    x: Sym | readonly Sym[] | KerasTensor | readonly KerasTensor[],
    context: ApplyOptions<Sym> | ApplyOptions<KerasTensor> = {},
  ): readonly (Sym | KerasTensor)[] {
    const { contextNames: names } = this.constructor as typeof Layer;
    knownOptions(this.name, context, names);
    const { mask: given, ...others } = context;
    const list = (Array.isArray(x) ? [...(x as unknown[])] : [x]) as readonly (Sym | KerasTensor)[];
    if (list.length > 0 && list.every((item) => item instanceof Sym)) {
      const { all, ...mask } = withMasks(this.name, list, given, (item) => item instanceof Sym);
      return this.run(all, { training: false, ...running.at(-1)?.context, ...others, ...mask });
    }
    const inputs = list as readonly KerasTensor[];
    const wrong = inputs.some((input) => !(input instanceof KerasTensor));
    if (inputs.length === 0 || wrong) {
      const remedy = ': for numbers call predict of a model, or apply the layer inside compile()';
      throw mismatch(this.name, 'the output of another layer, or a list of such', `${describe(x)}${remedy}`);
    }
    const said = Object.entries(others).filter(([, value]) => value !== undefined);
    for (const [name, value] of said) boolean(this.name, name, value);
    const { all, ...mask } = withMasks(this.name, inputs, given, (item) => item instanceof KerasTensor);
    const options = { ...Object.fromEntries(said), ...mask } as CallOptions;
    return this.follow(all, Object.keys(options).length > 0 ? options : undefined);
  }

  /** @internal */
  override follow(all: readonly KerasTensor[], options?: CallOptions): readonly KerasTensor[] {
    const { inputs } = splitMasks(this.name, all, options?.['mask'] as GivenMasks | undefined);
    checkInputs(this.name, this.inputSpec, inputs);
    this.ensureBuilt(inputs.map((input) => input.shape));
    return super.follow(all, options);
  }

  /** Whether a call may give the masks of its inputs: by default where it knows what to do with them. @internal */
  get takesMask(): boolean {
    return this.supportsMasking;
  }

  /** Whether masks broadcast to the input from its last axis on; else they are of its first axes. @internal */
  get broadcastsMask(): boolean {
    return false;
  }

  /** Whether a call that gives one mask says that other inputs have none. @internal */
  protected get givesAllMasks(): boolean {
    return false;
  }

  /**
   * The mask of an input where a call gives one.
   *
   * @throws EngineError `SHAPE` where it does not fit the input.
   * @internal
   */
  protected givenMask(mask: Sym, input: Sym, _i: number): Sym {
    return checkedMask(this.name, mask, input.shape);
  }

  /** The inputs with the masks that the call gives, which are of the call alone. */
  #masked(all: readonly Sym[], given: GivenMasks | undefined): readonly Sym[] {
    const { inputs, masks } = splitMasks(this.name, all, given);
    if (masks.some((mask) => mask !== undefined) && !this.takesMask)
      throw expected(this.name, `no mask in a call of ${this.className}, which takes none`, 'one');
    return inputs.map((input, i) => {
      const mask = masks[i];
      if (mask === undefined && !(given && this.givesAllMasks)) return input;
      const own = copy(input);
      own.mask = mask && this.givenMask(mask, input, i);
      return own;
    });
  }

  /** Calls the layer on symbolic values. @internal */
  run(all: readonly Sym[], { mask, ...context }: CallContext & { mask?: GivenMasks }): readonly Sym[] {
    this.joinOuter();
    if (running.length === 0) Trace.current?.dependOn(this);
    const inputs = this.#masked(all, mask);
    checkInputs(this.name, this.inputSpec, inputs);
    this.ensureBuilt(inputs.map((input) => input.shape));
    return this.#named(() => {
      const masks = inputs.map(({ mask }) => mask);
      const call = () => this.within(context, () => this.call(taken(this, inputs), context));
      const { trace } = firstOf(inputs);
      const named = () => trace.withinLayer(this.name, call);
      const precision = this.#precision();
      const outputsOf = () => {
        const result = precision ? trace.withPrecision(precision, named) : named();
        checkSymbolic(this.name, 'from call', result);
        return result instanceof Sym ? [result] : result;
      };
      const outputs = this.#rematerialized(trace, outputsOf);
      passMasks(this, inputs, outputs, masks);
      const regularizer = this.#activityRegularizer;
      if (regularizer) for (const y of outputs) this.addLoss(perSample(regularizer.call(y), y));
      return outputs;
    });
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

  /** Its outputs, which their gradient computes anew where the layer was made in a `rematScope` that says so. */
  #rematerialized(trace: Trace, outputsOf: () => readonly Sym[]): readonly Sym[] {
    // Nothing is gained by computing all of a step anew.
    const remat = this.isModel && running.length === 0 ? undefined : this.#remat;
    if (remat?.mode === 'full' || (remat?.mode === 'listOfLayers' && remat.layerNames.includes(this.name)))
      return rematerializedOnce(trace, outputsOf);
    if (remat?.mode !== 'largerThan') return outputsOf();
    // A side that is not known yet is -1.
    const size = (ys: readonly Sym[]) => ys.reduce((sum, { shape }) => sum + Math.abs(sizeOf(shape)), 0);
    return rematerialized(trace, outputsOf, (ys) => size(ys) > remat.outputSizeThreshold);
  }

  /** What quantises it, in a layer that can be. @internal */
  get quantizer(): Quantizer | undefined {
    return undefined;
  }

  /** Whether it is a model. @internal */
  protected get isModel(): boolean {
    return false;
  }

  /** What its ops compute in where it says so itself. */
  #precision(): Compute | undefined {
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
