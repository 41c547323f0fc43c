import { type OptionNames, expected, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { atLeast, itemAt, sizeOf } from '../base/list.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';
import { MultiInputLayer } from './multiInputLayer.js';

/** What `layers.dot` takes. */
export interface DotOptions extends LayerOptions {
  /** Which axis of each input is summed over, the batch being 0; one for both, or two. Negative ones count from the end. */
  axes: number | readonly [number, number];
  /** Whether to scale both to length 1 along their axis first, so that the products are cosines. Default false. */
  normalize?: boolean;
}

const DEFAULTS = defaultsOf<DotOptions>()({ normalize: false });

/** The dot products of two inputs: made by `layers.dot`, which says more. */
export class Dot extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axes: 'required',
    normalize: 'boolean',
  } satisfies OptionNames<DotOptions>;
  readonly className = 'Dot';
  /** Which axis of each input is summed over. */
  readonly axes: readonly [number, number];
  /** Whether both are scaled to length 1 first. */
  readonly normalize: boolean;

  constructor(given: DotOptions) {
    super(given);
    const { axes, normalize } = withDefaults(given, DEFAULTS);
    const pair: unknown = typeof axes === 'number' ? [axes, axes] : axes;
    if (!Array.isArray(pair) || pair.length !== 2 || ![...(pair as unknown[])].every(Number.isSafeInteger)) {
      throw expected('dot', 'one or two integers as axes', axes);
    }
    const [first, second] = pair as [number, number];
    this.axes = [first, second];
    this.normalize = normalize;
  }

  call(xs: readonly Sym[]): Sym {
    if (xs.length !== 2) throw expected(this.name, 'two inputs', xs.length);
    const [a, b] = atLeast(
      xs.map((x, i) => this.#rows(x, itemAt(this.axes, i))),
      2,
    );
    // [n, rows of a, k] · [n, rows of b, k], transposed
    const products = ops.matmul(a.rows, b.rows, { transposeB: true });
    const rest = [...a.rest, ...b.rest];
    return ops.reshape(products, [-1, ...(rest.length > 0 ? rest : [1])]);
  }

  /** An input with its axis last and all others in one: [n, rows, k]. */
  #rows(x: Sym, given: number): { rows: Sym; rest: readonly number[] } {
    const axis = given < 0 ? given + x.rank : given;
    const others = [...x.shape.keys()].filter((i) => i > 0 && i !== axis);
    if (axis < 1 || axis >= x.rank || x.shape.slice(1).includes(-1)) {
      throw wrongShape(this.name, `inputs with known sizes and an axis ${given} after the batch`, x.shape);
    }
    const rest = others.map((i) => itemAt(x.shape, i));
    const last = axis === x.rank - 1 ? x : ops.transpose(x, [0, ...others, axis]);
    const rows = ops.reshape(last, [-1, sizeOf(rest), itemAt(x.shape, axis)]);
    return { rows: this.normalize ? unit(rows) : rows, rest };
  }

  /** None: its products have no steps. */
  override computeMask(): undefined {
    return undefined;
  }

  override getConfig() {
    return { ...super.getConfig(), axes: this.axes, normalize: this.normalize };
  }
}

/** Rows of length 1; those shorter than Keras's epsilon of 1e-7 are divided by that. */
function unit(rows: Sym): Sym {
  const squared = ops.sum(ops.square(rows), { axis: -1, keepDims: true });
  return ops.multiply(rows, ops.rsqrt(ops.maximum(squared, 1e-14)));
}

/**
 * The dot products of two inputs, sample by sample: [n, ...a] and [n, ...b] to [n, ...a without its axis, ...b without its axis], or
 * to [n, 1] where nothing else is left. It has no weights. https://keras.io/api/layers/merging_layers/dot/
 *
 * @throws EngineError `ARGUMENT` for axes that are no integers; `SHAPE`, when applied, for axes that are not there or differ in size.
 * @example
 *     const a = layers.input({ shape: [8] });
 *     const b = layers.input({ shape: [8] });
 *     layers.dot({ axes: -1, normalize: true }).apply([a, b]); // cosines [n, 1]
 */
export const dot = (options: DotOptions) => new Dot(options);
