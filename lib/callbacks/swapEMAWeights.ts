import { type OptionNames, knownOptions, mismatch } from '../base/checks.js';
import type { Tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { Callback } from './callback.js';

/** What {@link swapEMAWeights} takes. */
export interface SwapEMAWeightsOptions {
  /** Whether the averages are the weights from the end of each epoch to the begin of the next, too, for other callbacks. Default false. */
  swapOnEpoch?: boolean;
}

const WHO = 'swapEMAWeights';
const swapNames = { swapOnEpoch: 'boolean' } satisfies OptionNames<SwapEMAWeightsOptions>;

/** Measures with the moving averages of the weights: see {@link swapEMAWeights}. */
export class SwapEMAWeights extends Callback implements SwapEMAWeightsOptions {
  readonly swapOnEpoch: boolean;
  /** The weights while their averages are in their places. */
  #kept: Map<Variable, Tensor> | undefined;

  constructor(options: SwapEMAWeightsOptions = {}) {
    super();
    knownOptions(WHO, options, swapNames);
    this.swapOnEpoch = options.swapOnEpoch ?? false;
  }

  override onEpochBegin(): void {
    if (this.swapOnEpoch) this.#giveBack();
  }

  override onEpochEnd(): void {
    if (this.swapOnEpoch) this.#swap();
  }

  override onTestBegin(): void {
    this.#swap();
  }

  override onTestEnd(): void {
    this.#giveBack();
  }

  override onPredictBegin(): void {
    this.#swap();
  }

  override onPredictEnd(): void {
    this.#giveBack();
  }

  /** The averages, which are the weights now, stay. */
  override onTrainEnd(): void {
    this.#forget();
  }

  /** @internal */
  override interrupted(): void {
    this.#giveBack();
  }

  #swap(): void {
    if (this.#kept) return;
    const { optimizer, weights } = this.model;
    if (!optimizer.useEma)
      throw mismatch(WHO, 'an optimizer with useEma', `${optimizer.name} without`, 'STATE');
    this.#kept = new Map();
    for (const weight of weights) {
      const average = optimizer.averageOf(weight);
      if (!average) continue;
      this.#kept.set(weight, weight.value());
      weight.assign(average);
    }
  }

  #giveBack(): void {
    for (const [weight, numbers] of this.#kept ?? []) weight.assign(numbers);
    this.#forget();
  }

  #forget(): void {
    for (const numbers of this.#kept?.values() ?? []) numbers.dispose();
    this.#kept = undefined;
  }
}

/**
 * Puts the moving averages that the optimizer keeps (`useEma`) in the places of the weights while the model is measured, and the weights
 * back afterwards. Unlike Keras it gives them back after `predict`, too, and where the run fails.
 * https://keras.io/api/callbacks/swap_ema_weights/
 *
 * @throws EngineError `ARGUMENT` for an unknown option; in the run `STATE` where the optimizer has no `useEma`.
 * @example
 *     model.compile({ optimizer: optimizers.sgd({ useEma: true }), loss: 'mse' });
 *     const swap = callbacks.swapEMAWeights();
 *     await model.fit(x, y, { epochs: 2, validationSplit: 0.5, callbacks: [swap] });
 *     await model.evaluate(x, y, { callbacks: [swap] });
 */
export const swapEMAWeights = (options?: SwapEMAWeightsOptions) => new SwapEMAWeights(options);
