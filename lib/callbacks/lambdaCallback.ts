import { EngineError, nearest } from '../errors.js';
import { Callback } from './callback.js';

/** The hooks of a callback as plain functions. */
export type Hooks = Partial<
  Pick<
    Callback,
    | 'onTrainBegin'
    | 'onTrainEnd'
    | 'onEpochBegin'
    | 'onEpochEnd'
    | 'onTrainBatchBegin'
    | 'onTrainBatchEnd'
    | 'onTestBegin'
    | 'onTestEnd'
    | 'onTestBatchBegin'
    | 'onTestBatchEnd'
    | 'onPredictBegin'
    | 'onPredictEnd'
    | 'onPredictBatchBegin'
    | 'onPredictBatchEnd'
    | 'onProgress'
  >
>;

/**
 * A callback of single functions. https://keras.io/api/callbacks/lambda_callback/
 *
 * @example callbacks.lambdaCallback({ onEpochEnd: (epoch, logs) => console.log(epoch, logs['loss']) });
 */
export class LambdaCallback extends Callback {
  constructor(hooks: Hooks) {
    super();
    const known = Object.getOwnPropertyNames(Callback.prototype).filter((name) => name.startsWith('on'));
    for (const [name, hook] of Object.entries(hooks)) {
      if (!known.includes(name)) {
        const near = nearest(name, known);
        throw new EngineError(
          'ARGUMENT',
          `[lambdaCallback] expected a hook, received '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`,
        );
      }
      if (typeof hook !== 'function') {
        throw new EngineError(
          'ARGUMENT',
          `[lambdaCallback] expected a function for ${name}, received ${String(hook)}`,
        );
      }
    }
    Object.assign(this, hooks);
  }
}
