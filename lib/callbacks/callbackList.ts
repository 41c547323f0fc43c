import {
  type OptionNames,
  checkEach,
  expected,
  integer,
  knownOptions,
  mismatch,
  oneOf,
} from '../base/checks.js';
import { listOf } from '../base/list.js';
import { Tensor } from '../core/tensor.js';
import { Callback, type CallbackParams, type HookResult, type Logs } from './callback.js';
import { History } from './history.js';
import { ProgbarLogger } from './progbarLogger.js';
import type { TrainedModel } from './trainedModel.js';

const WHO = 'callbackList';

/** How often those who show progress hear of the steps. */
const PROGRESS_MS = 100;

/** The numbers of an own loop by name: plain ones, or tensors of one number as compiled steps return them. */
export type LogValues = Readonly<Record<string, number | Tensor>>;

/** What {@link callbackList} takes besides the callbacks. */
export interface CallbackListOptions {
  /** Whether a {@link History} is added where the list has none. Default false. */
  addHistory?: boolean;
  /** Whether a {@link ProgbarLogger} is added where the list has none. Default false. */
  addProgbar?: boolean;
  /** The model that the hooks find. Default: that of `setModel`. */
  model?: TrainedModel;
  /** The number of the epoch before which the loop ends, for `params`. Default 1. */
  epochs?: number;
  /** Steps an epoch, for `params`. Default: not known. */
  steps?: number;
  /** What is shown, for `params`: 0 nothing, 1 a progress bar, 2 one line an epoch, 3 as 1 with the curve of the loss. Default 1. */
  verbose?: 0 | 1 | 2 | 3;
}

const listNames = {
  addHistory: 'boolean',
  addProgbar: 'boolean',
  model: 'optional',
  epochs: 'optional',
  steps: 'optional',
  verbose: 'optional',
} satisfies OptionNames<CallbackListOptions>;

type BeginHook = 'onTrainBegin' | 'onTestBegin' | 'onPredictBegin';
type EndHook = 'onTrainEnd' | 'onTestEnd' | 'onPredictEnd';
type BatchHook =
  | 'onTrainBatchBegin'
  | 'onTrainBatchEnd'
  | 'onTestBatchBegin'
  | 'onTestBatchEnd'
  | 'onPredictBatchBegin'
  | 'onPredictBatchEnd';

/** Several callbacks as one: see {@link callbackList}. */
export class CallbackList extends Callback {
  readonly #callbacks: Callback[] = [];
  /** How many of `onTrainBegin`, `onTestBegin` and `onPredictBegin` have no end yet. */
  #begun = 0;
  #shown = performance.now();
  /** Progress that nobody has heard of yet. */
  #unshown: { readonly steps: number; readonly logs: Logs } | undefined;

