import { atLeast, firstOf } from '../base/list.js';
import { apply } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';

/** [n, steps, …] to [steps, n, …], and back. @internal */
export const stepsFirst = (sequence: Sym): Sym =>
  ops.transpose(
    sequence,
    [...sequence.shape.keys()].map((axis) => (axis < 2 ? 1 - axis : axis)),
  );

/** Whether {@link joinSteps} can take a sequence: all sizes but the first two are known. @internal */
export const canJoinSteps = ({ shape }: Sym): boolean => !shape.slice(2).includes(-1);

/** [n, steps, …] to [n · steps, …]: each step becomes a sample. @internal */
export const joinSteps = (sequence: Sym): Sym => ops.reshape(sequence, [-1, ...sequence.shape.slice(2)]);

/** [n · steps, …] to [n, steps, …] with the samples and steps of a sequence. @internal */
export function splitSteps(joined: Sym, sequence: Sym): Sym {
  const [n, steps] = atLeast(sequence.shape, 2);
  const rest = joined.shape.slice(1);
  if (n >= 0 || steps >= 0) return ops.reshape(joined, [n, steps, ...rest]);
  return apply<Sym>('reshapeLike', [joined, zerosOf(sequence, 2, rest)]);
}

/** Zeros that have the first axes of a value and then some known sizes, float32. @internal */
export function zerosOf(like: Sym, axes: number, sizes: readonly number[]): Sym {
  const first = like.shape.slice(0, axes);
  if (!first.includes(-1)) return like.trace.constant(0, 'float32', [...first, ...sizes]);
  const others = [...like.shape.keys()].slice(axes);
  // Read for its shape alone.
  let leading = ops.cast(like, 'float32');
  if (others.length > 0) leading = ops.sum(leading, { axis: others });
  // An axis more, whatever of the shape is known.
  for (let i = 0; i < sizes.length; i++) leading = ops.oneHot(ops.cast(leading, 'int32'), { depth: 1 });
  const added = like.trace.constant(0, 'float32', [...first.map(() => 1), ...sizes]);
  return apply<number | Sym>('broadcastLike', [0, ops.add(leading, added)]);
}

/** A sequence [n, steps, …] from its last step to its first. @internal */
export function reversed(sequence: Sym): Sym {
  const { trace, dtype, shape } = sequence;
  const element = trace.input(dtype, [firstOf(shape), ...shape.slice(2)], 'a step of a sequence');
  const whole = stepsFirst(sequence);
  const made = trace.scan({
    states: [],
    sequences: [{ element, whole, backwards: true }],
    results: [{ value: element, backwards: false }],
  });
  return stepsFirst(firstOf(made));
}
