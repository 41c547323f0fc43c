import type { Logs } from '../callbacks/index.js';
import { oneOrAll } from '../base/list.js';
import type { ReturnOptions } from '../training/index.js';

/** Asks for a list instead of a record. */
export interface ReturnList {
  /** That no record is wanted: the numbers come in a list, one alone as a number. */
  returnDict: false;
}

/** What measuring gives under options: a record of numbers, or with `returnDict: false` one number or a list. */
export type Returned<O extends ReturnOptions> = O extends { readonly returnDict: false }
  ? number | readonly number[]
  : Logs;

/** What was measured, as `returnDict` asks for it. */
export function returned<O extends ReturnOptions>(logs: Logs, { returnDict = true }: O): Returned<O> {
  return (returnDict ? logs : oneOrAll(Object.values(logs))) as Returned<O>;
}
