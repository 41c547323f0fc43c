import { itemAt, mapTuple } from '../base/list.js';
import { type Operand, typeOf } from '../core/apply.js';
import { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';
import { add } from './binary.js';
import { sum } from './reduce.js';

/** 0, 1, 2, … along an axis of x: float32 of the axis's size, which may be known only when the step runs. @internal */
export function positions(x: Operand, axis: number): Operand {
  const { shape } = typeOf(x);
  const size = itemAt(shape, axis);
  if (size >= 0 || !(x instanceof Sym)) return tensor(Float32Array.from({ length: size }, (_, i) => i));
  // Of the sum only the shape is read: a loop counts its places.
  const others = [...shape.keys()].filter((i) => i !== axis);
  const { trace } = x;
  const [ones] = trace.op('broadcastLike', [trace.constant(1), sum(x, { axis: others })]);
  const [before, one] = mapTuple(['the element before', 'a step'], (label) =>
    trace.input('float32', [], label),
  );
  const next = add(before, one);
  const made = trace.scan({
    states: [{ before, first: trace.constant(-1), next }],
    sequences: [{ element: one, whole: ones, backwards: false }],
    results: [{ value: next, backwards: false }],
  });
  return itemAt(made, 1);
}
