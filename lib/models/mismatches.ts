import { expected } from '../base/checks.js';
import { warnOnce } from '../base/warn.js';

/** What of a file does not fit a model. */
export class Mismatches {
  readonly #texts: string[] = [];

  add(text: string): void {
    this.#texts.push(text);
  }

  /** Fails where there are some, or warns of them. */
  check(who: string, path: string, skip: boolean): void {
    const [first] = this.#texts;
    if (first === undefined) return;
    const others = this.#texts.length - 1;
    const text = `${first}${others > 0 ? `, and ${others} more that do not fit` : ''}`;
    if (!skip)
      throw expected(who, `weights in ${path} that fit the model (or skipMismatch)`, {
        toString: () => text,
      });
    warnOnce('NODEGRAD_SKIPPED_WEIGHTS', `[${who}] ${path}: skipped ${text}`);
  }
}
