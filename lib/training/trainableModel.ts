import type { TrainedModel } from '../callbacks/index.js';
import type { DtypePolicy } from '../core/dtypePolicy.js';
import type { Sym } from '../core/sym.js';
import type { Data } from '../data/batches.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import type { CallContext } from '../core/operation.js';
import type { Metric, MetricResult } from '../metrics/index.js';
import type { Objective } from './objective.js';
import type { Mode, Trainer } from './trainer.js';

/** The inputs and outputs that a model's data is for, in order. */
export interface Endpoints {
  readonly inputs: readonly KerasTensor[];
  readonly outputs: readonly KerasTensor[];
  /** The names by which targets can be given in a record. */
  readonly outputNames: readonly string[];
}

/** All that training asks of a model. */
export interface TrainableModel extends TrainedModel {
  /** How its steps compute. */
  readonly dtypePolicy: DtypePolicy;
  /** @throws EngineError `STATE` where the model does not know its inputs yet. */
  readonly graph: Endpoints;
  /** What regularizers and layers have added to the loss while `run` was traced. */
  readonly losses: readonly Sym[];
  /** Equal strings mean equal steps: others are frozen, for example. */
  readonly state: string;
  /** The metrics in its fields and in those of its layers. */
  readonly ownMetrics: readonly Metric<MetricResult>[];
  /** Its losses and metrics. @throws EngineError `STATE` before `compile`. */
  makeObjective(): Objective;
  /** Its compiled steps. @throws EngineError `STATE` before `compile`, but for predictions; `DISPOSED`. */
  trainer(mode: Mode): Trainer;
  /** Its outputs, traced. */
  run(inputs: readonly Sym[], context: CallContext): readonly Sym[];
  /** Gives a model that does not know its input that of the data. */
  prepare(x: Data): void;
}
