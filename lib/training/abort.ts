import { expected } from '../base/checks.js';
import { EngineError } from '../base/errors.js';

const abortedBy = (signal: AbortSignal) =>
  new EngineError('ABORTED', '[model] the run was aborted by its signal', { cause: signal.reason });

/** Fails with `ABORTED`, the signal's reason as cause, where the signal says so. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (
    signal !== undefined &&
    typeof (signal as { addEventListener?: unknown } | null)?.addEventListener !== 'function'
  )
    throw expected('model', 'an AbortSignal as signal', signal);
  if (signal?.aborted) throw abortedBy(signal);
}

/**
 * What a promise gives, unless the signal comes first: then nobody waits for the promise any more.
 *
 * @throws EngineError `ABORTED`.
 */
export async function unlessAborted<T>(pending: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return pending;
  let abort!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(abortedBy(signal));
    };
  });
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([pending, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
