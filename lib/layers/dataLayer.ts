import { mismatch } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { listOf } from '../base/list.js';
import { KerasTensor } from '../core/kerasTensor.js';
import { Sym } from '../core/sym.js';
import { type CallContext, Layer } from './layer.js';

/**
 * A layer for data before it is numbers, such as text. It runs in JavaScript on plain data, so it comes before a model, not into it:
 * `layer.apply(texts)` gives what `fit` and `predict` take. https://keras.io/api/layers/preprocessing_layers/
 */
export abstract class DataLayer<Input, Output> extends Layer {
  /**
   * Applies the layer to plain data.
   *
   * @throws EngineError `ARGUMENT` for symbolic values and for data of another kind.
   */
  override apply(x: Input): Output;
  /** Fails: the layer takes plain data. */
  override apply(
    x: Sym | readonly Sym[] | KerasTensor | readonly KerasTensor[],
    context?: Partial<CallContext>,
  ): never;
  override apply(x: unknown): unknown {
    if (listOf(x).some((item) => item instanceof Sym || item instanceof KerasTensor))
      throw this.#notSymbolic();
    return this.transform(x as Input);
  }

  /** Fails: the layer takes plain data, and gives one output. */
  override applyAll(): never {
    throw this.#notSymbolic();
  }

  /** Fails: the layer takes plain data. */
  call(): never {
    throw this.#notSymbolic();
  }

  /** What {@link apply} does. */
  protected abstract transform(x: Input): Output;

  #notSymbolic(): EngineError {
    return mismatch(
      this.name,
      'plain data',
      'a symbolic value: apply the layer to the data before the model takes it',
    );
  }
}
