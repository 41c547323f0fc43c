import { type OptionNames, expected, integer, knownOptionsOf, positive } from '../base/checks.js';
import { firstOf } from '../base/list.js';
import { objectConfig } from '../base/registry.js';
import { type SavedState, savedVariable, savedZeros } from '../core/savedValue.js';
import type { Sym } from '../core/sym.js';
import { type Variable, variable } from '../core/variable.js';
import * as ops from '../ops/index.js';
import { BaseOptimizer, type GradientPair } from './baseOptimizer.js';

/** What {@link lossScaleOptimizer} takes. */
export interface LossScaleOptimizerOptions {
  /** The optimizer that changes the weights; its own `lossScaleFactor` is not used. */
  innerOptimizer: BaseOptimizer;
  /** The first scale, above 0. Default 2¹⁵. */
  initialScale?: number;
  /** After how many steps with finite gradients the scale is doubled. Default 2000. */
  dynamicGrowthSteps?: number;
  /** The name in configurations. Default `lossScaleOptimizer`. */
  name?: string;
}

/** The largest number of float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** The optimizer that {@link lossScaleOptimizer} makes. */
export class LossScaleOptimizer extends BaseOptimizer implements LossScaleOptimizerOptions {
  static override readonly optionNames = {
    innerOptimizer: 'required',
    initialScale: 'optional',
    dynamicGrowthSteps: 'optional',
    name: 'string',
  } satisfies OptionNames<LossScaleOptimizerOptions>;
  readonly className = 'LossScaleOptimizer';
  readonly innerOptimizer: BaseOptimizer;
  readonly initialScale: number;
  readonly dynamicGrowthSteps: number;
  #state: { stepCounter: Variable; dynamicScale: Variable } | undefined;

  constructor(options: LossScaleOptimizerOptions) {
    const who = knownOptionsOf(new.target, options);
    const { innerOptimizer, initialScale = 2 ** 15, dynamicGrowthSteps = 2000, name } = options;
    super({ name });
    if (!(innerOptimizer instanceof BaseOptimizer) || innerOptimizer instanceof LossScaleOptimizer)
      throw expected(who, 'an optimizer without a loss scale as innerOptimizer', innerOptimizer);
    this.innerOptimizer = innerOptimizer;
    this.initialScale = positive(who, 'initialScale', initialScale);
    this.dynamicGrowthSteps = integer(who, 'dynamicGrowthSteps', dynamicGrowthSteps);
  }

  /** The learning rate of the inner optimizer, with its rules. */
  get learningRate(): number {
    return this.innerOptimizer.learningRate;
  }

  set learningRate(rate: number) {
    this.innerOptimizer.learningRate = rate;
  }

  get iterations(): Variable {
    return this.innerOptimizer.iterations;
  }

  /** The scale of the next step, float32 []. */
  get dynamicScale(): Variable {
    return this.#own.dynamicScale;
  }

  /** How many steps with finite gradients there were since the scale changed, float32 []. */
  get stepCounter(): Variable {
    return this.#own.stepCounter;
  }

  get built(): boolean {
    return this.#state !== undefined;
  }

  get variables(): Variable[] {
    return [this.stepCounter, this.dynamicScale, ...this.innerOptimizer.variables];
  }

  get useEma(): boolean {
    return this.innerOptimizer.useEma;
  }

  averageOf(weight: Variable): Variable | undefined {
    return this.innerOptimizer.averageOf(weight);
  }

  override scaleLoss(loss: Sym): Sym {
    return ops.multiply(loss, loss.trace.lift(this.dynamicScale));
  }

  /** @internal */
  applyPairs(pairs: readonly GradientPair[]): void {
    const { trace } = firstOf(pairs)[0];
    const { stepCounter, dynamicScale } = this;
    const scale = trace.lift(dynamicScale);
    const finite = pairs
      .map(([gradient]) => isFinite(gradient))
      .reduce((all, one) => ops.logicalAnd(all, one));
    trace.assignWhere(finite, () => {
      this.innerOptimizer.applyPairs(
        pairs.map(([gradient, target]) => [ops.divide(gradient, scale), target]),
      );
    });
    const count = ops.add(trace.lift(stepCounter), 1);
    const grows = ops.greaterEqual(count, this.dynamicGrowthSteps);
    const counts = ops.logicalAnd(finite, ops.logicalNot(grows));
    trace.assign(stepCounter, ops.where(counts, count, 0));
    const factor = ops.where(finite, ops.where(grows, 2, 1), 0.5);
    trace.assign(dynamicScale, ops.multiply(scale, factor));
  }

  /** @internal */
  savedState(weights: readonly Variable[]): SavedState {
    const inner = this.innerOptimizer.savedState(weights);
    const own = [
      savedZeros([]),
      savedZeros([]),
      savedVariable(this.stepCounter),
      savedVariable(this.dynamicScale),
    ];
    return { values: [...own, ...inner.values], within: { inner_optimizer: inner } };
  }

  /** @internal */
  restored(): void {
    this.innerOptimizer.restored();
  }

  dispose(): void {
    this.innerOptimizer.dispose();
    this.#state?.stepCounter.dispose();
    this.#state?.dynamicScale.dispose();
    this.#state = undefined;
  }

  override getConfig(): Record<string, unknown> {
    const { initialScale, dynamicGrowthSteps } = this;
    const innerOptimizer = objectConfig(this.innerOptimizer);
    return { ...super.getConfig(), innerOptimizer, initialScale, dynamicGrowthSteps };
  }

  get #own() {
    return (this.#state ??= {
      stepCounter: variable(0, { name: 'stepCounter', trainable: false }),
      dynamicScale: variable(this.initialScale, { name: 'dynamicScale', trainable: false }),
    });
  }
}

/** Whether all numbers are finite, bool []: the largest of a list with a NaN is NaN. */
const isFinite = (x: Sym): Sym => ops.lessEqual(ops.max(ops.abs(x)), LARGEST);

/**
 * Scales the loss, so that small gradients do not vanish in a narrow type, and the gradients back: a step with gradients that are not
 * finite is left out and halves the scale, `dynamicGrowthSteps` steps with finite ones double it. `mixedBfloat16` does not need it, as
 * bfloat16 has the range of float32. https://keras.io/api/optimizers/loss_scale_optimizer/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example
 *     const optimizer = optimizers.lossScaleOptimizer({ innerOptimizer: optimizers.adam() });
 *     model.compile({ optimizer, loss: 'mse' });
 */
export const lossScaleOptimizer = (options: LossScaleOptimizerOptions) => new LossScaleOptimizer(options);
