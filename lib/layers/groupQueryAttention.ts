import { type OptionNames, expected, integer, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { HeadAttention, type HeadAttentionOptions } from './headAttention.js';

/** What `layers.groupQueryAttention` takes. */
export interface GroupQueryAttentionOptions extends HeadAttentionOptions {
  /** The size of a head. */
  headDim: number;
  /** How many heads the query has. */
  numQueryHeads: number;
  /** How many heads key and value have: it divides `numQueryHeads`. */
  numKeyValueHeads: number;
}

/** Attention whose heads share keys and values: made by `layers.groupQueryAttention`, which says more. */
export class GroupQueryAttention extends HeadAttention<GroupQueryAttentionOptions> {
  static override readonly optionNames = {
    ...HeadAttention.optionNames,
    headDim: 'required',
    numQueryHeads: 'required',
    numKeyValueHeads: 'required',
  } satisfies OptionNames<Omit<GroupQueryAttentionOptions, 'flashAttention'> & { flashAttention?: unknown }>;
  readonly className = 'GroupQueryAttention';
  protected readonly heads;

  constructor(options: GroupQueryAttentionOptions) {
    super(options);
    const who = 'groupQueryAttention';
    const { headDim, numQueryHeads, numKeyValueHeads } = options;
    for (const [name, n] of Object.entries({ headDim, numQueryHeads, numKeyValueHeads }))
      integer(who, name, n);
    if (numQueryHeads % numKeyValueHeads !== 0)
      throw expected(
        who,
        `numKeyValueHeads that divide the ${numQueryHeads} of numQueryHeads`,
        numKeyValueHeads,
      );
    this.heads = { heads: numQueryHeads, keyHeads: numKeyValueHeads, size: headDim, valueSize: headDim };
  }

  protected override checkShapes(shapes: readonly Shape[]): void {
    for (const shape of shapes)
      if (shape.length !== 3) throw wrongShape(this.name, 'inputs of rank 3 [n, steps, features]', shape);
  }

  /** Keras has other names for the class and its attributes than for its arguments. @internal */
  override get savedFields() {
    const fields = Object.entries(super.savedFields);
    return Object.fromEntries(
      fields.map(([name, value]) => [name.endsWith('_dense') ? `_${name}` : name, value]),
    );
  }

  override getConfig() {
    const { headDim, numQueryHeads, numKeyValueHeads } = this.options;
    return { ...super.getConfig(), headDim, numQueryHeads, numKeyValueHeads };
  }
}

/**
 * As `layers.multiHeadAttention`, with fewer heads of key and value, each for as many neighbouring heads of the query. Ainslie et al., 2023,
 * https://arxiv.org/abs/2305.13245, https://keras.io/api/layers/attention_layers/group_query_attention/
 *
 * Weights: those of `layers.multiHeadAttention`.
 *
 * @throws EngineError as `layers.multiHeadAttention`; `ARGUMENT` where the heads of key and value do not divide those of the query.
 * @example
 *     const words = layers.input({ shape: [-1, 16] });
 *     layers.groupQueryAttention({ headDim: 8, numQueryHeads: 4, numKeyValueHeads: 2 }).apply([words, words]);
 */
export const groupQueryAttention = (options: GroupQueryAttentionOptions) => new GroupQueryAttention(options);
