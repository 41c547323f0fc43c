import { type OptionNames, oneOf, positive } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { computeDtype } from '../core/dtypePolicy.js';
import type { Shape } from '../engine/engine.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import * as ops from '../ops/index.js';
import { affine } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { Embedding, type EmbeddingOptions } from './embedding.js';
import type { CallContext } from './layer.js';
import { contextNames } from './layerOptions.js';
import { weightOptions } from './weightOptions.js';

/** What `layers.reversibleEmbedding` takes. */
export interface ReversibleEmbeddingOptions extends EmbeddingOptions {
  /** Whether the way back multiplies by the transposed table, instead of a weight for itself. Default true. */
  tieWeights?: boolean;
  /** The bound c of the numbers on the way back, which become c · tanh(numbers / c). Default none. */
  logitSoftCap?: number | null;
  /** What the way back multiplies in, whatever the layer's own dtype is: its numbers stay float32. Default null: as the layer. */
  reverseDtype?: 'float32' | 'bfloat16' | null;
}

const DEFAULTS = defaultsOf<ReversibleEmbeddingOptions>()({
  tieWeights: true,
  logitSoftCap: null,
  reverseDtype: null,
});

/** How a {@link ReversibleEmbedding} is being called. */
export interface ReversibleContext extends CallContext {
  /** Whether it goes back, from vectors to ids. Default false. */
  readonly reverse?: boolean;
}

/** A vector for each id, and back: made by `layers.reversibleEmbedding`, which says more. */
export class ReversibleEmbedding extends Embedding {
  static override readonly optionNames = {
    ...Embedding.optionNames,
    tieWeights: 'boolean',
    logitSoftCap: 'optional',
    reverseDtype: 'optional',
  } satisfies OptionNames<ReversibleEmbeddingOptions>;
  static override readonly contextNames = { ...contextNames, reverse: 'boolean' } satisfies OptionNames<
    Partial<ReversibleContext>
  >;
  override readonly className: string = 'ReversibleEmbedding';
  declare readonly options: ReversibleEmbeddingOptions & Embedding['options'] & typeof DEFAULTS;
  #reverse: Variable | undefined;

  constructor(options: ReversibleEmbeddingOptions) {
    super(withDefaults(options, DEFAULTS));
    const { logitSoftCap, reverseDtype } = options;
    if (logitSoftCap != null) positive('reversibleEmbedding', 'logitSoftCap', logitSoftCap);
    if (reverseDtype != null)
      oneOf('reversibleEmbedding', 'reverseDtype', reverseDtype, ['float32', 'bfloat16']);
  }

  override build(shape: Shape): void {
    super.build(shape);
    const { inputDim, outputDim, tieWeights } = this.options;
    if (tieWeights) return;
    const { initializer } = weightOptions(this.options, 'embeddings');
    this.#reverse = this.addWeight({ name: 'reverseEmbeddings', shape: [outputDim, inputDim], initializer });
  }

  override call(x: Sym, context: ReversibleContext): Sym {
    if (context.reverse !== true) {
      const y = super.call(x, context);
      y.mask = super.computeMask(x);
      return y;
    }
    const { logitSoftCap: cap, reverseDtype } = this.options;
    const back = () => {
      const kernel = this.#reverse ?? ops.transpose(x.trace.lift(this.embeddings));
      return affine<Sym, Sym | Variable>(x, kernel, undefined);
    };
    const precision = reverseDtype && computeDtype(reverseDtype === 'bfloat16' ? 'mixedBfloat16' : 'float32');
    const logits = precision ? x.trace.withPrecision(precision, back) : back();
    return cap == null ? logits : ops.multiply(ops.tanh(ops.divide(logits, cap)), cap);
  }

  /** None: calls with ids give their outputs masks. */
  override computeMask(_ids: Sym): Sym | undefined {
    return undefined;
  }

  override apply(x: Sym | readonly Sym[], context?: Partial<ReversibleContext>): Sym;
  override apply(x: KerasTensor | readonly KerasTensor[], context?: Partial<ReversibleContext>): KerasTensor;
  override apply(x: never, context?: Partial<ReversibleContext>): never {
    return super.apply(x, context) as never;
  }

  override getConfig() {
    const { tieWeights, logitSoftCap, reverseDtype } = this.options;
    return { ...super.getConfig(), tieWeights, logitSoftCap, reverseDtype };
  }
}

/**
 * A vector for each id, and back: ids [n, ...] to float32 [n, ..., outputDim] as `layers.embedding`; called with `reverse: true`, vectors
 * [n, ..., outputDim] to a number for each id, float32 [n, ..., inputDim]: their products with the vectors of the table. Press and Wolf,
 * 2016. https://keras.io/api/layers/core_layers/reversible_embedding/
 *
 * Weights, in order: embeddings [inputDim, outputDim]; with `tieWeights: false` reverseEmbeddings [outputDim, inputDim].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers; `SHAPE`, when applied, for vectors of another length.
 * @example
 *     const words = layers.reversibleEmbedding({ inputDim: 100, outputDim: 8 });
 *     const ids = layers.input({ shape: [10], dtype: 'int32' });
 *     const logits = words.apply(words.apply(ids), { reverse: true }); // [n, 10, 100]
 */
export const reversibleEmbedding = (options: ReversibleEmbeddingOptions) => new ReversibleEmbedding(options);
