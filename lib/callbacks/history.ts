import { Callback, type Logs } from './callback.js';

/** The losses and metrics of each epoch, as `fit` returns them: see {@link history}. */
export class History extends Callback {
  /** The epochs that were run, from 0. */
  readonly epoch: number[] = [];
  /** One number an epoch for `loss`, each metric, and the same with `val_` before. */
  readonly history: Record<string, number[]> = {};

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) (this.history[name] ??= []).push(value);
  }
}
