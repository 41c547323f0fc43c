import { type FileHandle, open } from 'node:fs/promises';
import { expected, isPlainObject } from '../base/checks.js';
import { appendWhole, attempt, fileError, readWhole } from '../base/wholeFile.js';

/** What a line of a run's log says: see {@link readRunLog}. */
export interface RunRecord {
  /** Steps of training since the weights were made: `_step` in the file. */
  readonly step: number;
  /** Seconds since 1970: `_timestamp` in the file. */
  readonly timestamp: number;
  /** Seconds since the run began: `_runtime` in the file. */
  readonly runtime: number;
  /** The epoch, from 0. */
  readonly epoch: number;
  /** The batch, from 0 in its epoch; undefined in the line at the end of an epoch. */
  readonly batch?: number;
  /** Losses, metrics and whatever else the line has, by their names. */
  readonly values: Readonly<Record<string, number>>;
}

const OWN = new Set(['_step', '_timestamp', '_runtime', 'epoch', 'batch']);
// What JSON has no numbers for, in the words of Weights & Biases.
const WORDS: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };
const NEWLINE = 10;

/** A record as a line of the file, with its end. @internal */
export function lineOf({ step, timestamp, runtime, epoch, batch, values }: RunRecord): string {
  const numbers = Object.entries(values).map(([name, value]): [string, number | string] => [
    name,
    Number.isFinite(value) ? value : String(value),
  ]);
  const place = batch === undefined ? { epoch } : { epoch, batch };
  const line: Record<string, unknown> = {
    _step: step,
    _timestamp: timestamp,
    _runtime: runtime,
    ...Object.fromEntries(numbers),
    ...place,
  };
  return `${JSON.stringify(line)}\n`;
}

/** What a line says; undefined where it is no record. @internal */
export function recordOf(line: string): RunRecord | undefined {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isPlainObject(read)) return undefined;
  const numbers = new Map(Object.entries(read).map(([name, value]) => [name, numberOf(value)]));
  const at = (name: string) => numbers.get(name) ?? NaN;
  const batch = numbers.get('batch');
  const record = {
    step: at('_step'),
    timestamp: at('_timestamp'),
    runtime: at('_runtime'),
    epoch: at('epoch'),
    ...(batch === undefined ? {} : { batch }),
  };
  if ([...numbers.values()].includes(undefined) || !Object.values(record).every(Number.isFinite))
    return undefined;
  const others = [...numbers].filter(([name]) => !OWN.has(name));
  return { ...record, values: Object.fromEntries(others) as Record<string, number> };
}

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'string' ? WORDS[value] : undefined;

/** Appends lines to a log. Each is in the file when its promise resolves. @internal */
export class RunLog {
  readonly #who: string;
  readonly #path: string;
  readonly #file: FileHandle;
  // Lines stand in the order of the calls.
  #last: Promise<unknown> = Promise.resolve();

  private constructor(who: string, path: string, file: FileHandle) {
    this.#who = who;
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens a log.
   *
   * @param append Whether lines are added to those that are there; half a line, which a process has left that was killed, is dropped.
   * @throws EngineError `IO`.
   */
  static async open(who: string, path: string, append: boolean): Promise<RunLog> {
    const file = await attempt(who, path, 'a file that can be written', async () => {
      const opened = await open(path, append ? 'a+' : 'w');
      try {
        if (append) await dropHalfLine(opened);
      } catch (error) {
        await opened.close();
        throw error;
      }
      return opened;
    });
    return new RunLog(who, path, file);
  }

  /** Adds a line. @throws EngineError `IO`. */
  append(record: RunRecord): Promise<void> {
    const done = this.#last.then(() => appendWhole(this.#who, this.#path, this.#file, lineOf(record)));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Closes the file once all is written. */
  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}

async function dropHalfLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const piece = new Uint8Array(1 << 16);
  for (let end = size; end > 0;) {
    const begin = Math.max(0, end - piece.length);
    const { bytesRead } = await file.read(piece, 0, end - begin, begin);
    const last = piece.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (last >= 0) {
      if (begin + last + 1 < size) await file.truncate(begin + last + 1);
      return;
    }
    end = begin;
  }
  await file.truncate(0);
}

/**
 * Reads the log of a run that `callbacks.jsonlLogger` has written: one line of JSON an epoch or batch, with `_step`, `_timestamp` and
 * `_runtime` as Weights & Biases has them. A half line at the end, of a run that is writing it or was killed, is left out.
 *
 * @param path The file.
 * @returns What the lines say, in their order. A run that has gone on from an earlier state has made some steps twice: there `step` falls.
 * @throws EngineError `ARGUMENT`; `IO` where the file cannot be read, and for a bad line, whose number is told.
 * @example
 *     await model.fit(x, y, { callbacks: [callbacks.jsonlLogger(`${folder}/log.jsonl`)] });
 *     for (const { step, values } of await summary.readRunLog(`${folder}/log.jsonl`)) console.log(step, values['loss']);
 */
export async function readRunLog(path: string): Promise<RunRecord[]> {
  const who = 'readRunLog';
  if (typeof (path as unknown) !== 'string' || path === '') throw expected(who, 'the name of a file', path);
  const lines = new TextDecoder().decode(await readWhole(who, path)).split('\n');
  lines.pop(); // empty, or half a line
  return lines.map((line, n) => {
    const record = recordOf(line);
    if (record !== undefined) return record;
    const what = 'a record with _step, _timestamp, _runtime and epoch, and numbers only,';
    throw fileError(who, path, `${what} in line ${n + 1}`, line.slice(0, 100));
  });
}
