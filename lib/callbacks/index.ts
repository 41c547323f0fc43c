import { History } from './history.js';
import { type Hooks, LambdaCallback } from './lambdaCallback.js';
import { ProgbarLogger, type ProgressStream } from './progbarLogger.js';

export { Callback } from './callback.js';
export type { CallbackParams, HookResult, Logs } from './callback.js';
export { History, LambdaCallback, ProgbarLogger };
export type { Hooks, ProgressStream };

/**
 * A callback of single functions, where a subclass of `Callback` would be more to write.
 *
 * @param hooks The hooks of a {@link Callback} by name. They may return anything; a promise is waited for.
 *   https://keras.io/api/callbacks/lambda_callback/
 * @throws EngineError `ARGUMENT` for an unknown hook, telling the nearest, or what is no function.
 * @example
 *     const losses: number[] = [];
 *     const keep = callbacks.lambdaCallback({ onEpochEnd: (epoch, logs) => losses.push(logs['loss']) });
 *     await model.fit(x, y, { epochs: 5, callbacks: [keep] });
 */
export const lambdaCallback = (hooks: Hooks) => new LambdaCallback(hooks);
/**
 * Shows how a run is getting on: in a terminal a bar with steps, times, losses and metrics; elsewhere, or with `verbose: 2`, one
 * line an epoch. `fit`, `evaluate` and `predict` add one themselves unless `verbose` is 0: this one is for a second stream.
 * https://keras.io/api/callbacks/progbar_logger/
 *
 * @param stream Default `process.stdout`.
 * @throws EngineError `ARGUMENT` where the stream cannot be written to.
 * @example await model.fit(x, y, { verbose: 2, callbacks: [callbacks.progbarLogger(process.stderr)] });
 */
export const progbarLogger = (stream?: ProgressStream) => new ProgbarLogger(stream);
/**
 * Keeps the losses and metrics of each epoch. `fit` adds one itself and resolves to it. https://keras.io/api/callbacks/
 *
 * @returns A callback with `epoch`, the numbers of the epochs from 0, and `history`, one number an epoch for `loss`, each metric,
 *   and the same with `val_` before their names.
 * @example
 *     const { history } = await model.fit(x, y, { epochs: 3, validationSplit: 0.2 });
 *     console.log(history['loss'], history['val_loss']);
 */
export const history = () => new History();
