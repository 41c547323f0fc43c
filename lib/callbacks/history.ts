import { Callback, type Logs } from './callback.js';

/** The losses and metrics of each epoch, as `fit` returns them: see {@link history}. */
export class History extends Callback {
  /** The epochs that were run, from 0. */
  readonly epoch: number[] = [];
  /** One number an epoch for `loss`, each metric, and the same with `val_` before. */
  readonly history: Record<string, number[]> = {};

  override getState(): unknown {
    return { epoch: this.epoch, history: this.history };
  }

  override setState(state: unknown): void {
    const { epoch, history } = state as { epoch: number[]; history: Record<string, number[]> };
    this.epoch.splice(0, this.epoch.length, ...epoch);
    for (const name of Object.keys(this.history)) Reflect.deleteProperty(this.history, name);
    Object.assign(this.history, history);
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) (this.history[name] ??= []).push(value);
  }
}

/**
 * Keeps the losses and metrics of each epoch. `fit` adds one itself and resolves to it. https://keras.io/api/callbacks/
 *
 * @returns A callback with `epoch`, the numbers of the epochs from 0, and `history`, one number an epoch for `loss`, each metric,
 *   and the same with `val_` before their names.
 * @example
 *     const { history } = await model.fit(x, y, { epochs: 3, validationSplit: 0.2 });
 *     console.log(history['loss'], history['val_loss']);
 */
export const history = () => new History();
