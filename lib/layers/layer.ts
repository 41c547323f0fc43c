import { NDArray } from '../data/ndarray.js';
import type { Shape } from '../engine.js';
import { EngineError } from '../errors.js';
import { type Initializer, type InitializerLike, initializerOf } from '../initializers/index.js';
import { uniqueName } from '../names.js';
import { Sym } from '../sym.js';
import type { Tensor, TensorData } from '../tensor.js';
import { Trace } from '../trace.js';
import { Variable } from '../variable.js';
import { KerasTensor, type LayerNode } from './kerasTensor.js';

/** What every layer takes. */
export interface LayerOptions {
  /** By default the kind of layer and a number. */
  name?: string;
  /** Whether training changes its weights. Default true. */
  trainable?: boolean;
}

/** How a layer is being called. */
export interface CallContext {
  /** Whether the call is part of a training step (dropout then drops). */
  readonly training: boolean;
  /** Whether this layer, or one that holds it, is not `trainable`. Default false. */
  readonly frozen?: boolean;
  /** The key of random ops in this step, int32 [2]; without one each trace has its own. */
  readonly key?: Sym;
}

/** What {@link Layer.addWeight} takes. */
export interface WeightOptions {
  name: string;
  shape: Shape;
  /** Default `glorotUniform`. */
  initializer?: InitializerLike;
  /** Default true. */
  trainable?: boolean;
}

/**
 * A function of tensors with weights of its own. A subclass writes `build`, which adds the weights once the input's shape is
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
 *         return ops.mul(x, this.#factor);
 *       }
 *     }
 */
export abstract class Layer implements Disposable {
  /** The kind of layer, in configurations and summaries. */
  abstract readonly className: string;
  trainable: boolean;
  built = false;
  #name: string | undefined;
  readonly #weights: Variable[] = [];

  constructor(options: LayerOptions = {}) {
    this.#name = options.name;
    this.trainable = options.trainable ?? true;
  }

