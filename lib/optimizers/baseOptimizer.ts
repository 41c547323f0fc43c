import { type OptionNames, checkEach, expected, mismatch, positive } from '../base/checks.js';
import { firstOf, itemAt } from '../base/list.js';
import { factoryName } from '../base/names.js';
import type { NDArray } from '../core/ndarray.js';
import type { SavedState } from '../core/savedValue.js';
import { Sym } from '../core/sym.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable, assignAll, numbersOf } from '../core/variable.js';
import * as ops from '../ops/index.js';
import { maybe } from './optimizerOptions.js';

/** A gradient, a symbolic value of float32 in the variable's shape, and the variable. */
export type GradientPair = readonly [gradient: Sym, variable: Variable];

/** What every optimizer takes, those too that leave the work to others. */
export interface BaseOptimizerOptions {
  /** What the loss is multiplied by before the gradients are taken, and these divided by after. Default: it is not. */
  lossScaleFactor?: number | null | undefined;
  /** The name in configurations. Default: that of the function that makes the optimizer. */
  name?: string;
}

/**
 * What changes weights along their gradients, by itself ({@link Optimizer}) or by other optimizers. An own optimizer extends
 * {@link Optimizer}.
 */
export abstract class BaseOptimizer {
  /** The names of the options that the class takes, each `required`, `optional`, `boolean` or `string`: others are errors. */
  static readonly optionNames: object = {
    lossScaleFactor: 'optional',
    name: 'string',
  } satisfies OptionNames<BaseOptimizerOptions>;
  /** The name of the class, in configurations. */
  abstract readonly className: string;
  /** Its name in configurations. */
  readonly name: string;
  /** What the loss is multiplied by before the gradients are taken, and these divided by after; undefined: it is not. */
  readonly lossScaleFactor: number | undefined;

  constructor({ lossScaleFactor, name }: BaseOptimizerOptions = {}) {
    const who = factoryName(new.target.name);
    this.name = name ?? who;
    this.lossScaleFactor = maybe(positive, who, 'lossScaleFactor', lossScaleFactor);
  }

  /** The size of the steps. */
  abstract get learningRate(): number;
  abstract set learningRate(rate: number);

  /** How often the weights were changed, float32 []. */
  abstract get iterations(): Variable;

  /** Whether it has made its variables, which its first step does. */
  abstract get built(): boolean;

  /** The optimizer's own variables: counters, the learning rate, and the slots of each weight it has met. */
  abstract get variables(): Variable[];

  /**
   * The moving average that it keeps of a weight; undefined without `useEma`, and before the first step.
   *
   * @example
   *     const sgd = optimizers.sgd({ useEma: true });
   *     sgd.build([w]);
   *     await sgd.averageOf(w)!.data();
   */
  abstract averageOf(weight: Variable): Variable | undefined;

  /** Whether it keeps moving averages of weights. */
  abstract get useEma(): boolean;

  /** Makes the traced step change variables along gradients of the unscaled loss. @internal */
  abstract applyPairs(pairs: readonly GradientPair[]): void;

  /** What files of models hold of it, where it has been built for these weights. @internal */
  abstract savedState(weights: readonly Variable[]): SavedState;

  /** Hears that its variables were given other numbers. @internal */
  abstract restored(): void;

  /** Frees slots and counters. */
  abstract dispose(): void;

  /**
   * Inside `compile`: makes the traced step change the variables along the gradients of the loss.
   *
   * @param loss float32 [], a symbolic value.
   * @param variables Those to change, whether they are trainable or not.
   * @returns Nothing to fetch: an empty record, to be spread into what the traced function returns.
   * @throws EngineError `SHAPE` where the loss is no scalar, `ARGUMENT` where it is not symbolic or the rest are no variables.
   * @example
   *     const step = compile((x: Sym, y: Sym) => {
   *       const loss = ops.mean(ops.square(ops.subtract(ops.matmul(x, w), y)));
   *       return { loss, ...adam.minimize(loss, [w]) };
   *     });
   */
  minimize(loss: Sym | Tensor, variables: readonly Variable[]): object {
    if (!(loss instanceof Sym) || loss.rank !== 0) {
      const what = 'a symbolic scalar as loss (reduce it with ops.mean inside compile())';
      throw expected('minimize', what, loss, loss instanceof Sym ? 'SHAPE' : 'ARGUMENT');
    }
    checkEach('minimize', 'a list of variables', variables, (v) => v instanceof Variable);
    const { trace } = loss;
    const gradients = trace.gradients([this.scaleLoss(loss)], trace.readBy(loss, variables));
    return this.applyGradients(variables.map((v, i) => [itemAt(gradients, i), v]));
  }

