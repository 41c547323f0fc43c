import {
  type OptionNames,
  expected,
  isPattern,
  isPlainObject,
  knownOptionsOf,
  mismatch,
} from '../base/checks.js';
import { objectConfig } from '../base/registry.js';
import type { Variable } from '../core/variable.js';
import { Optimizer } from './optimizer.js';

/** What {@link optimizerMap} takes. */
export interface OptimizerMapOptions {
  /** Trains the weights that no key fits. */
  defaultOptimizer: Optimizer;
  /** The others: by a weight's whole name, such as `dense/kernel`, or a regular expression that fits all of it. Default none. */
  optimizerMap?: Readonly<Record<string, Optimizer>>;
}

const WHO = 'optimizerMap';

/** Which optimizer trains a weight, by its name: see {@link optimizerMap}. */
export class OptimizerMap {
  /** The names of all options, each `required` or `optional`: others are errors. */
  static readonly optionNames = {
    defaultOptimizer: 'required',
    optimizerMap: 'optional',
  } satisfies OptionNames<OptimizerMapOptions>;
  /** The name of the class, in configurations. */
  readonly className = 'OptimizerMap';
  /** Trains the weights that no key fits. */
  readonly defaultOptimizer: Optimizer;
  readonly #map = new Map<string, Optimizer>();

  constructor(options: OptimizerMapOptions) {
    knownOptionsOf(new.target, options);
    const { defaultOptimizer, optimizerMap: given = {} } = options;
    this.defaultOptimizer = ownOptimizer('as defaultOptimizer', defaultOptimizer);
    if (!isPlainObject(given)) throw expected(WHO, 'a record of optimizers as optimizerMap', given);
    for (const [key, optimizer] of Object.entries(given)) this.set(key, optimizer);
  }

  /** The names and regular expressions that were given. */
  keys(): string[] {
    return [...this.#map.keys()];
  }

  /** The optimizers, each once, the default one last. */
  get optimizers(): Optimizer[] {
    return [...new Set([...this.#map.values(), this.defaultOptimizer])];
  }

  /**
   * The optimizer for a weight's name: that of the same key, else of the one key that fits all of it, else the default one.
   *
   * @throws EngineError `ARGUMENT` where several keys fit.
   */
  get(name: string): Optimizer {
    const same = this.#map.get(name);
    if (same) return same;
    const fitting = this.keys().filter((key) => new RegExp(`^(?:${key})$`).test(name));
    if (fitting.length > 1)
      throw mismatch(WHO, `one key at most that fits '${name}'`, fitting.map((key) => `'${key}'`).join(', '));
    return fitting.map((key) => this.#map.get(key))[0] ?? this.defaultOptimizer;
  }

  /** {@link get} for the name of a weight. */
  optimizerOf(variable: Variable): Optimizer {
    return this.get(variable.name);
  }

  /**
   * Gives the weights of a name, or of a regular expression, an optimizer.
   *
   * @throws EngineError `ARGUMENT` for a key that is there already, or no regular expression, and for what is no optimizer.
   */
  set(key: string, optimizer: Optimizer): this {
    if (!isPattern(key)) throw expected(WHO, 'a name or a regular expression, as text', key);
    if (this.#map.has(key)) throw expected(WHO, 'a key that is not there yet', key);
    this.#map.set(key, ownOptimizer(`for '${key}'`, optimizer));
    return this;
  }

  /** Takes a key away; whether it was there. */
  delete(key: string): boolean {
    return this.#map.delete(key);
  }

  /** The arguments that make an equal map, of equal optimizers. */
  getConfig(): Record<string, unknown> {
    const entries = [...this.#map].map(([key, optimizer]) => [key, objectConfig(optimizer)]);
    return {
      defaultOptimizer: objectConfig(this.defaultOptimizer),
      optimizerMap: Object.fromEntries(entries),
    };
  }
}

/** Fails unless a value is an optimizer that changes weights itself. */
function ownOptimizer(place: string, value: unknown): Optimizer {
  if (value instanceof Optimizer) return value;
  throw expected(WHO, `an optimizer that changes weights itself ${place}`, value);
}

/**
 * Which optimizer trains a weight, for `multiOptimizer`: groups of weights with learning rates, decays and rules of their own.
 * https://keras.io/api/optimizers/
 *
 * @throws EngineError `ARGUMENT` for what are no optimizers or no regular expressions.
 * @example
 *     const optimizerMap = optimizers.optimizerMap({
 *       defaultOptimizer: optimizers.adam(),
 *       optimizerMap: { 'encoder/.*': optimizers.adam({ learningRate: 1e-5 }) },
 *     });
 *     model.compile({ optimizer: optimizers.multiOptimizer({ optimizerMap }), loss: 'mse' });
 */
export const optimizerMap = (options: OptimizerMapOptions) => new OptimizerMap(options);
