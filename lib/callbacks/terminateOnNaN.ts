import { type OptionNames, boolean, knownOptions, mismatch } from '../base/checks.js';
import { Callback, type Logs } from './callback.js';

/** What {@link terminateOnNaN} takes. */
export interface TerminateOnNaNOptions {
  /** Whether `fit` rejects with an error instead of ending training. Default false. */
  raiseError?: boolean;
}

const terminateOnNaNNames = { raiseError: 'boolean' } satisfies OptionNames<TerminateOnNaNOptions>;

/** Ends training when the loss is no number any more: see {@link terminateOnNaN}. */
export class TerminateOnNaN extends Callback {
  readonly #raiseError: boolean;

  constructor(options: TerminateOnNaNOptions = {}) {
    super();
    knownOptions('terminateOnNaN', options, terminateOnNaNNames);
    this.#raiseError = boolean('terminateOnNaN', 'raiseError', options.raiseError ?? false);
  }

  override onProgress(steps: number, logs: Logs): void {
    this.#check(`step ${steps}`, logs);
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.#check(`epoch ${epoch + 1}`, logs);
  }

  #check(when: string, logs: Logs): void {
    const loss = logs['loss'];
    if (loss === undefined || Number.isFinite(loss) || this.model.stopTraining) return;
    if (this.#raiseError) throw mismatch('terminateOnNaN', 'a finite loss', `${loss} at ${when}`, 'STATE');
    console.log(`${when}: the loss is ${loss}, training ends`);
    this.model.stopTraining = true;
  }
}

/**
 * Ends training when the loss is NaN or infinite. It looks at most ten times a second and at the end of each epoch, so that steps still run
 * many at a time; what follows the first NaN is lost in any case. https://keras.io/api/callbacks/terminate_on_nan/
 *
 * @throws EngineError `STATE` from `fit`, with `raiseError`.
 * @example await model.fit(x, y, { callbacks: [callbacks.terminateOnNaN()] });
 */
export const terminateOnNaN = (options?: TerminateOnNaNOptions) => new TerminateOnNaN(options);
