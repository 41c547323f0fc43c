import { shapeText } from '../base/errors.js';
import type { DType, Shape } from '../engine/engine.js';
import type { Layer } from './layer.js';

/** One call of a layer in a model's description: what goes in and what comes out. */
export interface LayerNode {
  /** The layer that is called. */
  readonly layer: Layer;
  /** What goes in. */
  readonly inputs: readonly KerasTensor[];
  /** What comes out. */
  readonly outputs: readonly KerasTensor[];
}

/**
 * A place between layers: it has a shape and a dtype, and knows the layer call that makes it, but holds no numbers.
 * Made by `layers.input` and by applying layers.
 */
export class KerasTensor {
  /** The call of a layer that makes it. */
  readonly node: LayerNode;
  /** With the batch as first axis: -1, since it is not known. */
  readonly shape: Shape;
  /** The type of its numbers. */
  readonly dtype: DType;

  /** @internal */
  constructor(node: LayerNode, shape: Shape, dtype: DType) {
    this.node = node;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** Its layer, dtype and shape in words. */
  toString(): string {
    return `KerasTensor(${this.node.layer.name}, ${this.dtype} ${shapeText(this.shape)})`;
  }
}
