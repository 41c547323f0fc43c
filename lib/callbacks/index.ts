import { History } from './history.js';
import { type Hooks, LambdaCallback } from './lambdaCallback.js';
import { ProgbarLogger, type ProgressStream } from './progbarLogger.js';

export { Callback } from './callback.js';
export type { CallbackParams, HookResult, Logs } from './callback.js';
export { History, LambdaCallback, ProgbarLogger };
export type { Hooks, ProgressStream };

/** See {@link LambdaCallback}. */
export const lambdaCallback = (hooks: Hooks) => new LambdaCallback(hooks);
/** See {@link ProgbarLogger}. */
export const progbarLogger = (stream?: ProgressStream) => new ProgbarLogger(stream);
/** See {@link History}. */
export const history = () => new History();
