import { shapeText } from '../base/errors.js';
import type { DType, Shape } from '../engine/engine.js';
import type { CallOptions, Operation } from './operation.js';

/** One call of a layer or an op in a model's description: what goes in and what comes out. */
export interface OperationNode {
  /** The layer, or the call of an op. */
  readonly operation: Operation;
  /** What goes in. */
  readonly inputs: readonly KerasTensor[];
  /** What comes out. */
  readonly outputs: readonly KerasTensor[];
  /** How it is called, where the call says so itself: `{ training: false }`. */
  readonly options?: CallOptions;
}

/**
 * A place between layers: it has a shape and a dtype, and knows the call that makes it, but holds no numbers. Made by `layers.input`, by
 * applying layers, and by all ops on such values.
 */
export class KerasTensor {
  /** The call that makes it. */
  readonly node: OperationNode;
  /** With the batch as first axis: -1, since it is not known. */
  readonly shape: Shape;
  /** The type of its numbers. */
  readonly dtype: DType;

  /** @internal */
  constructor(node: OperationNode, shape: Shape, dtype: DType) {
    this.node = node;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** The number of axes, the batch included. */
  get rank(): number {
    return this.shape.length;
  }

  /** Its layer or op, dtype and shape in words. */
  toString(): string {
    return `KerasTensor(${this.node.operation.name}, ${this.dtype} ${shapeText(this.shape)})`;
  }
}
