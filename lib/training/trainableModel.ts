import type { TrainedModel } from '../callbacks/index.js';
import type { DtypePolicy } from '../core/dtypePolicy.js';
import type { DeviceName } from '../engine/devices.js';
import type { Sym } from '../core/sym.js';
import type { Data } from '../data/batches.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import type { CallContext } from '../core/operation.js';
import type { Metric, MetricResult } from '../metrics/index.js';
import type { Objective } from './objective.js';
import type { StepData, StepLogs } from './step.js';
import type { Mode, Trainer } from './trainer.js';

/** The inputs and outputs that a model's data is for, in order. */
export interface Endpoints {
  readonly inputs: readonly KerasTensor[];
  readonly outputs: readonly KerasTensor[];
  /** The names by which targets can be given in a record. */
  readonly outputNames: readonly string[];
}

/** What a subclass may write itself of the steps. */
export type OwnMember =
  | 'trainStep'
  | 'testStep'
  | 'predictStep'
  | 'computeLoss'
  | 'computeMetrics'
  | 'getMetricsResult'
  | 'resetMetrics'
  | 'metrics';

/** All that training asks of a model. */
export interface TrainableModel extends TrainedModel {
  /** Whether each step is traced anew, with numbers to look at. */
  readonly runEagerly: boolean;
  /** After how many steps hooks on batches are called. */
  readonly stepsPerExecution: number;
  /** How its steps compute. */
  readonly dtypePolicy: DtypePolicy;
  /** Where its steps run; undefined: where all that is compiled does. */
  readonly device: DeviceName | undefined;
  /** Its inputs and outputs; undefined where it does not know them. */
  knownGraph(): Endpoints | undefined;
  /** Equal strings mean equal steps: others are frozen, for example. */
  readonly state: string;
  /** The metrics in its fields and in those of its layers. */
  readonly ownMetrics: readonly Metric<MetricResult>[];
  /** Its losses and metrics. @throws EngineError `STATE` before `compile`. */
  makeObjective(): Objective;
  /** Its compiled steps. @throws EngineError `STATE` before `compile`, but for predictions; `DISPOSED`. */
  trainer(mode: Mode): Trainer;
  /** One step of training, traced: what it tells the logs. */
  trainStep(data: StepData): StepLogs;
  /** One step of an evaluation, traced: what it tells the logs. */
  testStep(data: StepData): StepLogs;
  /** Its outputs, traced. */
  predictStep(data: StepData): Sym | readonly Sym[];
  /** Whether a step, or something that it calls, is the model's own. */
  hasOwn(...members: readonly OwnMember[]): boolean;
  /** Whether the logs are what a step gives, not what was measured. */
  givesLogs(mode: 'train' | 'test'): boolean;
  /** Runs what applies layers, which are within the model, with a context. */
  within<T>(context: Partial<CallContext>, body: () => T): T;
  /** Makes its metrics begin anew. */
  resetMetrics(): void;
  /** Gives a model that does not know its input that of the data. */
  prepare(x: Data): void;
}
