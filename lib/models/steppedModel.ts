import { type OptionNames, expected, knownOptions, mismatch } from '../base/checks.js';
import { latestOwner } from '../base/latestOwner.js';
import { firstOf, listOf, oneOrAll } from '../base/list.js';
import { warnOnce } from '../base/warn.js';
import { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';
import type { OwnMember, StepData, StepLogs, StepValue, StepWeight } from '../training/index.js';
import { MeasuredModel } from './measuredModel.js';

/** What `computeMetrics` takes. */
export interface ComputeMetricsOptions {
  /** The input. */
  x?: StepValue | undefined;
  /** The targets: one, a list in the order of the outputs, or a record by their names. */
  y?: StepValue | undefined;
  /** What the model puts out, in the same forms. */
  yPred?: StepValue | undefined;
  /** Weights of samples in the same forms. Default: all weigh the same. */
  sampleWeight?: StepWeight | undefined;
}

/** What `computeLoss` takes. */
export interface ComputeLossOptions extends ComputeMetricsOptions {
  /** Whether the step trains. Default true. */
  training?: boolean;
}

const metricsNames = {
  x: 'optional',
  y: 'optional',
  yPred: 'optional',
  sampleWeight: 'optional',
} satisfies OptionNames<ComputeMetricsOptions>;

const lossNames = { ...metricsNames, training: 'boolean' } satisfies OptionNames<ComputeLossOptions>;

/** What a model does in one step of training, evaluation or prediction. */
export abstract class SteppedModel extends MeasuredModel {
  /** What changes the weights. @throws EngineError `STATE` before `compile`. */
  abstract get optimizer(): BaseOptimizer;
  /** The names by which outputs are measured. */
  abstract get outputNames(): readonly string[];

  /**
   * One step of training on one batch. A subclass may write its own: it is traced once, as the function that `compile` takes, and
   * becomes one native call with all that it computes and assigns. https://keras.io/guides/custom_train_step_in_torch/
   *
   * @param data `[x, y, sampleWeight]`, each a symbolic value, or a list of them for several inputs or outputs, in their order (a record
   *   where a model that is not connected was given one); undefined where nothing was given.
   * @returns What the logs have of the step: numbers by their names, or results of metrics. Those of the last step of an epoch are the
   *   epoch's.
   * @example
   *     class Clipped extends Model {
   *       override trainStep([x, y]: readonly [Sym, Sym]) {
   *         const yPred = this.apply(x, { training: true });
   *         const loss = this.computeLoss({ x, y, yPred });
   *         const gradients = grad(loss, this.trainableWeights).map((g) => ops.clip(g, -1, 1));
   *         this.optimizer.applyGradients(this.trainableWeights.map((weight, i) => [gradients[i], weight]));
   *         return { loss, ...this.computeMetrics({ x, y, yPred }) };
   *       }
   *     }
   */
  trainStep(data: StepData): StepLogs {
    const { loss, logs } = this.#measured('trainStep', data);
    const trained = this.trainableWeights;
    if (trained.length === 0)
      warnOnce(
        'NODEGRAD_NOTHING_TRAINED',
        `[${this.name}] trains nothing: no weight of the model is trainable`,
      );
    this.optimizer.minimize(loss, trained);
    return logs;
  }

  /**
   * One step of an evaluation on one batch, which a subclass may write itself as {@link trainStep}.
   *
   * @param data `[x, y, sampleWeight]` as that of {@link trainStep}.
   * @returns What the logs have of the step.
   */
  testStep(data: StepData): StepLogs {
    return this.#measured('testStep', data).logs;
  }

  /**
   * What the model puts out for one batch of `predict`, which a subclass may write itself as {@link trainStep}.
   *
   * @param data `[x]`.
   * @returns One output, or a list.
   */
  predictStep(data: StepData): Sym | readonly Sym[] {
    const [x] = this.#stepData('predictStep', data);
    return oneOrAll(this.applyAll(valuesOf(x), { training: false }));
  }

  /**
   * The loss of a batch, float32 []: what `compile` was given, times the weights of the outputs, and all that layers and regularizers
   * add. For use in a step; a subclass may write its own, which the steps then call.
   * https://keras.io/api/models/model_training_apis/
   *
   * @throws EngineError `STATE` where there is no loss at all; `SHAPE` where targets do not fit; `ARGUMENT` where they are missing.
   * @example
   *     class Small extends Model {
   *       override computeLoss(given: ComputeLossOptions) {
   *         return ops.add(super.computeLoss(given), ops.mean(ops.square(given.yPred as Sym)));
   *       }
   *     }
   */
  computeLoss(given: ComputeLossOptions = {}): Sym {
    knownOptions('computeLoss', given, lossNames);
    const added = this.losses;
    const loss = this.trainer('test').objective.loss(...this.#parts(given));
    const all = loss ? [loss, ...added] : added;
    if (all.length > 0) return all.reduce((sum, more) => ops.add(sum, more));
    throw mismatch(
      'computeLoss',
      `a loss for at least one output of '${this.name}', or layers that add one`,
      'none: give compile a loss',
      'STATE',
    );
  }

  /**
   * Adds a batch to the metrics that `compile` was given. For use in a step; a subclass may write its own, which the steps then call.
   * https://keras.io/api/models/model_training_apis/
   *
   * @returns What {@link getMetricsResult} gives then.
   * @throws EngineError `SHAPE` where targets do not fit; `ARGUMENT` where they are missing.
   */
  computeMetrics(given: ComputeMetricsOptions = {}): StepLogs {
    knownOptions('computeMetrics', given, metricsNames);
    this.trainer('test').objective.updateMetrics(...this.#parts(given));
    return this.getMetricsResult();
  }

  /**
   * What all {@link metrics} have measured since they began: tensors by their names in the logs, in a step symbolic values.
   * https://keras.io/api/models/model_training_apis/
   *
   * @example await model.getMetricsResult()['loss'].data();
   */
  getMetricsResult(): StepLogs {
    const results = this.keyed.map(({ key, metric }) => {
      const result = metric.result();
      return 'dtype' in result ? { [key]: result } : result;
    });
    return Object.assign({}, ...results) as StepLogs;
  }

  /** Whether any of these is a subclass's own. @internal */
  hasOwn(...members: readonly OwnMember[]): boolean {
    return members.some((name) => !LIBRARY.includes(latestOwner(this, [name])));
  }

  /** Whether the logs are what a step gives, not what was measured. @internal */
  givesLogs(mode: 'train' | 'test'): boolean {
    return this.hasOwn(`${mode}Step`, 'computeMetrics', 'getMetricsResult', 'metrics');
  }

  /** Whether it has its own step, which may need no outputs. */
  protected get hasOwnStep(): boolean {
    return this.hasOwn('trainStep', 'testStep', 'predictStep');
  }

  #measured(step: 'trainStep' | 'testStep', data: StepData) {
    const [x, y, sampleWeight] = this.#stepData(step, data);
    const training = step === 'trainStep';
    const yPred = oneOrAll(this.applyAll(valuesOf(x), { training }));
    const loss = this.computeLoss({ x, y, yPred, sampleWeight, training });
    this.trainer('test').objective.trackLoss(loss, firstOf(valuesOf(x)));
    return { loss, logs: this.computeMetrics({ x, y, yPred, sampleWeight }) };
  }

  #stepData(step: OwnMember, data: StepData): StepData {
    if (Array.isArray(data) && data.length > 0) return data;
    throw expected(`${this.name}.${step}`, 'a list of x, targets and sample weights', data);
  }

  /** Targets, outputs and weights in the order of the outputs. */
  #parts({ y, yPred, sampleWeight }: ComputeMetricsOptions) {
    const { outputNames } = this;
    return [
      valuesOf(y, outputNames),
      valuesOf(yPred, outputNames),
      valuesOf<Sym | undefined>(sampleWeight, outputNames),
    ] as const;
  }
}

/** Where the library's own members are. */
const LIBRARY: readonly object[] = [SteppedModel.prototype, MeasuredModel.prototype];

/** One or several values as a list, those of a record in the order of names. */
function valuesOf<T extends Sym | undefined = Sym>(
  given: T | readonly T[] | Readonly<Record<string, T>> | undefined,
  names: readonly string[] = Object.keys(given ?? {}),
): readonly T[] {
  if (given === undefined) return [];
  if (given instanceof Sym || Array.isArray(given)) return listOf(given as T | readonly T[]);
  const record = given as Readonly<Record<string, T>>;
  return names.map((name) => record[name] as T);
}
