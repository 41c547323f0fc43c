import { type OptionNames, expected, integer, integers } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import { HeadAttention, type HeadAttentionOptions } from './headAttention.js';

/** What `layers.multiHeadAttention` takes. */
export interface MultiHeadAttentionOptions extends HeadAttentionOptions {
  /** How many heads there are. */
  numHeads: number;
  /** The size of a head of query and key. */
  keyDim: number;
  /** The size of a head of the value. Default `keyDim`. */
  valueDim?: number | null;
  /** The sizes of a step that come out. Default: that of the query. */
  outputShape?: number | readonly number[] | null;
  /** The axes along which steps see positions. Default all between batch and features. */
  attentionAxes?: number | readonly number[] | null;
}

const DEFAULTS = defaultsOf<MultiHeadAttentionOptions>()({
  valueDim: null,
  outputShape: null,
  attentionAxes: null,
});

/** Attention with several heads: made by `layers.multiHeadAttention`, which says more. */
export class MultiHeadAttention extends HeadAttention<MultiHeadAttentionOptions & typeof DEFAULTS> {
  static override readonly optionNames = {
    ...HeadAttention.optionNames,
    numHeads: 'required',
    keyDim: 'required',
    valueDim: 'optional',
    outputShape: 'optional',
    attentionAxes: 'optional',
  } satisfies OptionNames<Omit<MultiHeadAttentionOptions, 'flashAttention'> & { flashAttention?: unknown }>;
  readonly className = 'MultiHeadAttention';
  protected readonly heads;

  constructor(options: MultiHeadAttentionOptions) {
    super(withDefaults(options, DEFAULTS));
    const { numHeads, keyDim, valueDim, outputShape, attentionAxes } = this.options;
    const who = 'multiHeadAttention';
    integer(who, 'numHeads', numHeads);
    const output = outputShape === null ? undefined : integers(who, 'outputShape', outputShape);
    for (const n of output ?? []) integer(who, 'outputShape', n);
    const axes = attentionAxes === null ? undefined : integers(who, 'attentionAxes', attentionAxes);
    if (axes?.length === 0 || axes?.includes(0))
      throw expected(who, 'axes between the batch and the features as attentionAxes', attentionAxes);
    this.heads = {
      ...{ heads: numHeads, keyHeads: numHeads, size: integer(who, 'keyDim', keyDim) },
      ...{ valueSize: integer(who, 'valueDim', valueDim ?? keyDim), output, axes },
    };
  }

  protected override checkShapes([query]: readonly [query: Shape, ...Shape[]]): void {
    const { axes } = this.heads;
    const isInside = (axis: number) =>
      (axis < 0 ? axis + query.length : axis) < query.length - 1 && axis > 1 - query.length;
    if (axes && !axes.every(isInside))
      throw expected(
        this.name,
        `attentionAxes between the batch and the features of an input of rank ${query.length}`,
        axes,
      );
  }

  override getConfig() {
    const { numHeads, keyDim, valueDim, outputShape, attentionAxes } = this.options;
    return {
      ...super.getConfig(),
      numHeads,
      keyDim,
      valueDim: valueDim ?? keyDim,
      outputShape,
      attentionAxes,
    };
  }
}

/**
 * Attention of several heads, each with separate projections: called with a list, query [n, steps, features], value [n, positions, …], by
 * default the value key [n, positions, …], and a mask that says what each step sees, bool [n, steps, positions], to [n, steps, features];
 * float32. Positions that masks of value or key leave out are not seen; the query's mask goes on. Inputs may have further axes.
 * Vaswani et al., 2017, https://arxiv.org/abs/1706.03762, https://keras.io/api/layers/attention_layers/multi_head_attention/
 *
 * Weights: kernel and bias of the layers query, key, (with `useGate`) gate, value and attentionOutput: [features, heads, size], [heads, size],
 * the last [heads, size, features], [features].
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers, a rate outside of [0, 1), flashAttention together with dropout or
 *   returnAttentionScores, another number of inputs; `SHAPE`, when applied, where these do not fit.
 * @example
 *     const words = layers.input({ shape: [-1, 16] });
 *     layers.multiHeadAttention({ numHeads: 2, keyDim: 8, useCausalMask: true }).apply([words, words]);
 */
export const multiHeadAttention = (options: MultiHeadAttentionOptions) => new MultiHeadAttention(options);
