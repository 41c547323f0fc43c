import { type OptionNames, expected, knownOptionsOf, mismatch } from '../base/checks.js';
import { firstOf } from '../base/list.js';
import { nameOfFunction, objectConfig } from '../base/registry.js';
import { type SavedState, savedVariable, savedZeros } from '../core/savedValue.js';
import { type Variable, variable } from '../core/variable.js';
import * as ops from '../ops/index.js';
import { BaseOptimizer, type BaseOptimizerOptions, type GradientPair } from './baseOptimizer.js';
import { Optimizer } from './optimizer.js';
import { OptimizerMap } from './optimizerMap.js';

/** What {@link multiOptimizer} takes. */
export interface MultiOptimizerOptions extends BaseOptimizerOptions {
  /** Which optimizer trains a weight. It holds for the weight from its first step on. */
  optimizerMap: OptimizerMap | ((weight: Variable) => Optimizer);
}

const WHO = 'multiOptimizer';

/** The optimizer that {@link multiOptimizer} makes. */
export class MultiOptimizer extends BaseOptimizer implements MultiOptimizerOptions {
  static override readonly optionNames = {
    lossScaleFactor: 'optional',
    name: 'string',
    optimizerMap: 'required',
  } satisfies OptionNames<MultiOptimizerOptions>;
  readonly className = 'MultiOptimizer';
  readonly optimizerMap: OptimizerMap | ((weight: Variable) => Optimizer);
  /** Those that a function gave, and whose each weight is. */
  readonly #given = new Set<Optimizer>();
  readonly #of = new Map<Variable, Optimizer>();
  #iterations: Variable | undefined;

  constructor(options: MultiOptimizerOptions) {
    knownOptionsOf(new.target, options);
    super(options);
    const { optimizerMap: map } = options;
    if (!(map instanceof OptimizerMap) && typeof map !== 'function')
      throw expected(WHO, 'an optimizerMap or a function of a weight as optimizerMap', map);
    this.optimizerMap = map;
  }

  /** The optimizers, each once: those of the map, or that the function has given so far. */
  get optimizers(): Optimizer[] {
    return this.optimizerMap instanceof OptimizerMap ? this.optimizerMap.optimizers : [...this.#given];
  }

  /** Each optimizer has its own. @throws EngineError `STATE`, always. */
  get learningRate(): number {
    throw noRate();
  }

  set learningRate(_rate: number) {
    throw noRate();
  }

  get iterations(): Variable {
    return (this.#iterations ??= variable(0, { name: 'iterations', trainable: false }));
  }

  get built(): boolean {
    return this.#iterations !== undefined;
  }

  get variables(): Variable[] {
    return [this.iterations, ...this.optimizers.flatMap((optimizer) => optimizer.variables)];
  }

  get useEma(): boolean {
    return this.optimizers.some((optimizer) => optimizer.useEma);
  }

  averageOf(weight: Variable): Variable | undefined {
    return this.#of.get(weight)?.averageOf(weight);
  }

  /** @internal */
  applyPairs(pairs: readonly GradientPair[]): void {
    const { trace } = firstOf(pairs)[0];
    const groups = new Map<Optimizer, GradientPair[]>();
    for (const pair of pairs) {
      const optimizer = this.#optimizerOf(pair[1]);
      const group = groups.get(optimizer);
      if (group) group.push(pair);
      else groups.set(optimizer, [pair]);
    }
    for (const [optimizer, group] of groups) optimizer.applyPairs(group);
    trace.assign(this.iterations, ops.add(trace.lift(this.iterations), 1));
  }

  /** @internal */
  savedState(weights: readonly Variable[]): SavedState {
    const states = this.optimizers.map((optimizer) =>
      optimizer.savedState(weights.filter((weight) => this.#optimizerOf(weight) === optimizer)),
    );
    const more = states.flatMap((state, i) =>
      Object.entries(state.more ?? {}).map(([name, value]) => [`${i}_${name}`, value] as const),
    );
    // Keras has a learning rate here that nothing reads.
    return {
      values: [savedVariable(this.iterations), savedZeros([]), ...states.flatMap(({ values }) => values)],
      more: Object.fromEntries(more),
    };
  }

  /** @internal */
  restored(): void {
    for (const optimizer of this.optimizers) optimizer.restored();
  }

  dispose(): void {
    for (const optimizer of this.optimizers) optimizer.dispose();
    this.#iterations?.dispose();
    this.#iterations = undefined;
  }

  override getConfig(): Record<string, unknown> {
    const { optimizerMap: map } = this;
    const config = map instanceof OptimizerMap ? objectConfig(map) : nameOfFunction(map);
    return { ...super.getConfig(), optimizerMap: config };
  }

  #optimizerOf(weight: Variable): Optimizer {
    const known = this.#of.get(weight);
    if (known) return known;
    const { optimizerMap: map } = this;
    const optimizer: unknown = map instanceof OptimizerMap ? map.optimizerOf(weight) : map(weight);
    if (!(optimizer instanceof Optimizer))
      throw expected(WHO, `an optimizer that changes weights itself for '${weight.name}'`, optimizer);
    this.#of.set(weight, optimizer);
    this.#given.add(optimizer);
    return optimizer;
  }
}

const noRate = () =>
  mismatch(
    WHO,
    'the learning rate of one of its optimizers',
    'a question for its own: use multi.optimizers',
    'STATE',
  );

/**
 * Several optimizers, each for its own weights: groups of weights with a learning rate, a decay, or a rule of their own, as the parameter
 * groups of PyTorch. Clipping by `globalClipnorm` is within a group. https://keras.io/api/optimizers/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or missing, and for what is no map or function.
 * @example
 *     const [fast, slow] = [optimizers.adam({ learningRate: 0.01 }), optimizers.adam({ learningRate: 1e-4 })];
 *     const optimizer = optimizers.multiOptimizer({ optimizerMap: (w) => (w.name.includes('bias') ? slow : fast) });
 *     model.compile({ optimizer, loss: 'mse' });
 */
export const multiOptimizer = (options: MultiOptimizerOptions) => new MultiOptimizer(options);
