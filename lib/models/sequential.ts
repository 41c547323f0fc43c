import { type OptionNames, expected, mismatch } from '../base/checks.js';
import { type CustomObjects, withCustomObjects } from '../base/customObjects.js';
import { firstOf } from '../base/list.js';
import type { ObjectConfig } from '../base/registry.js';
import { InputLayer } from '../layers/input.js';
import { KerasTensor } from '../core/kerasTensor.js';
import type { Operation } from '../core/operation.js';
import { Layer } from '../layers/layer.js';
import { layerConfig, layerFromConfig, layerRegistry, revived } from '../layers/registry.js';
import { withSeed } from '../core/seed.js';
import { checkConfig } from './config.js';
import { nameTaken } from './layerGraph.js';
import { Model } from './model.js';
import type { ModelBaseOptions } from './modelOptions.js';

/** What a Sequential takes after its layers. */
export interface SequentialOptions extends ModelBaseOptions {
  /** An integer that decides the first weights, whatever was drawn before. Default: that of `setSeed`, else random. */
  seed?: number;
}

const sequentialNames = {
  ...Layer.optionNames,
  dtypePolicy: 'optional',
  seed: 'optional',
} satisfies OptionNames<SequentialOptions>;

/**
 * One layer after the other. Without `layers.input` at its head it takes the shape of the first data that it sees.
 * https://keras.io/api/models/sequential/
 *
 * @example
 *     const model = new Sequential([
 *       layers.input({ shape: [4] }),
 *       layers.dense({ units: 8, activation: 'relu' }),
 *       layers.dense({ units: 3, activation: 'softmax' }),
 *     ]);
 */
export class Sequential extends Model {
  static override readonly optionNames = sequentialNames as typeof Layer.optionNames;
  override readonly className = 'Sequential';
  readonly #stack: Layer[] = [];
  readonly #seed: number | undefined;
  #input: InputLayer | undefined;
  /** What comes out of the layers that are connected, each once. */
  readonly #tensors: KerasTensor[] = [];
  /** The layers that are connected, and the input's. */
  readonly #named = new Map<string, Layer>();

  constructor(stack: readonly (Layer | KerasTensor)[] = [], options: SequentialOptions = {}) {
    const given: unknown = stack;
    if (!Array.isArray(given)) {
      throw expected(
        'Sequential',
        'a list of layers and then options, as in ([layers.input(…), …], { name: … })',
        stack,
      );
    }
    super(options);
    this.#seed = options.seed;
    withSeed(this.#seed, () => {
      for (const item of stack) this.#push(item);
      this.#connect();
    });
  }

  override get layers(): readonly Layer[] {
    return this.#stack;
  }

  override get operations(): readonly Operation[] {
    return this.#stack;
  }

  /**
   * Adds a layer at the end.
   *
   * @throws EngineError where it does not fit; the model then is what it was.
   */
  add(layer: Layer | KerasTensor): void {
    const head = this.#input;
    const { length } = this.#stack;
    const connected = this.#tensors.length;
    try {
      this.#push(layer);
      this.#connect();
    } catch (error) {
      this.#input = head;
      this.#stack.length = length;
      this.#tensors.length = connected;
      this.#named.clear();
      throw error;
    }
  }

  /**
   * Takes the last layer away. https://keras.io/api/models/sequential/#pop-method
   *
   * @returns The layer, with its weights.
   * @throws EngineError `STATE` where there is none.
   */
  pop(): Layer {
    const layer = this.#stack.pop();
    if (!layer) throw mismatch(this.name, 'a layer to pop', 'none', 'STATE');
    if (!this.#stack.includes(layer)) this.#named.delete(layer.name);
    this.#tensors.length = Math.min(this.#tensors.length, this.#stack.length);
    if (this.#tensors.length > 0) this.connect([this.#input!.output], this.#tensors.slice(-1));
    else if (this.isConnected) this.disconnect();
    return layer;
  }

  protected override connectTo(inputs: readonly KerasTensor[]): void {
    if (inputs.length > 1) {
      throw expected(this.name, 'one input, since a Sequential has no more', inputs.length);
    }
    if (this.#stack.length === 0) return;
    this.#input = headOf(firstOf(inputs));
    withSeed(this.#seed, () => {
      this.#connect();
    });
  }

  override getConfig(): Record<string, unknown> {
    const head = this.#input ? [this.#input] : [];
    return { ...this.ownConfig(), layers: [...head, ...this.#stack].map(layerConfig) };
  }

  static override fromConfig(config: Record<string, unknown>, customObjects: CustomObjects = {}): Sequential {
    checkConfig(config, ['layers']);
    const { layers, ...rest } = config as unknown as SequentialOptions & { layers: readonly ObjectConfig[] };
    return withCustomObjects('fromConfig', customObjects, () => {
      const stack = layers.map((item) => {
        const layer = layerFromConfig(item);
        return layer instanceof InputLayer ? layer.output : layer;
      });
      return new this(stack, revived(rest));
    });
  }

  #push(item: Layer | KerasTensor): void {
    if (item instanceof KerasTensor) {
      if (this.#input || this.#stack.length > 0) {
        throw mismatch('Sequential', 'layers.input only at the head', 'it after a layer');
      }
      this.#input = headOf(item);
    } else if ((item as unknown) === this) {
      throw mismatch('Sequential', 'layers without a circle', `'${this.name}', which would lead to itself`);
    } else if (item instanceof Layer) {
      this.#stack.push(item);
    } else {
      throw expected('Sequential', 'a layer', item);
    }
  }

  #outputOf(layer: Layer, input: KerasTensor): KerasTensor {
    const outputs = layer.applyAll(input);
    if (outputs.length === 1) return firstOf(outputs);
    throw mismatch(
      'Sequential',
      'layers with one output each',
      `'${layer.name}' with ${outputs.length}: describe the net with Model`,
    );
  }

  #claimName(layer: Layer): void {
    const { name } = layer;
    const other = this.#named.get(name);
    if (other && other !== layer) throw nameTaken(name);
    this.#named.set(name, layer);
  }

  #connect(): void {
    if (!this.#input || this.#stack.length === 0) return;
    const { length } = this.#tensors;
    const known = this.#named.size > 0 ? length : 0;
    if (known === 0) this.#claimName(this.#input);
    for (const layer of this.#stack.slice(known)) this.#claimName(layer);
    for (const layer of this.#stack.slice(length))
      this.#tensors.push(this.#outputOf(layer, this.#tensors.at(-1) ?? this.#input.output));
    this.connect([this.#input.output], this.#tensors.slice(-1));
  }
}

function headOf(tensor: KerasTensor): InputLayer {
  const { operation } = tensor.node;
  if (operation instanceof InputLayer) return operation;
  throw mismatch('Sequential', 'a layer or layers.input', `the output of '${operation.name}'`);
}

layerRegistry.add('Sequential', Sequential);
