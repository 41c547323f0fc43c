import { factoryName } from '../base/names.js';
import {
  type OptionNames,
  boolean,
  expected,
  fraction,
  integer,
  mismatch,
  seedOf,
  wrongShape,
} from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { atLeast, mapTuple } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { asBool } from '../ops/asBool.js';
import { causalMask, maskedSoftmax, repeatedHeads, windowMask } from '../ops/attentionParts.js';
import { regularizerConfig, regularizerOf } from '../regularizers/registry.js';
import { dropped } from '../ops/noiseShape.js';
import type { Sym } from '../core/sym.js';
import { drawing } from './drawing.js';
import { EinsumDense } from './einsumDense.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import { MultiInputLayer } from './multiInputLayer.js';
import { type BiasOptions, type KernelOptions, weightConfig, weightNames } from './weightOptions.js';

/** What `layers.multiHeadAttention` and `layers.groupQueryAttention` take. */
export interface HeadAttentionOptions extends LayerOptions, KernelOptions, BiasOptions {
  /** The share of the attention weights that are dropped while training, from 0 to 1. Default 0. */
  dropout?: number;
  /** Whether the projections have a bias. Default true. */
  useBias?: boolean;
  /** A step sees positions that are less than so many away, on both sides. Default all. */
  slidingWindow?: number | null;
  /** Taken as in Keras: there is one algorithm. It goes with neither `dropout` nor `returnAttentionScores`. */
  flashAttention?: boolean | null;
  /** Whether the heads' results are multiplied by a sigmoid of a further projection of the query. Default false. */
  useGate?: boolean;
  /** An integer that decides what is dropped, whatever the seed of the training. Default none. */
  seed?: number | null;
  /**
   * Whether the attention weights come out too, [n, heads, steps, positions], as a second output: {@link Layer.applyAll}. Keras's argument of
   * the call. Default false.
   */
  returnAttentionScores?: boolean;
  /** Whether a step sees no positions after its own. Keras's argument of the call. Default false. */
  useCausalMask?: boolean;
}

const DEFAULTS = defaultsOf<HeadAttentionOptions>()({
  dropout: 0,
  useBias: true,
  slidingWindow: null,
  flashAttention: null,
  useGate: false,
  seed: null,
  returnAttentionScores: false,
  useCausalMask: false,
});

/** How many heads there are, their sizes, and what the layer's result has: what a subclass says. */
interface Heads {
  readonly heads: number;
  /** How many heads key and value have. */
  readonly keyHeads: number;
  /** The size of a head of query and key. */
  readonly size: number;
  /** The size of a head of the value. */
  readonly valueSize: number;
  /** The sizes of a step that come out; undefined: those of the query. */
  readonly output?: readonly number[] | undefined;
  /** The axes that positions are told apart by; undefined: all between batch and features. */
  readonly axes?: readonly number[] | undefined;
}

const letters = (from: number, count: number): string =>
  String.fromCharCode(...Array.from({ length: count }, (_, i) => 97 + from + i));

/** A product of each step alone: it keeps the steps. */
class HeadDense extends EinsumDense {
  override readonly supportsMasking = true;
}

/** What the attention layers share that have heads. */
export abstract class HeadAttention<
  O extends HeadAttentionOptions = HeadAttentionOptions,
> extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    dropout: 'optional',
    useBias: 'boolean',
    slidingWindow: 'optional',
    flashAttention: 'optional',
    useGate: 'boolean',
    seed: 'optional',
    returnAttentionScores: 'boolean',
    useCausalMask: 'boolean',
    ...weightNames('kernel'),
    ...weightNames('bias'),
  } satisfies OptionNames<Omit<HeadAttentionOptions, 'flashAttention'> & { flashAttention?: unknown }>;
  /** The options as given, and the defaults of the others. */
  readonly options: O & typeof DEFAULTS;
  /** The projection of the query, once the layer is built. */
  queryDense: EinsumDense | undefined;
  /** The projection of the key, once the layer is built. */
  keyDense: EinsumDense | undefined;
  /** The projection that makes the gate, once the layer is built. */
  gateDense: EinsumDense | undefined;
  /** The projection of the value, once the layer is built. */
  valueDense: EinsumDense | undefined;
  /** The projection of all heads' results, once the layer is built. */
  outputDense: EinsumDense | undefined;
  /** The heads. */
  protected abstract readonly heads: Heads;
  readonly #dropout: number;
  readonly #seed: number | undefined;

  constructor(options: O) {
    // Keras penalizes what each projection puts out, the last one's being the layer's.
    super({ ...options, activityRegularizer: undefined });
    const who = factoryName(new.target.name);
    this.options = withDefaults(options, DEFAULTS);
    const { dropout, seed, slidingWindow, flashAttention, returnAttentionScores } = this.options;
    this.#dropout = fraction(who, 'dropout', dropout);
    this.#seed = seed === null ? undefined : seedOf(who, seed);
    regularizerOf(options.activityRegularizer);
    if (slidingWindow !== null) integer(who, 'slidingWindow', slidingWindow);
    if (flashAttention !== null && boolean(who, 'flashAttention', flashAttention)) {
      const other = dropout > 0 ? 'dropout' : returnAttentionScores ? 'returnAttentionScores' : undefined;
      if (other !== undefined) throw mismatch(who, `flashAttention without ${other}`, 'both');
    }
  }

  /** Fails unless the shapes of the inputs, two at least, are what a subclass asks for. */
  protected checkShapes(_shapes: readonly [query: Shape, value: Shape, ...Shape[]]): void {}

  override build(given: readonly Shape[]): void {
    checkCount(this.name, given.length);
    const shapes = atLeast(given, 2);
    this.checkShapes(shapes);
    const [query, value, key = value] = shapes;
    const { size, valueSize, heads, keyHeads, output = query.slice(-1) } = this.heads;
    if (query.length < 3 || value.length !== query.length || key.length !== query.length)
      throw wrongShape(this.name, `query, value and key of one rank, 3 or more,`, value);
    this.queryDense = this.#projection('query', query, [heads, size]);
    this.keyDense = this.#projection('key', key, [keyHeads, size]);
    if (this.options.useGate) this.gateDense = this.#projection('gate', query, [heads, valueSize], 'sigmoid');
    this.valueDense = this.#projection('value', value, [keyHeads, valueSize]);
    this.outputDense = this.#projection(
      'attentionOutput',
      [...query.slice(0, -1), heads, valueSize],
      output,
      undefined,
      2,
    );
  }

  /** A dense layer from the last axes of a shape to others. */
  #projection(
    name: string,
    shape: Shape,
    to: readonly number[],
    activation?: 'sigmoid',
    bound = 1,
  ): EinsumDense {
    const free = shape.length - bound;
    const [kept, summed, made] = [letters(0, free), letters(free, bound), letters(free + bound, to.length)];
    const { activityRegularizer, useBias } = this.options;
    const dense = new HeadDense({
      ...{ name, activation, activityRegularizer, trainable: this.trainable },
      equation: `${kept}${summed},${summed}${made}->${kept}${made}`,
      outputShape: [...Array<null>(free - 1).fill(null), ...to],
      ...(useBias && { biasAxes: made }),
      ...weightConfig(this.options, 'kernel'),
      ...weightConfig(this.options, 'bias'),
    });
    dense.build(shape);
    return dense;
  }

  call(inputs: readonly Sym[], context: CallContext): Sym | readonly Sym[] {
    checkCount(this.name, inputs.length);
    const [query, value, key = value, mask] = atLeast(inputs, 2);
    const seen = this.#masks(query, value, inputs[2], mask);
    const [queries, keys, values] = [
      this.queryDense!.apply(query),
      this.keyDense!.apply(key),
      this.valueDense!.apply(value),
    ];
    const { returnAttentionScores } = this.options;
    const isWhole = query.rank === 3 && this.#dropout === 0 && !returnAttentionScores;
    const [sum, weights] = isWhole
      ? [this.#whole(queries, keys, values, seen), undefined]
      : this.#inSteps(queries, keys, values, seen, context);
    const gated = this.gateDense ? ops.multiply(sum, this.gateDense.apply(query)) : sum;
    const output = this.outputDense!.apply(gated);
    return returnAttentionScores ? [output, weights!] : output;
  }

  /** Attention as one op. */
  #whole(query: Sym, key: Sym, value: Sym, masks: readonly Sym[]): Sym {
    const all = masks.map((mask) => ofRank(mask, 4, 1));
    const mask = all.length > 0 ? all.reduce((a, b) => ops.logicalAnd(a, b)) : undefined;
    return ops.dotProductAttention(query, key, value, {
      ...{ mask, scale: 1 / Math.sqrt(this.heads.size), isCausal: this.options.useCausalMask },
    });
  }

  /** Result and weights; the weights are dropped between. */
  #inSteps(
    query: Sym,
    key: Sym,
    value: Sym,
    masks: readonly Sym[],
    { training, key: drawKey }: CallContext,
  ): [Sym, Sym] {
    const { heads, keyHeads } = this.heads;
    const isShared = keyHeads !== heads;
    const [keys, values] = mapTuple([key, value], (given) =>
      isShared ? (repeatedHeads(given, heads) as Sym) : given,
    );
    const { product, combination, axes } = equations(query.rank, this.heads.axes);
    const causal = this.options.useCausalMask ? [causalMask(query, keys)] : [];
    const scores = ops.einsum(product, keys, ops.multiply(query, 1 / Math.sqrt(this.heads.size)));
    const all = [...masks, ...causal].map((mask) => ofRank(mask, scores.rank, axes));
    const weights = maskedSoftmax(scores, all, axes) as Sym;
    const drawn =
      training && this.#dropout > 0
        ? dropped(weights, weights, { rate: this.#dropout, ...drawing(weights, drawKey, this.#seed) })
        : weights;
    return [ops.einsum(combination, drawn, values), weights];
  }

  /** What the masks of the inputs, the attention mask and the window let see: each broadcasts to the scores with axes for the heads. */
  #masks(query: Sym, value: Sym, key: Sym | undefined, mask: Sym | undefined): Sym[] {
    const { slidingWindow } = this.options;
    const masks = [
      query.mask && ops.expandDims(query.mask, -1),
      value.mask && ops.expandDims(value.mask, -2),
      key?.mask && ops.expandDims(key.mask, -2),
      slidingWindow === null ? undefined : windowMask(query, value, slidingWindow),
      mask && asBool(mask),
    ];
    return masks.filter((each) => each !== undefined);
  }

  /** Those of query, value and key. @internal */
  protected override givenMask(mask: Sym, input: Sym, i: number): Sym {
    if (i > 2) throw expected(this.name, 'masks of query, value and key alone', 'one of the attention mask');
    return super.givenMask(mask, input, i);
  }

  /** That of the query. */
  override computeMask(_inputs: readonly Sym[], [query]: readonly (Sym | undefined)[]) {
    return [query, undefined];
  }

  override getConfig(): Record<string, unknown> {
    const { dropout, useBias, slidingWindow, flashAttention, useGate, seed } = this.options;
    const { returnAttentionScores, useCausalMask } = this.options;
    const activityRegularizer = regularizerConfig(regularizerOf(this.options.activityRegularizer));
    return {
      ...super.getConfig(),
      ...(activityRegularizer && { activityRegularizer }),
      ...{ dropout, useBias, slidingWindow, flashAttention, useGate, seed },
      ...{ returnAttentionScores, useCausalMask },
      ...weightConfig(this.options, 'kernel'),
      ...weightConfig(this.options, 'bias'),
    };
  }
}

