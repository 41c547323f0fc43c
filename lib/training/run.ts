import { type Callback, type Logs, ProgbarLogger } from '../callbacks/index.js';
import type { RunPosition } from '../callbacks/resumedRun.js';
import { EngineError } from '../base/errors.js';
import type { Data } from '../data/batches.js';
import { unlessAborted } from './abort.js';
import type { ModelData } from './modelData.js';
import type { Feeder } from './feeder.js';
import { runSteps } from './loop.js';
import type { Yield } from './modelLock.js';
import type { RunSettings } from './options.js';
import { readData } from './readData.js';
import { RunCallbacks } from './runCallbacks.js';
import type { TrainableModel } from './trainableModel.js';
import { RunState } from './measures.js';
import type { Mode, Trainer } from './trainer.js';

/** One call of `fit`, `evaluate` or `predict`: its epochs, with everybody who wants to know. */
export class Run {
  #warned = false;
  /** The epoch of training that goes on: its steps that are done, and what they have measured. */
  #epoch: { done: number; readonly state: RunState } | undefined;

  constructor(
    readonly caller: 'fit' | 'evaluate' | 'predict',
    readonly model: TrainableModel,
    readonly trainer: Trainer,
    readonly settings: RunSettings,
    readonly yielding: Yield = (hook) => hook(),
  ) {}

  error(message: string): EngineError {
    return new EngineError('ARGUMENT', `[${this.caller}] ${message}`);
  }

  /** Warns once a call. */
  warn(message: string): void {
    if (!this.#warned) process.emitWarning(`[${this.caller}] ${message}`);
    this.#warned = true;
  }

  /** The user's arrays, checked against the model, which they may tell its inputs. */
  read(mode: Mode, x: Data, y?: Data, sampleWeight?: Data): ModelData {
    return readData(this.caller, mode, this.trainer, x, y, sampleWeight);
  }

  /**
   * The callbacks of the run, with a progress bar unless it is silent. An abort is heard while one of them is pending.
   *
   * @param own Called after those of the user.
   */
  callbacks(epochs: number, steps: number | undefined, ...own: readonly Callback[]): RunCallbacks {
    const { callbacks, verbose, signal } = this.settings;
    const bar = verbose === 0 ? [] : [new ProgbarLogger()];
    const params = { epochs, steps, verbose };
    return new RunCallbacks([...bar, ...callbacks, ...own], this.model, params, (hook) =>
      unlessAborted(this.yielding(hook), signal),
    );
  }

  /**
   * Runs the steps of one epoch.
   *
   * @param mayEnd Whether the data may be at its end, as a generator's is after its pass.
   * @param made What an earlier run has done of the epoch.
   * @returns The results; undefined where no step was made, none for predictions.
   */
  async epoch(
    mode: Mode,
    feeder: Feeder,
    callbacks: RunCallbacks,
    epoch = 0,
    mayEnd = false,
    made: Pick<RunPosition, 'step' | 'measured'> = { step: 0, measured: {} },
  ): Promise<Logs | undefined> {
    const { trainer, model } = this;
    const { signal } = this.settings;
    const measures = mode !== 'predict';
    const each = callbacks.needsBatches(mode);
    const state = new RunState(made.step > 0 ? made.measured : undefined);
    const current = { done: made.step, state };
    if (mode === 'train') this.#epoch = current;
    const logs = () => (measures ? trainer.measures.logs(state) : Promise.resolve({}));
    const stopped = () => mode === 'train' && model.stopTraining;
    try {
      await feeder.begin(epoch);
      const done = await runSteps(feeder, feeder.steps ?? Infinity, made.step, {
        stopped,
        signal,
        group: model.stepsPerExecution,
        begin: each ? (step) => callbacks.batch(mode, 'begin', step) : undefined,
        ready: measures ? () => trainer.resume(state) : undefined,
        done: ({ results }) => {
          state.take(results);
        },
        end: each
          ? async (step) => {
              current.done = step + 1;
              await callbacks.batch(mode, 'end', step, await logs());
            }
          : undefined,
        progress: async (steps) => {
          if (callbacks.progressDue) await callbacks.onProgress(steps, await logs());
        },
      });
      if (!stopped()) this.#checkSteps(mode, feeder, done, epoch, mayEnd);
      if (done === 0) return undefined;
      const results = await logs();
      await callbacks.onProgress(done, results);
      return results;
    } finally {
      if (measures) trainer.measures.release(state);
      if (mode === 'train') this.#epoch = undefined;
    }
  }

  /** What is done of the epoch of training that goes on; nothing between two. */
  async made(): Promise<Pick<RunPosition, 'step' | 'measured'>> {
    const { done, state } = this.#epoch ?? {};
    return {
      step: done ?? 0,
      measured: state ? await this.trainer.measures.numbers(state) : {},
    };
  }

  /** Fails where there was no data, and warns where there was less than was asked for. */
  #checkSteps(mode: Mode, feeder: Feeder, done: number, epoch: number, mayEnd: boolean): void {
    const what = this.caller === 'fit' && mode === 'test' ? 'batches of validationData' : 'batches';
    const at = this.caller === 'fit' ? ` in epoch ${epoch + 1}` : '';
    const remedy = 'a generator gives its batches once, an object with [Symbol.iterator] each time anew';
    if (done > 0) {
      if (done < (feeder.steps ?? 0))
        this.warn(`expected ${what} for ${feeder.steps} steps${at}, received ${done}`);
    } else if (mayEnd) {
      this.warn(`expected ${what}${at}, received none, so that training ends: ${remedy}`);
    } else {
      throw this.error(`expected ${what}${at}, received none: ${remedy}`);
    }
  }
}