  constructor(callbacks: Callback | readonly Callback[] = [], options: CallbackListOptions = {}) {
    super();
    knownOptions(WHO, options, listNames);
    const { addHistory, addProgbar, model, epochs = 1, steps, verbose = 1 } = options;
    const given = listOf(callbacks);
    checkEach(WHO, 'objects of class callbacks.Callback', given, (one) => one instanceof Callback);
    this.#callbacks = given.flatMap((one) => (one instanceof CallbackList ? one.callbacks : [one]));
    if (addHistory && !this.history) this.#callbacks.push(new History());
    if (addProgbar && !this.#has(ProgbarLogger)) this.#callbacks.push(new ProgbarLogger());
    if (model !== undefined) this.setModel(model);
    this.setParams({ epochs, steps, verbose });
  }

  /** The callbacks, in the order in which they are called. */
  get callbacks(): readonly Callback[] {
    return this.#callbacks;
  }

  /** The first {@link History} of the list; undefined where there is none. */
  get history(): History | undefined {
    return this.#callbacks.find((one) => one instanceof History);
  }

  /** Adds a callback at the end, which gets the model and the params. @throws EngineError `ARGUMENT` for what is no callback. */
  append(callback: Callback): void {
    if (!(callback instanceof Callback))
      throw expected(WHO, 'an object of class callbacks.Callback', callback);
    this.#callbacks.push(callback);
    callback.setParams(this.params);
    if (this.model as TrainedModel | undefined) callback.setModel(this.model);
  }

  /** @throws EngineError `ARGUMENT` for what is no model. */
  override setModel(model: TrainedModel): void {
    if (typeof model?.getWeights !== 'function') throw expected(WHO, 'a model', model);
    super.setModel(model);
    for (const callback of this.#callbacks) callback.setModel(model);
  }

  /** @throws EngineError `ARGUMENT` for counts that are none. */
  override setParams(params: CallbackParams): void {
    integer(WHO, 'epochs', params.epochs, 0);
    if (params.steps !== undefined) integer(WHO, 'steps', params.steps, 0);
    oneOf(WHO, 'verbose', params.verbose, [0, 1, 2, 3]);
    super.setParams(params);
    for (const callback of this.#callbacks) callback.setParams(params);
  }

  override async onTrainBegin(logs: LogValues = {}): Promise<void> {
    await this.#begin('onTrainBegin', logs);
  }

  override async onTrainEnd(logs: LogValues = {}): Promise<void> {
    await this.#end('onTrainEnd', logs);
  }

  override async onTestBegin(logs: LogValues = {}): Promise<void> {
    await this.#showRest();
    await this.#begin('onTestBegin', logs);
  }

  override async onTestEnd(logs: LogValues = {}): Promise<void> {
    await this.#showRest();
    await this.#end('onTestEnd', logs);
  }

  override async onPredictBegin(logs: LogValues = {}): Promise<void> {
    await this.#begin('onPredictBegin', logs);
  }

  override async onPredictEnd(logs: LogValues = {}): Promise<void> {
    await this.#showRest();
    await this.#end('onPredictEnd', logs);
  }

  override async onEpochBegin(epoch: number, logs: LogValues = {}): Promise<void> {
    const numbers = await numbersIn(logs);
    await this.each((callback) => callback.onEpochBegin(epoch, numbers));
  }

  override async onEpochEnd(epoch: number, logs: LogValues = {}): Promise<void> {
    await this.#showRest();
    const numbers = await numbersIn(logs);
    await this.each((callback) => callback.onEpochEnd(epoch, numbers));
    await this.each((callback) => callback.epochDone(epoch));
  }

  override async onTrainBatchBegin(batch: number, logs: LogValues = {}): Promise<void> {
    await this.#batch('onTrainBatchBegin', batch, logs);
  }

  override async onTrainBatchEnd(batch: number, logs: LogValues = {}): Promise<void> {
    await this.#batchEnd('onTrainBatchEnd', batch, logs);
  }

  override async onTestBatchBegin(batch: number, logs: LogValues = {}): Promise<void> {
    await this.#batch('onTestBatchBegin', batch, logs);
  }

  override async onTestBatchEnd(batch: number, logs: LogValues = {}): Promise<void> {
    await this.#batchEnd('onTestBatchEnd', batch, logs);
  }

  override async onPredictBatchBegin(batch: number, logs: LogValues = {}): Promise<void> {
    await this.#batch('onPredictBatchBegin', batch, logs);
  }

  override async onPredictBatchEnd(batch: number, logs: LogValues = {}): Promise<void> {
    await this.#batchEnd('onPredictBatchEnd', batch, logs);
  }

  /** Calls all `onProgress` at once; the hooks at the end of a batch do it by themselves, at most ten times a second. */
  override async onProgress(steps: number, logs: LogValues = {}): Promise<void> {
    this.#shown = performance.now();
    this.#unshown = undefined;
    const numbers = await numbersIn(logs);
    await this.each((callback) => callback.onProgress(steps, numbers));
  }

  /** Whether somebody wants to hear of progress, and it is time to tell. @internal */
  get progressDue(): boolean {
    return this.overrides('onProgress') && performance.now() - this.#shown >= PROGRESS_MS;
  }

  /** Calls a hook of each, one after the other. @internal */
  protected async each(hook: (callback: Callback) => HookResult): Promise<void> {
    for (const callback of this.#callbacks) await hook(callback);
  }

  /** Whether one of the callbacks has such a hook. @internal */
  protected overrides(hook: BatchHook | 'onProgress'): boolean {
    return this.#callbacks.some((callback) => callback[hook] !== Callback.prototype[hook]);
  }

  #has(kind: typeof ProgbarLogger): boolean {
    return this.#callbacks.some((one) => one instanceof kind);
  }

  async #begin(hook: BeginHook, logs: LogValues): Promise<void> {
    this.#begun++;
    const numbers = await numbersIn(logs);
    await this.each((callback) => callback[hook](numbers));
  }

  async #end(hook: EndHook, logs: LogValues): Promise<void> {
    if (this.#begun === 0)
      throw mismatch(WHO, `${hook.replace('End', 'Begin')} before ${hook}`, 'none', 'STATE');
    const numbers = await numbersIn(logs);
    await this.each((callback) => callback[hook](numbers));
    this.#begun--;
  }

  async #batch(hook: BatchHook, batch: number, logs: LogValues): Promise<Logs> {
    const numbers = await numbersIn(logs);
    await this.each((callback) => callback[hook](batch, numbers));
    return numbers;
  }

  async #batchEnd(hook: BatchHook, batch: number, logs: LogValues): Promise<void> {
    this.#unshown = { steps: batch + 1, logs: await this.#batch(hook, batch, logs) };
    if (this.progressDue) await this.#showRest();
  }

