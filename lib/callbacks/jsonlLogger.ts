import { type OptionNames, integer } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { RunLog } from '../summary/runLog.js';
import type { Logs } from './callback.js';
import { FileLogger } from './fileLogger.js';

/** What {@link jsonlLogger} takes besides the file. */
export interface JSONLLoggerOptions {
  /** When a line is written besides those at the ends of epochs: after each batch, or after each so many; `epoch`: never. Default `epoch`. */
  updateFreq?: 'epoch' | 'batch' | number;
  /** Whether lines are added to a file that is there. Default false: it is written anew. */
  append?: boolean;
}

const jsonlLoggerNames = {
  updateFreq: 'optional',
  append: 'boolean',
} satisfies OptionNames<JSONLLoggerOptions>;

const WHO = 'jsonlLogger';

/** Writes a line of JSON an epoch or batch: see {@link jsonlLogger}. */
export class JSONLLogger extends FileLogger {
  #log!: RunLog;
  #began = 0;
  #epoch = 0;
  /** The steps before this epoch. */
  #before = 0;
  /** The last batch, from 0 in its epoch. */
  #batch = -1;

  constructor(filename: string, options: JSONLLoggerOptions = {}) {
    super(WHO, filename, options, jsonlLoggerNames);
    const { updateFreq = 'epoch' } = options;
    if (updateFreq === 'epoch') return;
    const every = updateFreq === 'batch' ? 1 : integer(WHO, 'updateFreq', updateFreq);
    // Hooks on batches have their price: they are there only where they are needed.
    this.onTrainBatchEnd = async (batch, logs) => {
      const due = Math.floor((batch + 1) / every) > Math.floor((this.#batch + 1) / every);
      this.#batch = batch;
      if (due) await this.#write(this.#before + batch + 1, logs, batch);
    };
  }

  override async onTrainBegin(): Promise<void> {
    this.#log = this.keepOpen(await RunLog.open(WHO, this.filename, this.append));
    this.#began = Date.now();
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    this.#epoch = epoch;
    this.#batch = -1;
    this.#before = await this.#iterations();
  }

  override async onEpochEnd(_epoch: number, logs: Logs): Promise<void> {
    await this.#write(await this.#iterations(), logs);
  }

  async #write(step: number, values: Logs, batch?: number): Promise<void> {
    const now = Date.now();
    const time = { timestamp: now / 1000, runtime: (now - this.#began) / 1000 };
    const place = batch === undefined ? { epoch: this.#epoch } : { epoch: this.#epoch, batch };
    if (this.isOpen) await this.#log.append({ step, ...time, ...place, values });
  }

  async #iterations(): Promise<number> {
    return itemAt(await this.model.optimizer.iterations.value().data(), 0);
  }
}

/**
 * Writes a line of JSON at the end of each epoch, or after batches, too: `_step` (steps of training), `_timestamp` and `_runtime` in seconds,
 * as Weights & Biases has them, `epoch` from 0, `batch` in the lines of batches, and the logs by their names. What JSON has no number for is
 * `"NaN"`, `"Infinity"` or `"-Infinity"`. `summary.readRunLog` reads it. https://docs.wandb.ai/ref/python/sdk/classes/run/
 *
 * @param filename The file, as `log.jsonl`; its folder has to be there.
 * @throws EngineError `ARGUMENT`. `fit` rejects with `IO` where the file cannot be written.
 * @example const log = callbacks.jsonlLogger('log.jsonl', { updateFreq: 10, append: true });
 */
export const jsonlLogger = (filename: string, options?: JSONLLoggerOptions) =>
  new JSONLLogger(filename, options);
