import { factoryName } from '../base/names.js';
import { type OptionNames, expected, fraction, oneOf, seedOf, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { atLeast } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { causalMask } from '../ops/attentionParts.js';
import { dropped } from '../ops/noiseShape.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { drawing } from './drawing.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import { checkedMask } from './masks.js';
import { MultiInputLayer } from './multiInputLayer.js';

/** What `layers.attention` and `layers.additiveAttention` take. */
export interface BaseAttentionOptions extends LayerOptions {
  /** Whether scores are multiplied by a weight. Default false; of additiveAttention true. */
  useScale?: boolean;
  /** The share of the attention weights that are dropped while training, from 0 to 1. Default 0. */
  dropout?: number;
  /** An integer that decides which are dropped, whatever the seed of the training. Default none. */
  seed?: number | null;
  /** Whether the scores come out too, [n, steps, positions], as a second output: {@link Layer.applyAll}. Keras's argument of the call. Default false. */
  returnAttentionScores?: boolean;
  /** Whether a step sees no positions after its own. Keras's argument of the call. Default false. */
  useCausalMask?: boolean;
}

/** What `layers.attention` takes. */
export interface AttentionOptions extends BaseAttentionOptions {
  /** How a query and a key make a score: their product, or the sum of tanh(query + key) times a weight. Default `dot`. */
  scoreMode?: 'dot' | 'concat';
}

const BASE_DEFAULTS = defaultsOf<BaseAttentionOptions>()({
  dropout: 0,
  seed: null,
  returnAttentionScores: false,
  useCausalMask: false,
});

/** What the attention layers share that have no projections. A subclass says what the scores are. */
export abstract class BaseAttention<
  O extends BaseAttentionOptions = BaseAttentionOptions,
> extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    useScale: 'boolean',
    dropout: 'optional',
    seed: 'optional',
    returnAttentionScores: 'boolean',
    useCausalMask: 'boolean',
  } satisfies OptionNames<BaseAttentionOptions>;
  /** The options as given, and the defaults of the others. */
  readonly options: O & typeof BASE_DEFAULTS;
  readonly #dropout: number;
  readonly #seed: number | undefined;

  constructor(options: O) {
    super(options);
    const who = factoryName(new.target.name);
    this.options = withDefaults(options, BASE_DEFAULTS);
    const { dropout, seed } = this.options;
    this.#dropout = fraction(who, 'dropout', dropout);
    this.#seed = seed === null ? undefined : seedOf(who, seed);
  }

  /** query [n, steps, features] and key [n, positions, features] to [n, steps, positions]. */
  protected abstract scores(query: Sym, key: Sym): Sym;

  override build(shapes: readonly [Shape, ...Shape[]]): void {
    checkCount(this.name, shapes.length);
    for (const shape of shapes)
      if (shape.length !== 3) throw wrongShape(this.name, 'inputs of rank 3 [n, steps, features]', shape);
  }

  call(inputs: readonly Sym[], { training, key: drawKey }: CallContext): Sym | readonly Sym[] {
    checkCount(this.name, inputs.length);
    const [query, value, key = value] = atLeast(inputs, 2);
    const seen = this.#seen(query, key, value.mask);
    const scores = this.scores(query, key);
    // Keras's way: what is not seen is still told apart where nothing is.
    const weights = ops.softmax(seen ? ops.where(seen, scores, ops.subtract(scores, 1e9)) : scores);
    const drawn =
      training && this.#dropout > 0
        ? dropped(weights, weights, { rate: this.#dropout, ...drawing(weights, drawKey, this.#seed) })
        : weights;
    const sum = ops.matmul(drawn, value);
    const output = query.mask ? ops.where(ops.expandDims(query.mask, -1), sum, 0) : sum;
    return this.options.returnAttentionScores ? [output, drawn] : output;
  }

  #seen(query: Sym, key: Sym, mask: Sym | undefined): Sym | undefined {
    const counted = mask && ops.expandDims(mask, 1);
    if (!this.options.useCausalMask) return counted;
    const causal = causalMask(query, key);
    return counted ? ops.logicalAnd(counted, causal) : causal;
  }

  /** As in Keras. @internal */
  protected override get givesAllMasks(): boolean {
    return true;
  }

  /** Those of query, value and key, each of its steps. @internal */
  protected override givenMask(mask: Sym, input: Sym): Sym {
    return checkedMask(this.name, mask, input.shape, 2);
  }

  /** That of the query. */
  override computeMask(_inputs: readonly Sym[], [query]: readonly (Sym | undefined)[]) {
    return [query, undefined];
  }

  override getConfig(): Record<string, unknown> {
    const { dropout, seed, returnAttentionScores, useCausalMask } = this.options;
    return { ...super.getConfig(), dropout, seed, returnAttentionScores, useCausalMask };
  }
}

function checkCount(who: string, count: number): void {
  if (count === 2 || count === 3) return;
  throw expected(who, '[query, value] or [query, value, key] as inputs', count);
}

const DEFAULTS = defaultsOf<AttentionOptions>()({ useScale: false, scoreMode: 'dot' });

/** Attention by products of queries and keys: made by `layers.attention`, which says more. */
export class Attention extends BaseAttention<AttentionOptions & typeof DEFAULTS> {
  static override readonly optionNames = {
    ...BaseAttention.optionNames,
    scoreMode: 'optional',
  } satisfies OptionNames<AttentionOptions>;
  readonly className = 'Attention';
  #scale: Variable | undefined;
  #concatScoreWeight: Variable | undefined;

  constructor(options: AttentionOptions = {}) {
    super(withDefaults(options, DEFAULTS));
    oneOf('attention', 'scoreMode', this.options.scoreMode, ['dot', 'concat']);
  }

  override build(shapes: readonly [Shape, ...Shape[]]): void {
    super.build(shapes);
    const { useScale, scoreMode } = this.options;
    const number = (name: string) => this.addWeight({ name, shape: [], initializer: 'ones' });
    if (useScale) this.#scale = number('scale');
    if (scoreMode === 'concat') this.#concatScoreWeight = number('concatScoreWeight');
  }

  protected scores(query: Sym, key: Sym): Sym {
    const scaled = (x: Sym) => (this.#scale ? ops.multiply(x, this.#scale) : x);
    if (!this.#concatScoreWeight) return scaled(ops.matmul(query, key, { transposeB: true }));
    const sums = ops.tanh(scaled(ops.add(ops.expandDims(query, 2), ops.expandDims(key, 1))));
    return ops.multiply(this.#concatScoreWeight, ops.sum(sums, { axis: -1 }));
  }

  override getConfig() {
    const { useScale, scoreMode } = this.options;
    return { ...super.getConfig(), useScale, scoreMode };
  }
}

/**
 * softmax(query · keyᵀ) · value (Luong et al., 2015): called with a list, query [n, steps, features], value [n, positions, size] and, by
 * default the value, key [n, positions, features], to [n, steps, size]; float32. Positions that the value's mask leaves out are not seen,
 * steps that the query's leaves out become 0. https://keras.io/api/layers/attention_layers/attention/
 *
 * Weights: with `useScale` a scale [], in the mode `concat` also concatScoreWeight [].
 *
 * @throws EngineError `ARGUMENT` for another mode, a rate outside of [0, 1), a seed that is no integer, another number of inputs; `SHAPE`,
 *   when applied, where these do not fit.
 * @example
 *     const words = layers.input({ shape: [-1, 16] });
 *     layers.attention().apply([words, words]);
 */
export const attention = (options?: AttentionOptions) => new Attention(options);
