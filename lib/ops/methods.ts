/** Ops that tensors have as methods. They are added here, since a tensor cannot know the ops, which are made of tensors. */
import type { DType } from '../engine/engine.js';
import { Tensor } from '../core/tensor.js';
import { stridedSlice } from './slice.js';

declare module '../core/tensor.js' {
  interface Tensor<D extends DType = DType> {
    /**
     * A part of the tensor, as a copy: from `begin` up to, not including, `end`, on the first axis or on the first axes
     * of a list. Negative places count from the end; a missing `end` is the end.
     *
     * @throws EngineError `SHAPE` for more places than axes.
     * @example
     *     images.slice(0, 16); // the first 16 samples
     *     images.slice([0, 1], [16, -1]); // of these, without the first and last row
     */
    slice(begin: number | readonly number[], end?: number | readonly number[]): Tensor<D>;
  }
}

Tensor.prototype.slice = function (this: Tensor, begin, end) {
  return stridedSlice<Tensor>(this, begin, end);
};
