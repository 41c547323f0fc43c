import { factoryName } from '../base/names.js';
import { type OptionNames, integer } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import { typeOf } from '../core/apply.js';
import type { NDArray } from '../core/ndarray.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import * as ops from '../ops/index.js';
import { toIndices } from '../ops/toIndices.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import { type EmbeddingsOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What `layers.embedding` takes. */
export interface EmbeddingOptions extends LayerOptions, EmbeddingsOptions {
  /** How many ids there are: they go from 0 up to, not including, this. */
  inputDim: number;
  /** The length of the vector that stands for an id. */
  outputDim: number;
  /**
   * Whether 0 is padding, which layers, losses and metrics that follow leave out ({@link Layer.computeMask}); `inputDim` counts it. Default
   * false.
   */
  maskZero?: boolean;
  /** The vectors to begin with, [inputDim, outputDim], also as the one item of a list. Configurations do not keep them. Default `embeddingsInitializer`. */
  weights?: Vectors | readonly [Vectors] | null;
}

/** Numbers for a weight. */
type Vectors = NDArray | Tensor | TensorData;

const DEFAULTS = defaultsOf<EmbeddingOptions>()({ maskZero: false });

/** A vector for each id: made by `layers.embedding`, which says more. */
export class Embedding extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    inputDim: 'required',
    outputDim: 'required',
    maskZero: 'boolean',
    weights: 'optional',
    ...weightNames('embeddings'),
  } satisfies OptionNames<EmbeddingOptions>;
  readonly className: string = 'Embedding';
  override readonly supportsMasking: boolean;
  /** The options as given, and the defaults of the others. */
  readonly options: EmbeddingOptions & typeof DEFAULTS;
  protected embeddings!: Variable;

  constructor(options: EmbeddingOptions) {
    super(options);
    const who = factoryName(new.target.name);
    integer(who, 'inputDim', options.inputDim);
    integer(who, 'outputDim', options.outputDim);
    this.options = withDefaults(options, DEFAULTS);
    this.supportsMasking = this.options.maskZero;
  }

  override build(_shape: Shape): void {
    const { inputDim, outputDim } = this.options;
    this.embeddings = this.addWeight({
      ...{ name: 'embeddings', shape: [inputDim, outputDim] },
      ...weightOptions(this.options, 'embeddings'),
    });
    const { weights } = this.options;
    if (weights == null) return;
    const [first] = Array.isArray(weights) && weights.length === 1 ? (weights as readonly Vectors[]) : [];
    const isList = first !== undefined && typeof first === 'object' && typeOf(first).shape.length === 2;
    this.embeddings.assign(isList ? first : (weights as Vectors));
  }

  call(x: Sym, _context: CallContext): Sym {
    return ops.gather(this.embeddings, toIndices(x));
  }

  /** No: it makes the mask. @internal */
  override get takesMask(): boolean {
    return false;
  }

  override computeMask(ids: Sym): Sym | undefined {
    return this.options.maskZero ? ops.notEqual(ids, 0) : undefined;
  }

  override getConfig(): Record<string, unknown> {
    const { inputDim, outputDim, maskZero } = this.options;
    const embeddings = weightConfig(this.options, 'embeddings');
    return { ...super.getConfig(), inputDim, outputDim, maskZero, ...embeddings };
  }
}

/**
 * A vector for each id: [n, ...] to float32 [n, ..., outputDim], rows of a table. Ids are int32 or uint8; those of another dtype are
 * cast to int32. An id outside of the table fails with `ARGUMENT` when the step runs.
 * https://keras.io/api/layers/core_layers/embedding/
 *
 * Weights: embeddings [inputDim, outputDim].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers.
 * @example
 *     new Sequential([
 *       layers.input({ shape: [80], dtype: 'int32' }), // ids
 *       layers.embedding({ inputDim: 20000, outputDim: 8 }),
 *     ]);
 */
export const embedding = (options: EmbeddingOptions) => new Embedding(options);
