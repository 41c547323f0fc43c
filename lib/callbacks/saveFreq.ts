import { expected } from '../base/checks.js';
import { EngineError } from '../base/errors.js';

/** When a callback keeps the state: at the end of each epoch, or each time after so many batches. */
export type SaveFreq = 'epoch' | number;

/** Fails unless a value is `epoch` or a number of batches, 1 or more. @internal */
export function saveFreqOf(who: string, value: unknown): SaveFreq {
  if (value === 'epoch' || (Number.isSafeInteger(value) && (value as number) >= 1)) return value as SaveFreq;
  throw expected(who, "'epoch' or a positive integer for saveFreq", value);
}

/** Fails where options name a file or folder. @internal */
export function refuseFiles(who: string, options: unknown, name: string): void {
  if (typeof options !== 'object' || options === null || !(name in options)) return;
  throw new EngineError(
    'ARGUMENT',
    `[${who}] expected no ${name}, as states are kept in memory, received ${String((options as Record<string, unknown>)[name])}`,
  );
}
