import { boolean, expected, isPlainObject, knownOptions, mismatch } from '../base/checks.js';
import { dispose } from '../base/disposable.js';
import { EngineError, describe, shapeText } from '../base/errors.js';
import { snakeCase } from '../base/kerasNames.js';
import { constraintOf } from '../constraints/registry.js';
import type { NDArray } from '../core/ndarray.js';
import { Operation } from '../core/operation.js';
import { stateChanged } from '../core/stateful.js';
import { Sym } from '../core/sym.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable, assignAll, numbersOf } from '../core/variable.js';
import type { Initializer } from '../initializers/initializer.js';
import { initializerOf } from '../initializers/registry.js';
import { cast } from '../ops/unary.js';
import { SeedGenerator } from '../random/seedGenerator.js';
import { regularizerOf } from '../regularizers/registry.js';
import { collect } from './collect.js';
import type { Layer } from './layer.js';
import { type WeightOptions, addWeightNames } from './layerOptions.js';
import { running } from './running.js';
import { claimWeight } from './weightLimit.js';

let made = 0;

/** What a layer holds: its weights, the layers within, and what these add to the loss. Layers alone extend it. */
export abstract class WeightHolder extends Operation implements Disposable {
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
  readonly #losses = new WeakMap<Trace, Sym[]>();

  constructor(name: string | undefined, trainable: boolean) {
    super(name);
    this.#trainable = trainable;
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

  /** Itself: layers alone extend the class. */
  get #layer(): Layer {
    return this as unknown as Layer;
  }

  /** Itself and all layers within, each once. @internal */
  get flattened(): readonly Layer[] {
    const found = new Set<Layer>();
    const visit = (layer: Layer): void => {
      if (found.has(layer)) return;
      found.add(layer);
      layer.held().forEach(visit);
    };
    visit(this.#layer);
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
    return [...collect(WeightHolder, new Set(Object.values(this))), ...this.#applied] as Layer[];
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

  /** Becomes a sublayer of the layer in whose `call` or `build` it is applied or built. @internal */
  protected joinOuter(): void {
    const outer = running.at(-1)?.layer;
    if (!outer || outer === this) return;
    if (!outer.sublayers.includes(this.#layer)) outer.#applied.add(this.#layer);
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
      throw mismatch(
        'setWeights',
        `a list of ${weights.length} arrays for '${this.name}'`,
        `${count ?? 'none'}`,
      );
    }
    assignAll(weights, values);
  }

  /**
   * Puts the numbers of the weights that it holds itself, not those of layers within, into a record: `'0'`, `'1'`, … in the order in which they were added,
   * those that training may change first.
   */
  async saveOwnVariables(store: Record<string, NDArray>): Promise<void> {
    const made = await numbersOf(this.#own);
    made.forEach((values, i) => (store[i] = values));
  }

  /**
   * Takes the numbers of the weights that it holds itself from a record, as {@link saveOwnVariables} makes it.
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
      throw mismatch(
        this.name,
        'one symbolic number in addLoss',
        `${received}: take ops.sum or ops.mean of a loss for each sample`,
        'SHAPE',
      );
    }
    if (loss.dtype !== 'float32') throw mismatch(this.name, 'float32 in addLoss', loss.dtype, 'DTYPE');
    if (loss.trace.inStep) {
      throw mismatch(
        this.name,
        'no loss of a single step of a sequence',
        'one in addLoss: add it in the layer that holds the cell, or unroll that',
        'STATE',
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
      throw mismatch(
        'addWeight',
        `float32 for '${name}', which training changes`,
        `${describe(dtype)}: set trainable to false`,
        'DTYPE',
      );
    const drawn = start.tensor(shape);
    const first = dtype === 'float32' ? drawn : cast(drawn, dtype);
    const weight = new Variable(first, `${this.name}/${name}`, trainable && this.#trainable);
    weight.overwriteWithGradient = overwriteWithGradient;
    weight.regularizer = regularizer;
    weight.constraint = constraint;
    this.joinOuter();
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
}