  async #showRest(): Promise<void> {
    if (this.#unshown) await this.onProgress(this.#unshown.steps, this.#unshown.logs);
  }
}

/** A copy: what a callback adds is seen by the others in this hook, as in Keras. */
async function numbersIn(logs: LogValues): Promise<Logs> {
  const numbers: Logs = {};
  for (const [name, value] of Object.entries(logs)) {
    if (typeof value !== 'number' && !(value instanceof Tensor))
      throw expected(WHO, `a number, or a tensor of one, for ${name} in the logs`, value);
    numbers[name] = typeof value === 'number' ? value : await value.item();
  }
  return numbers;
}

/**
 * Several callbacks as one, for a training loop of one's own: each hook calls that of all in order, and waits for each. A list in the
 * callbacks of `fit` counts as what is in it. https://keras.io/api/callbacks/
 *
 * @param callbacks One or a list; a `CallbackList` among them counts as its callbacks. Default none.
 * @param options `addHistory`, `addProgbar`, `model`, and the params: see {@link CallbackListOptions}.
 * @returns A callback whose hooks return promises and also take tensors of one number in the logs. It has `callbacks`, `history`,
 *   `append`, `setModel` and `setParams`. The hooks throw EngineError `ARGUMENT` for logs of something else, `STATE` for the end of
 *   what has not begun.
 * @throws EngineError `ARGUMENT` for what is no callback, and unknown options.
 * @example
 *     const list = callbacks.callbackList([callbacks.terminateOnNaN()], { addHistory: true, model, epochs: 2 });
 *     await list.onTrainBegin();
 *     for (let epoch = 0; epoch < 2 && !model.stopTraining; epoch++) {
 *       await list.onEpochBegin(epoch);
 *       const { loss } = await model.trainOnBatch(x, y);
 *       await list.onEpochEnd(epoch, { loss });
 *     }
 *     await list.onTrainEnd();
 *     console.log(list.history?.history['loss']);
 */
export const callbackList = (callbacks?: Callback | readonly Callback[], options?: CallbackListOptions) =>
  new CallbackList(callbacks, options);
