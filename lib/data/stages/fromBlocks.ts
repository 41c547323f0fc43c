import { concatenated, rowsOf } from '../elements.js';
import type { Elements, Stage } from './stage.js';

/** How the rows of blocks become elements. */
export interface Batches {
  /** How many rows an element has; undefined: each element is one row. */
  readonly batchSize: number | undefined;
  /** Whether a last batch of fewer rows is left out. */
  readonly dropRemainder: boolean;
}

/**
 * The rows of blocks, one by one or in batches: what a reader of files gives, which has many rows at once.
 *
 * @param blocks Arrays with the rows first, in lists and records, from a row on.
 * @param rows How many there are; undefined where only reading tells.
 */
export const fromBlocks = (
  who: string,
  blocks: (pass: number, fromRow: number) => AsyncIterable<unknown>,
  { batchSize, dropRemainder }: Batches,
  rows: () => number | undefined,
): Stage<unknown> => ({
  sources: [],
  size: () => {
    const count = rows();
    if (count === undefined || batchSize === undefined) return count;
    return dropRemainder ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
  },
  async *open(pass, from): Elements<unknown> {
    if (batchSize === undefined) {
      for await (const block of blocks(pass, from)) {
        const { length, at } = rowsOf(who, block);
        for (let i = 0; i < length; i++) yield at(i);
      }
      return;
    }
    let parts: unknown[] = [];
    let held = 0;
    const batch = () => {
      const whole = concatenated(who, parts);
      parts = [];
      held = 0;
      return whole;
    };
    for await (const block of blocks(pass, from * batchSize)) {
      const { length, slice } = rowsOf(who, block);
      for (let i = 0; i < length;) {
        const end = Math.min(length, i + batchSize - held);
        parts.push(slice(i, end));
        held += end - i;
        i = end;
        if (held === batchSize) yield batch();
      }
    }
    if (held > 0 && !dropRemainder) yield batch();
  },
});

/** Blocks without their first rows, for a reader that cannot begin within. */
export async function* withoutRows(
  who: string,
  blocks: AsyncIterable<unknown>,
  count: number,
): Elements<unknown> {
  let left = count;
  for await (const block of blocks) {
    const { length, slice } = rowsOf(who, block);
    if (left < length) yield left === 0 ? block : slice(left, length);
    left = Math.max(0, left - length);
  }
}