  /** Its name within a model. */
  get name(): string {
    return (this.#name ??= uniqueName(kindOf(this.className)));
  }

  /**
   * Adds the weights. Called once, before the first call.
   *
   * @param _inputShape Of the input, the batch (-1) first; a list of shapes where there are several inputs.
   */
  build(_inputShape: Shape | readonly Shape[]): void {}

  /**
   * What the layer does, written with the ops.
   *
   * @param x The input, or a list where there are several.
   */
  abstract call(x: Sym | readonly Sym[], context: CallContext): Sym | readonly Sym[];

  /** All its weights, those of layers in its fields included. */
  get weights(): Variable[] {
    return [...this.#weights, ...this.sublayers.flatMap((layer) => layer.weights)];
  }

  /** The weights that training changes. */
  get trainableWeights(): Variable[] {
    if (!this.trainable) return [];
    const own = this.#weights.filter((weight) => weight.trainable);
    return [...own, ...this.sublayers.flatMap((layer) => layer.trainableWeights)];
  }

  /** Layers in its fields. */
  protected get sublayers(): readonly Layer[] {
    return Object.values(this).flatMap((value: unknown) =>
      (Array.isArray(value) ? (value as unknown[]) : [value]).filter((item) => item instanceof Layer),
    );
  }

  /** How many numbers the weights hold. */
  countParams(): number {
    return this.weights.reduce((sum, weight) => sum + weight.size, 0);
  }

  /** Copies of the weights' numbers, in the order of {@link weights}. */
  async getWeights(): Promise<NDArray[]> {
    return Promise.all(
      this.weights.map(async (weight) => new NDArray(await weight.data(), weight.shape, weight.dtype)),
    );
  }

  /**
   * Overwrites the weights, in the order of {@link weights}.
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
    weights.forEach((weight, i) => {
      weight.assign(values[i]);
    });
  }

  /** The arguments that make an equal layer. */
  getConfig(): Record<string, unknown> {
    return { name: this.name, trainable: this.trainable };
  }

  /** The shape that comes out for a shape that goes in, the batch (-1) first. */
  computeOutputShape(inputShape: Shape | readonly Shape[]): Shape {
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as readonly Shape[];
    this.ensureBuilt(shapes);
    return this.#outputs(shapes.map((shape) => ({ shape, dtype: 'float32' as const })))[0].shape;
  }

  /** Applies the layer to the outputs of others, or inside `compile` to symbolic values, with its single output. */
  apply(x: Sym | readonly Sym[], context?: CallContext): Sym;
  apply(x: KerasTensor | readonly KerasTensor[]): KerasTensor;
  apply(
    x: Sym | readonly Sym[] | KerasTensor | readonly KerasTensor[],
    context: CallContext = { training: false },
  ): Sym | KerasTensor {
    const list = (Array.isArray(x) ? x : [x]) as readonly (Sym | KerasTensor)[];
    if (list.length > 0 && list.every((item) => item instanceof Sym)) return this.run(list, context)[0];
    return this.applyAll(list as readonly KerasTensor[])[0];
  }

  /** As {@link apply}, with all outputs of a layer that has several. */
  applyAll(x: KerasTensor | readonly KerasTensor[]): readonly KerasTensor[] {
    const inputs = (Array.isArray(x) ? x : [x]) as readonly KerasTensor[];
    const wrong = inputs.some((input) => !(input instanceof KerasTensor));
    if (inputs.length === 0 || wrong) {
      throw new EngineError(
        'ARGUMENT',
        `[${this.name}] expected the output of another layer, or a list of such, received ${inputs.length === 0 ? 'none' : 'something else'}`,
      );
    }
    this.ensureBuilt(inputs.map((input) => input.shape));
    const outputs: KerasTensor[] = [];
    const node: LayerNode = { layer: this, inputs, outputs };
    for (const { shape, dtype } of this.#outputs(inputs)) outputs.push(new KerasTensor(node, shape, dtype));
    return outputs;
  }

  /** Calls the layer on symbolic values. @internal */
  run(inputs: readonly Sym[], context: CallContext): readonly Sym[] {
    this.ensureBuilt(inputs.map((input) => input.shape));
    return this.#named(() => {
      const own = this.trainable ? context : { ...context, frozen: true };
      const result = this.call(inputs.length === 1 ? inputs[0] : inputs, own);
      return result instanceof Sym ? [result] : result;
    });
  }

  /** Frees the weights' memory. */
  dispose(): void {
    for (const weight of this.weights) weight.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Adds a weight; for use in `build`.
   *
   * @throws EngineError `OUT_OF_MEMORY`, `ARGUMENT` for an unknown initializer.
   */
  protected addWeight(options: WeightOptions): Variable {
    const { name, shape, initializer = 'glorotUniform', trainable = true } = options;
    const made: Initializer = initializerOf(initializer);
    const weight = new Variable(made.tensor(shape), `${this.name}/${name}`, trainable);
    this.#weights.push(weight);
    return weight;
  }

  /** @internal */
  protected ensureBuilt(shapes: readonly Shape[]): void {
    if (this.built) return;
    this.#named(() => {
      this.build(shapes.length === 1 ? shapes[0] : shapes);
    });
    this.built = true;
  }

  /** The outputs' types, from a call in a graph that is thrown away: the engine is the one truth about shapes. */
  #outputs(inputs: readonly Pick<KerasTensor, 'shape' | 'dtype'>[]): readonly Sym[] {
    const trace = new Trace();
    const syms = inputs.map(({ dtype, shape }, i) => trace.input(dtype, shape, `input ${i}`));
    return trace.within(() => this.run(syms, { training: false }));
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

/** Conv2D becomes conv2d, MaxPooling2D maxPooling2d, as the functions that make them are called. */
const kindOf = (className: string): string =>
  className.charAt(0).toLowerCase() + className.slice(1).replace(/\dD$/, (end) => end.toLowerCase());
