/** Makes the calls from..from + count of a seed and reports each on file descriptor 3: node child.ts SEED FROM COUNT. */
import { writeSync } from 'node:fs';
import { EngineError, Tensor } from '../../lib/index.js';
import { describe } from '../../lib/base/errors.js';
import { atLeast } from '../../lib/base/list.js';
import { callOf } from './calls.js';
import { WildError } from './values.js';

const [seed, from, count] = atLeast(process.argv.slice(2).map(Number), 3);
const report = (message: object) => writeSync(3, `${JSON.stringify(message)}\n`);

/** What is no error of ours, in words; undefined for one that is. Those of our own faults, code INTERNAL, are none to be given. */
function untyped(error: unknown): string | undefined {
  if ((error instanceof EngineError && error.code !== 'INTERNAL') || error instanceof WildError)
    return undefined;
  // What a signal or a function of the user gives as its reason is handed on.
  return error instanceof Error
    ? `${error.name}: ${error.message}\n${error.stack}`
    : `not an error: ${describe(error)}`;
}

process.on('uncaughtException', (error) => {
  const what = untyped(error);
  if (what !== undefined) report({ error: `uncaught ${what}` });
});
process.on('unhandledRejection', (error) => {
  const what = untyped(error);
  if (what !== undefined) report({ error: `unhandled ${what}` });
});

const timeout = (ms: number) =>
  new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), ms).unref());

/** Tensors are read, so that the errors of the ops that should have made them show. A list may hold itself: it may be what was given. */
async function settle(result: unknown, depth = 0): Promise<void> {
  if (result instanceof Tensor && !result.isDisposed && result.size < 1e6) await result.data();
  if (Array.isArray(result) && depth < 4)
    for (const item of result.slice(0, 4)) await settle(item, depth + 1);
}

for (let call = from; call < from + count; call++) {
  const made = callOf(seed, call);
  report({ begin: call, text: made.text });
  try {
    const result = made.run();
    const end = Promise.resolve(result).then((value) => settle(value));
    if ((await Promise.race([end, timeout(5000)])) === 'late') report({ error: 'no end after 5 s' });
  } catch (error) {
    const what = untyped(error);
    if (what !== undefined) report({ error: what });
  }
  if (call % 200 === 0) globalThis.gc?.();
}
report({ done: true });
process.exit(0);
