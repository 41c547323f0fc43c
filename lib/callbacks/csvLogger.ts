import { type FileHandle, open } from 'node:fs/promises';
import { type OptionNames, expected } from '../base/checks.js';
import { appendWhole, attempt } from '../base/wholeFile.js';
import type { Logs } from './callback.js';
import { FileLogger } from './fileLogger.js';

const WHO = 'csvLogger';

/** What {@link csvLogger} takes besides the file. */
export interface CSVLoggerOptions {
  /** What stands between two cells, one character. Default a comma. */
  separator?: string;
  /** Whether rows are added to a file that is there. Default false: it is written anew. */
  append?: boolean;
}

const csvLoggerNames = { separator: 'string', append: 'boolean' } satisfies OptionNames<CSVLoggerOptions>;

/** Writes the logs of each epoch to a file: see {@link csvLogger}. */
export class CSVLogger extends FileLogger {
  #file!: FileHandle;
  readonly #separator: string;
  #keys: readonly string[] | undefined;
  #hasHeader = false;

  constructor(filename: string, options: CSVLoggerOptions = {}) {
    super(WHO, filename, options, csvLoggerNames);
    this.#separator = options.separator ?? ',';
    if (this.#separator.length !== 1) throw expected(WHO, 'one character as separator', options.separator);
  }

  override async onTrainBegin(): Promise<void> {
    this.#keys = undefined;
    const file = await attempt(WHO, this.filename, 'a file that can be written', () =>
      open(this.filename, this.append ? 'a' : 'w'),
    );
    this.#file = this.keepOpen(file);
    this.#hasHeader = (await file.stat()).size > 0;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    if (this.#keys === undefined) {
      const keys = Object.keys(logs).sort();
      // Rows of epochs that are not validated have the same cells.
      const validated = keys.some((key) => key.startsWith('val_'));
      this.#keys = validated ? keys : [...keys, ...keys.map((key) => `val_${key}`)];
      if (!this.#hasHeader) await this.#write(['epoch', ...this.#keys]);
    }
    await this.#write([String(epoch), ...this.#keys.map((key) => cellOf(logs[key]))]);
  }

  async #write(cells: readonly string[]): Promise<void> {
    const line = cells.map((cell) => quoted(cell, this.#separator)).join(this.#separator);
    if (this.isOpen) await appendWhole(WHO, this.filename, this.#file, `${line}\r\n`);
  }
}

/** As Python writes floats: `2.0`, `1e-05`; `NA` where there is none. */
function cellOf(value: number | undefined): string {
  if (value === undefined) return 'NA';
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [digits, exponent] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16))
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const quoted = (cell: string, separator: string): string =>
  cell.includes(separator) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

/**
 * Writes the epoch and its logs to a CSV file, a row an epoch as soon as it ends: Keras's file. https://keras.io/api/callbacks/csv_logger/
 *
 * @param filename The file; its folder has to be there.
 * @throws EngineError `ARGUMENT`; in `fit` `IO` where the file cannot be written: the rows before stay whole.
 * @example const log = callbacks.csvLogger('training.csv', { append: true });
 */
export const csvLogger = (filename: string, options?: CSVLoggerOptions) => new CSVLogger(filename, options);
