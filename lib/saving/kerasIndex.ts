// Parts of a value, as Keras writes x[…] in a model's JSON, and ops.stridedSlice.
import { expected } from '../base/checks.js';
import { mapTuple } from '../base/list.js';
import { type KerasConfig, isKerasConfig } from './kerasTypes.js';

const INFINITE = { className: 'Number', config: { value: 'Infinity' } };

/** Where a part begins and ends on the first axes, which axes an index of one place takes away, and which null adds, among those of the result. */
export function indexFromKeras(name: string, [x, key]: readonly unknown[]) {
  const keys = Array.isArray(key) ? (key as unknown[]) : [key];
  const { shape } = (x as KerasConfig).config as { shape: readonly unknown[] };
  const isNew = (item: unknown) => item === null;
  const dots = keys.findIndex((item) => isKerasConfig(item) && item.class_name === '__ellipsis__');
  const whole = { class_name: '__slice__', config: { start: null, stop: null, step: null } };
  const filled =
    dots < 0
      ? keys
      : keys.toSpliced(
          dots,
          1,
          ...Array<unknown>(Math.max(0, shape.length - keys.filter((item) => !isNew(item)).length + 1)).fill(
            whole,
          ),
        );
  const begin: unknown[] = [];
  const end: unknown[] = [];
  const strides: unknown[] = [];
  const squeezed: number[] = [];
  const added: number[] = [];
  let place = 0;
  for (const item of filled) {
    const axis = begin.length;
    if (isNew(item)) {
      added.push(place++);
      continue;
    }
    if (typeof item === 'number') {
      begin.push(item);
      end.push(item === -1 ? INFINITE : item + 1);
      strides.push(1);
      squeezed.push(axis);
      continue;
    }
    const isSlice = isKerasConfig(item) && item.class_name === '__slice__';
    const step = isSlice ? (item.config['step'] ?? 1) : 0;
    if (!isSlice || typeof step !== 'number' || step < 1)
      throw expected('fromConfig', `places and slices with positive steps in the index ${name}`, item);
    place++;
    begin.push(item.config['start'] ?? 0);
    end.push(item.config['stop'] ?? INFINITE);
    strides.push(step);
  }
  return { begin, end, strides, squeezed, added };
}

/** Keras's x[…] of the ops that give a part of x; none of others. */
export function indexToKeras(op: string, args: readonly unknown[], rank: number) {
  if (op !== 'stridedSlice' && op !== 'slice') return undefined;
  const listOf = (value: unknown) =>
    Array.isArray(value) ? (value as unknown[]) : value == null ? [] : [value];
  const [begin, end, strides] = mapTuple([args[1], args[2], op === 'slice' ? [] : args[3]], listOf);
  const key = Array.from({ length: Math.min(rank, Math.max(begin.length, end.length)) }, (_, axis) => {
    const start = (begin[axis] ?? 0) as number;
    const stop = end[axis];
    const last =
      typeof stop !== 'number' ? null : op === 'stridedSlice' ? stop : stop < 0 ? null : start + stop;
    return { class_name: '__slice__', config: { start, stop: last, step: strides[axis] || 1 } };
  });
  return { name: 'GetItem', module: 'keras.src.ops.numpy', config: {}, key };
}
