import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { BaseAttention, type BaseAttentionOptions } from './attention.js';
import { sizeOfAxis } from './check.js';

const DEFAULTS = defaultsOf<BaseAttentionOptions>()({ useScale: true });

/** Attention by sums of queries and keys: made by `layers.additiveAttention`, which says more. */
export class AdditiveAttention extends BaseAttention<BaseAttentionOptions & typeof DEFAULTS> {
  readonly className = 'AdditiveAttention';
  #scale: Variable | undefined;

  constructor(options: BaseAttentionOptions = {}) {
    super(withDefaults(options, DEFAULTS));
  }

  override build(shapes: readonly [Shape, ...Shape[]]): void {
    super.build(shapes);
    const shape = [sizeOfAxis(this.name, shapes[0], -1)];
    if (this.options.useScale) this.#scale = this.addWeight({ name: 'scale', shape });
  }

  protected scores(query: Sym, key: Sym): Sym {
    const sums = ops.tanh(ops.add(ops.expandDims(query, 2), ops.expandDims(key, 1)));
    return ops.sum(this.#scale ? ops.multiply(sums, this.#scale) : sums, { axis: -1 });
  }

  override getConfig() {
    return { ...super.getConfig(), useScale: this.options.useScale };
  }
}

/**
 * As `layers.attention`, with scores sum(scale · tanh(query + key)) over the features (Bahdanau et al., 2015).
 * https://keras.io/api/layers/attention_layers/additive_attention/
 *
 * Weights: unless `useScale` is false, scale [features].
 *
 * @throws EngineError as `layers.attention`.
 * @example
 *     const words = layers.input({ shape: [-1, 16] });
 *     layers.additiveAttention().apply([words, words]);
 */
export const additiveAttention = (options?: BaseAttentionOptions) => new AdditiveAttention(options);
