import { expected, isPlainObject } from '../base/checks.js';
import { nearest } from '../base/errors.js';
import type { DType, Shape } from '../engine/engine.js';
import { OpCall, InputRef, replaced } from '../core/op.js';
import { type TensorData, Tensor, read, tensor } from '../core/tensor.js';
import { Variable } from '../core/variable.js';
import * as ops from '../ops/index.js';
import * as random from '../random/index.js';

/** A call of an op in a model's configuration. */
export interface OpConfig {
  readonly className: string;
  /** Its name in `ops`, or with `random.` before it. */
  readonly op: string;
  readonly config: { readonly name: string; readonly args: readonly unknown[] };
}

/** What JSON does not have, in an op's arguments. */
type Written =
  | { readonly className: 'KerasTensor'; readonly config: { readonly input: number } }
  | { readonly className: 'Number'; readonly config: { readonly value: string } }
  | {
      readonly className: 'Tensor';
      readonly config: { readonly dtype: DType; readonly shape: Shape; readonly data: readonly unknown[] };
    };

/** @throws EngineError `ARGUMENT` where an operand is a variable: what a configuration can make anew is a weight of a layer. */
export function opConfig({ op, className, name, args }: OpCall): OpConfig {
  const written = (item: unknown): unknown => {
    if (item instanceof Variable) {
      const what = `constants and outputs of layers as operands of ops.${op} (a variable belongs into a layer)`;
      throw expected('getConfig', what, item.toString());
    }
    if (item instanceof InputRef) return { className: 'KerasTensor', config: { input: item.input } };
    if (typeof item === 'number')
      return Number.isFinite(item) ? item : { className: 'Number', config: { value: String(item) } };
    if (typeof item !== 'object' || item === null) return item ?? null;
    const { dtype, shape } = item instanceof Tensor ? (item as Tensor) : read(item as TensorData);
    const data: ArrayLike<number> = item instanceof Tensor ? item.dataSync() : read(item as TensorData).data;
    return { className: 'Tensor', config: { dtype, shape, data: Array.from(data, written) } };
  };
  return { className, op, config: { name, args: replaced(args, written) as unknown[] } };
}

export const isOpConfig = (config: object): config is OpConfig => 'op' in config;

/** @throws EngineError `ARGUMENT` for an unknown op, telling the nearest. */
export function opFromConfig({ op, config }: OpConfig): OpCall {
  const { image, ...others } = ops;
  const drawing = Object.fromEntries(Object.entries(random).map(([name, fn]) => [`random.${name}`, fn]));
  const known = { ...others, ...image, ...drawing } as unknown as Readonly<
    Record<string, (...args: readonly unknown[]) => unknown>
  >;
  const called = Object.hasOwn(known, op) ? known[op] : undefined;
  if (!called)
    throw expected('fromConfig', 'the name of an op', op, 'ARGUMENT', nearest(op, Object.keys(known)));
  return new OpCall(op, called, config.args.map(readArgument), config.name);
}

function readArgument(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readArgument);
  if (!isPlainObject(value)) return value ?? undefined;
  const { className, config } = value as unknown as Written;
  if (className === 'KerasTensor') return new InputRef(config.input);
  if (className === 'Number') return Number(config.value);
  if (className === 'Tensor')
    return tensor(config.data.map(readArgument) as number[], config.shape, config.dtype);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, readArgument(item)]));
}