  /**
   * Inside `compile`: makes the traced step change variables along gradients that the caller made, of a loss that {@link scaleLoss} has
   * scaled.
   *
   * @param pairs Each a gradient, a symbolic value of float32 in the variable's shape, and the variable.
   * @returns Nothing to fetch: an empty record, to be spread into what the traced function returns.
   * @throws EngineError `ARGUMENT` for what is no list of such pairs.
   * @example
   *     const gradients = grad(loss, [w, b]).map((g) => ops.multiply(g, 0.5));
   *     return { loss, ...adam.applyGradients([[gradients[0], w], [gradients[1], b]]) };
   */
  applyGradients(pairs: readonly GradientPair[]): object {
    checkEach('applyGradients', 'a list of pairs [symbolic gradient, variable]', pairs, (pair) => {
      const [gradient, target] = Array.isArray(pair) ? (pair as unknown[]) : [];
      return gradient instanceof Sym && target instanceof Variable;
    });
    if (pairs.length === 0) return {};
    const { lossScaleFactor: factor } = this;
    this.applyPairs(factor === undefined ? pairs : pairs.map(([g, v]) => [ops.divide(g, factor), v]));
    firstOf(pairs)[0].trace.optimized(pairs.map(([, target]) => target));
    return {};
  }

  /**
   * Inside `compile`: the loss of which gradients are taken for {@link applyGradients}. {@link minimize} does it by itself.
   *
   * @param loss float32 [], a symbolic value.
   * @returns The loss times `lossScaleFactor`, or as it is.
   */
  scaleLoss(loss: Sym): Sym {
    const { lossScaleFactor: factor } = this;
    return factor === undefined ? loss : ops.multiply(loss, factor);
  }

  /**
   * Makes the optimizer's variables for weights, as its first step does: for {@link setWeights} before it.
   *
   * @throws EngineError `ARGUMENT` for what is no list of variables.
   * @example adam.build([w]);
   */
  build(variables: readonly Variable[]): void {
    checkEach('build', 'a list of variables', variables, (v) => v instanceof Variable);
    const trace = new Trace();
    trace.within(() =>
      this.applyGradients(variables.map((v) => [trace.constant(0, 'float32', v.shape), v] as const)),
    );
  }

  /** Copies of the numbers of {@link variables}, in their order. */
  async getWeights(): Promise<NDArray[]> {
    return numbersOf(this.variables);
  }

  /**
   * Overwrites {@link variables}, all or none, in their order, with what {@link getWeights} gave, also of an equal optimizer of equal weights.
   *
   * @throws EngineError `ARGUMENT` for another count (before the first step call {@link build}); `SHAPE` or `DTYPE` where one does not
   *   fit.
   * @example
   *     adam.build(model.trainableWeights);
   *     adam.setWeights(await adam.getWeights());
   */
  setWeights(values: readonly (NDArray | Tensor | TensorData)[]): void {
    const { variables } = this;
    const count = Array.isArray(values) ? values.length : undefined;
    if (count !== variables.length)
      throw mismatch(
        'setWeights',
        `a list of ${variables.length} arrays for '${this.name}'`,
        `${count ?? 'none'}${this.built ? '' : ': call build(weights) first'}`,
      );
    assignAll(variables, values);
    this.restored();
  }

  /**
   * Sets weights to their moving averages where `useEma` is set. `fit` does it at its end.
   *
   * @throws EngineError `ARGUMENT` for what is no list of variables.
   */
  finalizeVariableValues(variables: readonly Variable[]): void {
    checkEach('finalizeVariableValues', 'a list of variables', variables, (v) => v instanceof Variable);
    for (const variable of variables) {
      const average = this.averageOf(variable);
      if (average) variable.assign(average);
    }
  }

  /** The arguments that make an equal optimizer (without its slots). */
  getConfig(): Record<string, unknown> {
    const { name, lossScaleFactor } = this;
    return { name, ...(lossScaleFactor !== undefined && { lossScaleFactor }) };
  }
}
