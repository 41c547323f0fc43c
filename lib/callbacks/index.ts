export { Callback, type CallbackParams, type HookResult, type Logs } from './callback.js';
export { History, history } from './history.js';
export { type Hooks, LambdaCallback, lambdaCallback } from './lambdaCallback.js';
export { ProgbarLogger, type ProgressStream, progbarLogger } from './progbarLogger.js';
export type { MeasureOptions, TrainedModel } from './trainedModel.js';
