import { type OptionNames, finite, mismatch, oneOf } from '../base/checks.js';
import { warnOnce } from '../base/warn.js';
import { Callback, type Logs } from './callback.js';

/** What every callback takes that watches one number of the logs. */
export interface MonitorOptions {
  /** The key in the logs. Default `val_loss`. */
  monitor?: string;
  /**
   * Whether less is better, or more. Default `auto`: less for losses and errors, more for accuracies and the like, by the metric that is
   * watched.
   */
  mode?: 'auto' | 'min' | 'max';
  /** By how much a number has to be better to count as better. Default 0. */
  minDelta?: number;
}

/** The names of those options. @internal */
export const monitorNames = {
  monitor: 'string',
  mode: 'optional',
  minDelta: 'optional',
} satisfies OptionNames<MonitorOptions>;

/** The base of callbacks that watch one number of the logs. */
export abstract class MonitorCallback extends Callback {
  /** The key in the logs. */
  readonly monitor: string;
  readonly #who: string;
  readonly #mode: 'auto' | 'min' | 'max';
  readonly #minDelta: number;

  /** @param who Its name in messages. */
  constructor(who: string, { monitor = 'val_loss', mode = 'auto', minDelta = 0 }: MonitorOptions) {
    super();
    this.#who = who;
    this.monitor = monitor;
    this.#mode = oneOf(who, 'mode', mode, ['auto', 'min', 'max']);
    this.#minDelta = Math.abs(finite(who, 'minDelta', minDelta));
  }

  /** The number that is watched; undefined, with a warning, where the logs have none. */
  protected monitored(logs: Logs): number | undefined {
    const value = logs[this.monitor];
    if (value === undefined)
      warnOnce(
        'NODEGRAD_MONITOR',
        `[${this.#who}] expected '${this.monitor}' in the logs, received ${Object.keys(logs).join(', ')}`,
      );
    return value;
  }

  /**
   * Whether a number is better than another by more than `minDelta`; any is better than none.
   *
   * @throws EngineError `ARGUMENT` where the mode is `auto` and the number's name does not tell it.
   */
  protected improves(value: number, than: number | undefined): boolean {
    if (than === undefined) return true;
    return this.#direction() === 'down' ? value + this.#minDelta < than : value - this.#minDelta > than;
  }

  #direction(): 'up' | 'down' {
    if (this.#mode !== 'auto') return this.#mode === 'min' ? 'down' : 'up';
    const found = this.model.directionOf(this.monitor);
    if (found !== undefined) return found;
    throw mismatch(
      this.#who,
      `mode 'min' or 'max' for '${this.monitor}', of which it is not known whether less is better`,
      "'auto'",
    );
  }
}
