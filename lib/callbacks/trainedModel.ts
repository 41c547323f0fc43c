import type { OperationNode } from '../core/kerasTensor.js';
import type { Sym } from '../core/sym.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import type { NDArray } from '../core/ndarray.js';
import type { Variable } from '../core/variable.js';
import type { Data } from '../data/batches.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';
import type { Logs } from './callback.js';

/** What the methods of a model take that measure within a hook. */
export interface MeasureOptions {
  /** Samples a step. Default 32. */
  batchSize?: number;
  /** 0 shows nothing, 1 or 3 a progress bar, 2 one line. Default `auto`, of `predict` 0. */
  verbose?: 0 | 1 | 2 | 3 | 'auto';
}

/** What a hook can do with the model that runs, which is a {@link Model}. */
export interface TrainedModel {
  /** Its name in messages. */
  readonly name: string;
  /** Set to true to end training after the steps that are queued. */
  stopTraining: boolean;
  /** What changes the weights. @throws EngineError `STATE` before `compile`. */
  readonly optimizer: BaseOptimizer;
  /** All weights, in the order of {@link getWeights}. */
  readonly weights: readonly Variable[];
  /** All that training changes of the layers: weights, and the states of random generators and stateful recurrent layers. @internal */
  readonly changedVariables: readonly Variable[];
  /** The calls of its layers and of ops on their outputs; none where a subclass says by its own `call` what it does. @internal */
  readonly graphNodes: readonly OperationNode[];
  /** The loss of a batch, in a function that is traced. @internal */
  computeLoss(given: {
    readonly x: Sym;
    readonly y: Sym;
    readonly yPred: Sym;
    readonly training: boolean;
  }): Sym;
  /** The weights that the optimizer changes. */
  readonly trainableWeights: readonly Variable[];
  /** The numbers of all weights. */
  getWeights(): Promise<NDArray[]>;
  /** Gives all weights new numbers. */
  setWeights(values: readonly (NDArray | Tensor | TensorData)[]): void;
  /** Writes the model to a file. */
  save(path: string): Promise<void>;
  /** Writes the weights to a file. */
  saveWeights(path: string): Promise<void>;
  /** Whether more of a number in the logs is better (`up`) or less (`down`); undefined where that is not known. */
  directionOf(monitor: string): 'up' | 'down' | undefined;
  /** The loss and the metrics over arrays. */
  evaluate(x: Data, y: Data, options?: MeasureOptions): Promise<Logs>;
  /** The outputs for samples, in the structure of the model's outputs. */
  predict(x: Data, options?: MeasureOptions): Promise<unknown>;
}
