import type { ResumedRun, RunAccess } from './resumedRun.js';
import type { TrainedModel } from './trainedModel.js';

/** The means of the loss and the metrics by name, such as `loss`, `accuracy`, `val_loss`. */
export type Logs = Record<string, number>;

/** What a run is about to do. */
export interface CallbackParams {
  /** The number of the epoch before which training ends, as given to `fit`; 1 for `evaluate` and `predict`. */
  epochs: number;
  /** Steps an epoch; undefined where the data does not tell. */
  steps: number | undefined;
  /** 0: silent, 1: a progress bar, 2: one line an epoch, 3: as 1 with the curve of the loss. */
  verbose: 0 | 1 | 2 | 3;
}

/** A hook may return anything. The run waits for a promise; an error or a rejection ends the run with it. */
export type HookResult = unknown;

/**
 * Watches a run of `fit`, `evaluate` or `predict`: a subclass overrides the hooks that it needs.
 *
 * With a hook on batches the engine gets one step at a time and each step's metrics are read; without one, many steps are queued
 * at once. Hooks may call `evaluate`, `testOnBatch` and `predict` of the same model, but not train or compile it. To end training,
 * a hook sets `this.model.stopTraining = true`. https://keras.io/api/callbacks/base_callback/
 *
 * @example
 *     class Log extends callbacks.Callback {
 *       override onEpochEnd(epoch: number, logs: Logs) {
 *         console.log(epoch, logs['loss']);
 *       }
 *     }
 *     await model.fit(x, y, { callbacks: [new Log()] });
 */
export class Callback {
  /** What the run is about to do. Set before the first hook. */
  params!: CallbackParams;
  /** The model that runs. Set before the first hook. */
  model!: TrainedModel;

  /** What it may keep of a run of `fit`. @internal */
  access: RunAccess | undefined;

  /** Takes what the run is about to do; called before the first hook. */
  setParams(params: CallbackParams): void {
    this.params = params;
  }

  /** Takes the model that runs; called before the first hook. */
  setModel(model: TrainedModel): void {
    this.model = model;
  }

  /** The epoch, from 0, with which `fit` begins, where the callback goes on with an earlier one. @internal */
  get firstEpoch(): number | undefined {
    return undefined;
  }

  /**
   * What it needs to go on in another process, besides its options: numbers, strings, lists, records and NDArrays. `backupAndRestore`
   * keeps it. Default nothing.
   */
  getState(): unknown {
    return undefined;
  }

  /**
   * Takes what {@link getState} gave in an earlier run, after `onTrainBegin`.
   *
   * @param _state What it gave, undefined left out of records.
   */
  setState(_state: unknown): void {
    return;
  }

  /** What a run that is resumed goes on with, once `onTrainBegin` was called. @internal */
  get resumed(): ResumedRun | undefined {
    return undefined;
  }

  /** After `onEpochEnd` of all callbacks of `fit`. @internal */
  epochDone(_epoch: number): HookResult {
    return;
  }

  /** Hears that the run has failed: what was borrowed of the model is given back. @internal */
  interrupted(): HookResult {
    return;
  }

  /**
   * At the begin of `fit`.
   *
   * @param _logs Empty.
   */
  onTrainBegin(_logs: Logs): HookResult {
    return;
  }

  /**
   * At the end of `fit`.
   *
   * @param _logs The means of the last epoch.
   */
  onTrainEnd(_logs: Logs): HookResult {
    return;
  }

  /**
   * At the begin of each epoch of `fit`.
   *
   * @param _epoch From 0.
   * @param _logs Empty.
   */
  onEpochBegin(_epoch: number, _logs: Logs): HookResult {
    return;
  }

  /**
   * At the end of each epoch of `fit`, after its validation.
   *
   * @param _epoch From 0.
   * @param _logs The means of the epoch, those of the validation with `val_` before their names.
   */
  onEpochEnd(_epoch: number, _logs: Logs): HookResult {
    return;
  }

  /**
   * Before each step of training.
   *
   * @param _batch From 0 in each epoch.
   * @param _logs Empty.
   */
  onTrainBatchBegin(_batch: number, _logs: Logs): HookResult {
    return;
  }

  /**
   * After each step of training.
   *
   * @param _batch From 0 in each epoch.
   * @param _logs The means of the epoch so far.
   */
  onTrainBatchEnd(_batch: number, _logs: Logs): HookResult {
    return;
  }

  /**
   * At the begin of `evaluate`, and of each validation within `fit`.
   *
   * @param _logs Empty.
   */
  onTestBegin(_logs: Logs): HookResult {
    return;
  }

  /**
   * At the end of `evaluate`, and of each validation within `fit`.
   *
   * @param _logs The means over the data.
   */
  onTestEnd(_logs: Logs): HookResult {
    return;
  }

  /**
   * Before each step of an evaluation or validation.
   *
   * @param _batch From 0.
   * @param _logs Empty.
   */
  onTestBatchBegin(_batch: number, _logs: Logs): HookResult {
    return;
  }

  /**
   * After each step of an evaluation or validation.
   *
   * @param _batch From 0.
   * @param _logs The means so far.
   */
  onTestBatchEnd(_batch: number, _logs: Logs): HookResult {
    return;
  }

  /**
   * At the begin of `predict`.
   *
   * @param _logs Empty.
   */
  onPredictBegin(_logs: Logs): HookResult {
    return;
  }

  /**
   * At the end of `predict`.
   *
   * @param _logs Empty.
   */
  onPredictEnd(_logs: Logs): HookResult {
    return;
  }

  /**
   * Before each step of `predict`.
   *
   * @param _batch From 0.
   * @param _logs Empty.
   */
  onPredictBatchBegin(_batch: number, _logs: Logs): HookResult {
    return;
  }

  /**
   * After each step of `predict`.
   *
   * @param _batch From 0.
   * @param _logs Empty.
   */
  onPredictBatchEnd(_batch: number, _logs: Logs): HookResult {
    return;
  }

  /**
   * At most ten times a second during any run: for what is shown to people. It slows nothing down, unlike the hooks on batches.
   *
   * @param _steps How many steps of the epoch are done.
   * @param _logs The means so far.
   */
  onProgress(_steps: number, _logs: Logs): HookResult {
    return;
  }
}