function checkCount(who: string, count: number): void {
  if (count >= 2 && count <= 4) return;
  const what = '[query, value], [query, value, key] or [query, value, key, attentionMask] as inputs';
  throw expected(who, what, count);
}

/** A mask with axes of size 1 before those of steps and positions, so that it broadcasts along heads. */
function ofRank(mask: Sym, rank: number, axes: number): Sym {
  let all = mask;
  while (all.rank < rank) all = ops.expandDims(all, -2 * axes - 1);
  return all;
}

/** The sums that make the scores of key and query, and of these and the value the result. */
function equations(rank: number, given: readonly number[] | undefined) {
  const axes = (given ?? Array.from({ length: rank - 3 }, (_, i) => i + 1)).map((axis) =>
    axis < 0 ? rank - 1 + axis : axis,
  );
  const target = letters(0, rank);
  const [last] = target.slice(-1);
  // Positions have other letters.
  const source = Array.from(target).map((letter, axis) =>
    axes.includes(axis) ? letters(rank + axes.indexOf(axis), 1) : letter,
  );
  const batch = Array.from(target).filter((letter, axis) => !axes.includes(axis) && letter !== last);
  const scores = [...batch, ...axes.map((axis) => target[axis]), ...axes.map((axis) => source[axis])].join(
    '',
  );
  return {
    product: `${source.join('')},${target}->${scores}`,
    combination: `${scores},${source.join('')}->${target}`,
    axes: axes.length,
  };
}
