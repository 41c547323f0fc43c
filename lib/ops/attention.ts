import { type OptionNames, expected, finite, knownOptions, positive, wrongShape } from '../base/checks.js';
import { atLeast, mapTuple } from '../base/list.js';
import { type Operand, type Outcome, apply, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import { add, divide, multiply } from './binary.js';
import { asBool } from './asBool.js';
import { causalMask, maskedSoftmax, repeatedHeads } from './attentionParts.js';
import { einsum } from './einsum.js';
import { tanh } from './unary.js';

/** What `ops.dotProductAttention` takes. */
export interface DotProductAttentionOptions<T extends Operand = Operand> {
  /** Added to the scores: float32 that broadcasts to [n, heads, steps, positions]. Default none. */
  bias?: T | null;
  /** What each step sees: bool that broadcasts to [n, heads, steps, positions]. Default all. */
  mask?: T | null;
  /** What the scores are multiplied by. Default 1 / √(size of a head). */
  scale?: number | null;
  /** Whether a step sees no positions after its own. Default false. */
  isCausal?: boolean;
  /** Taken as in Keras, and changes nothing: there is one algorithm. */
  flashAttention?: boolean | null;
  /** Scores go to cap · tanh(scores / cap), a positive number. Default none. */
  attnLogitsSoftCap?: number | null;
}

const names = {
  bias: 'optional',
  mask: 'optional',
  scale: 'optional',
  isCausal: 'boolean',
  flashAttention: 'optional',
  attnLogitsSoftCap: 'optional',
} satisfies Record<keyof OptionNames<DotProductAttentionOptions>, string>;

/**
 * softmax(query · keyᵀ · scale + bias) · value for each head. Vaswani et al., 2017, https://arxiv.org/abs/1706.03762,
 * https://keras.io/api/ops/nn/#dot_product_attention-function
 *
 * @param query float32 [n, steps, heads, size].
 * @param key float32 [n, positions, heads, size]; of fewer heads, each serves as many neighbouring heads of the query.
 * @param value float32 [n, positions, heads, size], of as many heads as the key.
 * @returns float32 [n, steps, heads, size], the size that of the value.
 * @throws EngineError `SHAPE` where these do not fit; `ARGUMENT` for numbers that are none.
 * @example
 *     const x = ops.randomNormal([2, 6, 4, 8]); // 2 sequences of 6 steps, 4 heads
 *     ops.dotProductAttention(x, x, x, { isCausal: true });
 */
export const dotProductAttention = op(
  'dotProductAttention',
  <T extends Operand>(
    query: T,
    key: T,
    value: T,
    options: DotProductAttentionOptions<T> = {},
  ): Outcome<T> => {
    knownOptions('dotProductAttention', options, names);
    const { bias, mask, scale, isCausal = false, flashAttention, attnLogitsSoftCap: cap } = options;
    if (flashAttention != null && typeof flashAttention !== 'boolean')
      throw expected('dotProductAttention', 'true, false or null for flashAttention', flashAttention);
    const [heads, size] = headsOf(query, key, value);
    const factor = scale == null ? 1 / Math.sqrt(size) : finite('dotProductAttention', 'scale', scale);
    const [keys, values] = mapTuple([key, value], (given) => repeatedHeads(given, heads));
    const seen = mask == null ? undefined : asBool(mask);
    if (cap == null) {
      const operands = [query, keys, values, bias, seen].filter((operand) => operand != null);
      const attrs = { scale: factor, isCausal, bias: bias != null, mask: seen !== undefined };
      return apply('dotProductAttention', operands, attrs, 'float32') as Outcome<T>;
    }
    positive('dotProductAttention', 'attnLogitsSoftCap', cap);
    const products = einsum('btnh,bsnh->bnts', multiply(query, factor), keys);
    const capped = multiply(tanh(divide(products, cap)), cap);
    const scores = bias == null ? capped : add(capped, bias);
    const masks = [seen, isCausal ? causalMask(query, key) : undefined].filter((each) => each !== undefined);
    return einsum('bnts,bsnh->btnh', maskedSoftmax(scores, masks), values) as Outcome<T>;
  },
);

/** How many heads the query has, and their size. */
function headsOf(query: Operand, key: Operand, value: Operand): [heads: number, size: number] {
  const [queryShape, keyShape, valueShape] = mapTuple([query, key, value], (given) => {
    const { shape } = typeOf(given);
    if (shape.length === 4) return atLeast(shape, 4);
    const what = 'query, key and value of rank 4 [n, steps, heads, size]';
    throw wrongShape('dotProductAttention', what, shape);
  });
  const [, , heads, size] = queryShape;
  const [, , keyHeads] = keyShape;
  const [, , valueHeads] = valueShape;
  if (heads < 1 || keyHeads < 1 || heads % keyHeads !== 0 || valueHeads !== keyHeads)
    throw wrongShape(
      'dotProductAttention',
      `key and value of as many heads, which divide the ${heads} of the query,`,
      valueHeads === keyHeads ? keyShape : valueShape,
    );
  if (size < 1) throw wrongShape('dotProductAttention', 'a known size of heads', queryShape);
  return [heads, size];
}
