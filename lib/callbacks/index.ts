export { BackupAndRestore, type BackupAndRestoreOptions, backupAndRestore } from './backupAndRestore.js';
export { Callback, type CallbackParams, type HookResult, type Logs } from './callback.js';
export { CallbackList, type CallbackListOptions, type LogValues, callbackList } from './callbackList.js';
export { CSVLogger, type CSVLoggerOptions, csvLogger } from './csvLogger.js';
export { Dashboard, type DashboardOptions, dashboard } from './dashboard.js';
export { EarlyStopping, type EarlyStoppingOptions, earlyStopping } from './earlyStopping.js';
export { History, history } from './history.js';
export { JSONLLogger, type JSONLLoggerOptions, jsonlLogger } from './jsonlLogger.js';
export { type Hooks, LambdaCallback, lambdaCallback } from './lambdaCallback.js';
export {
  type EpochSchedule,
  LearningRateScheduler,
  type LearningRateSchedulerOptions,
  learningRateScheduler,
} from './learningRateScheduler.js';
export { ModelCheckpoint, type ModelCheckpointOptions, modelCheckpoint } from './modelCheckpoint.js';
export type { MonitorOptions } from './monitorCallback.js';
export { ProgbarLogger, type ProgressStream, progbarLogger } from './progbarLogger.js';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions, reduceLROnPlateau } from './reduceLROnPlateau.js';
export { RemoteMonitor, type RemoteMonitorOptions, remoteMonitor } from './remoteMonitor.js';
export type { SaveFreq } from './saveFreq.js';
export { SwapEMAWeights, type SwapEMAWeightsOptions, swapEMAWeights } from './swapEMAWeights.js';
export { TensorBoard, type TensorBoardOptions, tensorBoard } from './tensorBoard.js';
export { TerminateOnNaN, type TerminateOnNaNOptions, terminateOnNaN } from './terminateOnNaN.js';
export type { MeasureOptions, TrainedModel } from './trainedModel.js';
