import type { Model } from '../models/model.js';
import type { OutputStructure } from '../models/structure.js';

/** Losses and metrics by name. */
export type Logs = Record<string, number>;

/** What a run is about to do. */
export interface CallbackParams {
  epochs: number;
  /** Steps an epoch; undefined where the data does not tell. */
  steps: number | undefined;
  /** 0: silent, 1: a progress bar, 2: one line an epoch. */
  verbose: 0 | 1 | 2;
}

/** A hook may be async: the run waits for it. */
export type HookResult = void | Promise<void>;

/**
 * Something that watches a run of `fit`, `evaluate` or `predict`. A subclass overrides the hooks it needs. With a hook on batches the
 * engine gets one step at a time and each step's metrics are read; without, many steps are queued at once. Hooks may call `evaluate`,
 * `testOnBatch` and `predict` of the same model, but not train or compile it.
 * https://keras.io/api/callbacks/base_callback/
 *
 * @example
 *     class Log extends callbacks.Callback {
 *       override onEpochEnd(epoch: number, logs: Logs) {
 *         console.log(epoch, logs['loss']);
 *       }
 *     }
 */
export class Callback {
  /** Set before the first hook. */
  params!: CallbackParams;
  /** Set before the first hook. */
  model!: Model<OutputStructure>;

  setParams(params: CallbackParams): void {
    this.params = params;
  }

  setModel(model: Model<OutputStructure>): void {
    this.model = model;
  }

  onTrainBegin(_logs: Logs): HookResult {}
  /** @param _logs Those of the last epoch. */
  onTrainEnd(_logs: Logs): HookResult {}
  /** @param _epoch From 0. */
  onEpochBegin(_epoch: number, _logs: Logs): HookResult {}
  /** @param _logs The epoch's means, those of the validation with `val_` before their names. */
  onEpochEnd(_epoch: number, _logs: Logs): HookResult {}
  /** @param _batch From 0 in each epoch. */
  onTrainBatchBegin(_batch: number, _logs: Logs): HookResult {}
  /** @param _logs The means of the epoch so far. */
  onTrainBatchEnd(_batch: number, _logs: Logs): HookResult {}
  /** Before an evaluation, the validation within `fit` included. */
  onTestBegin(_logs: Logs): HookResult {}
  onTestEnd(_logs: Logs): HookResult {}
  onTestBatchBegin(_batch: number, _logs: Logs): HookResult {}
  onTestBatchEnd(_batch: number, _logs: Logs): HookResult {}
  onPredictBegin(_logs: Logs): HookResult {}
  onPredictEnd(_logs: Logs): HookResult {}
  onPredictBatchBegin(_batch: number, _logs: Logs): HookResult {}
  onPredictBatchEnd(_batch: number, _logs: Logs): HookResult {}

  /**
   * At most ten times a second during any run: for what is shown to people. Unlike the hooks on batches it slows nothing down.
   *
   * @param _steps How many steps of the epoch are done.
   * @param _logs The means so far.
   */
  onProgress(_steps: number, _logs: Logs): HookResult {}
}
