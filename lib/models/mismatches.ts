import { mismatch } from '../base/checks.js';
import { shapeText } from '../base/errors.js';
import { warnOnce } from '../base/warn.js';
import type { Shape } from '../engine/engine.js';

/** What of a file does not fit a model. */
export class Mismatches {
  readonly #texts: string[] = [];

  add(text: string): void {
    this.#texts.push(text);
  }

  /**
   * Whether what a file has fits; else it is added.
   *
   * @param stored The shape in the file; undefined where it has none.
   * @param where Its place there, in words such as `at vars/0`.
   */
  fits(stored: Shape | undefined, where: string, shape: Shape, name: string): boolean {
    const isEqual = stored?.length === shape.length && stored.every((n, i) => n === shape[i]);
    if (!isEqual)
      this.add(`${stored ? shapeText(stored) : 'nothing'} ${where} for ${shapeText(shape)} of '${name}'`);
    return isEqual;
  }

  /** Fails where there are some, or warns of them. */
  check(who: string, path: string, skip: boolean): void {
    const [first] = this.#texts;
    if (first === undefined) return;
    const others = this.#texts.length - 1;
    const text = `${first}${others > 0 ? `, and ${others} more that do not fit` : ''}`;
    if (!skip) throw mismatch(who, `weights in ${path} that fit the model (or skipMismatch)`, text);
    warnOnce('NODEGRAD_SKIPPED_WEIGHTS', `[${who}] ${path}: skipped ${text}`);
  }
}
