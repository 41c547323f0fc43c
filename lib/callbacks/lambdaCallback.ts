import { type OptionNames, expected, knownOptions } from '../base/checks.js';
import { Callback } from './callback.js';

/** The hooks of a {@link Callback} as plain functions. They may return anything; a promise is waited for. */
export type Hooks = Partial<Pick<Callback, HookName>>;

/** The names of the hooks of a {@link Callback}. */
type HookName =
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
  | 'onProgress';

const hookNames = {
  onTrainBegin: 'optional',
  onTrainEnd: 'optional',
  onEpochBegin: 'optional',
  onEpochEnd: 'optional',
  onTrainBatchBegin: 'optional',
  onTrainBatchEnd: 'optional',
  onTestBegin: 'optional',
  onTestEnd: 'optional',
  onTestBatchBegin: 'optional',
  onTestBatchEnd: 'optional',
  onPredictBegin: 'optional',
  onPredictEnd: 'optional',
  onPredictBatchBegin: 'optional',
  onPredictBatchEnd: 'optional',
  onProgress: 'optional',
} satisfies OptionNames<Hooks>;

/** A callback whose hooks are given as functions: see {@link lambdaCallback}. */
export class LambdaCallback extends Callback {
  constructor(hooks: Hooks = {}) {
    super();
    knownOptions('lambdaCallback', hooks, hookNames);
    for (const [name, hook] of Object.entries(hooks))
      if (typeof hook !== 'function') throw expected('lambdaCallback', `a function for ${name}`, hook);
    Object.assign(this, hooks);
  }
}

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
