import { expected } from '../base/checks.js';

/** When a callback keeps the state: at the end of each epoch, or each time after so many batches. */
export type SaveFreq = 'epoch' | number;

/** What {@link SaveTimes} has counted. @internal */
export interface SaveTimesState {
  readonly batches: number;
  readonly last: number;
}

/** Tells when a state is to be kept. @internal */
export class SaveTimes {
  readonly #every: SaveFreq;
  /** How many batches were counted since the last time. */
  #batches = 0;
  /** The last of them, from 0 in its epoch. */
  #last = -1;

  /** Fails unless a value is `epoch` or a number of batches, 1 or more. */
  constructor(who: string, value: unknown) {
    const every = value ?? 'epoch';
    if (every !== 'epoch' && !(Number.isSafeInteger(every) && (every as number) >= 1))
      throw expected(who, "'epoch' or a positive integer for saveFreq", value);
    this.#every = every as SaveFreq;
  }

  /** Whether it is at the ends of epochs, so that no hook on batches is needed. */
  get isByEpoch(): boolean {
    return this.#every === 'epoch';
  }

  /** Counts the batches up to one: whether the state is to be kept after it. @param batch From 0 in its epoch. */
  countBatch(batch: number): boolean {
    if (this.#every === 'epoch') return false;
    this.#batches += batch > this.#last ? batch - this.#last : batch + 1;
    this.#last = batch;
    if (this.#batches < this.#every) return false;
    this.#batches = 0;
    return true;
  }

  /** What it has counted, to be kept. */
  get state(): SaveTimesState {
    return { batches: this.#batches, last: this.#last };
  }

  set state({ batches, last }: SaveTimesState) {
    this.#batches = batches;
    this.#last = last;
  }
}
