import {
  type OptionNames,
  expected,
  integer,
  isPlainObject,
  knownOptions,
  mismatch,
  shapeOf,
} from '../base/checks.js';
import { shapeText } from '../base/errors.js';
import { listOf } from '../base/list.js';
import type { DType, Shape } from '../engine/engine.js';

/** What `layers.inputSpec` takes. */
export interface InputSpecOptions {
  /** The dtype that an input has to have. Default any. */
  dtype?: DType | null;
  /** Its shape with the batch, -1 or null where any size will do. Default any. */
  shape?: readonly (number | null)[] | null;
  /** Its number of axes; that of `shape`, if that is given. Default any. */
  ndim?: number | null;
  /** Its largest number of axes. Default any. */
  maxNdim?: number | null;
  /** Its least number of axes. Default any. */
  minNdim?: number | null;
  /** The sizes along some axes: `{ '-1': 3 }` for 3 channels. Default any. */
  axes?: Readonly<Record<number, number | null>> | null;
  /** Whether a last axis of size 1 may be missing or be there besides. Default false. */
  allowLastAxisSqueeze?: boolean;
  /** What the input is called in errors. Default none. */
  name?: string | null;
}

const NAMES = {
  dtype: 'optional',
  shape: 'optional',
  ndim: 'optional',
  maxNdim: 'optional',
  minNdim: 'optional',
  axes: 'optional',
  allowLastAxisSqueeze: 'boolean',
  name: 'optional',
} satisfies OptionNames<InputSpecOptions>;

/** What a layer expects of an input: made by `layers.inputSpec`, which says more. */
export class InputSpec {
  /** The dtype that an input has to have; undefined: any. */
  readonly dtype: DType | undefined;
  /** Its shape with the batch, -1 where any size will do; undefined: any. */
  readonly shape: Shape | undefined;
  /** Its number of axes; undefined: any. */
  readonly ndim: number | undefined;
  /** Its largest number of axes; undefined: any. */
  readonly maxNdim: number | undefined;
  /** Its least number of axes; undefined: any. */
  readonly minNdim: number | undefined;
  /** The sizes along some axes. */
  readonly axes: Readonly<Record<number, number>>;
  /** Whether a last axis of size 1 may be missing or be there besides. */
  readonly allowLastAxisSqueeze: boolean;
  /** What the input is called in errors. */
  readonly name: string | undefined;

  constructor(options: InputSpecOptions = {}) {
    const who = 'inputSpec';
    knownOptions(who, options, NAMES);
    const { dtype, shape, ndim, maxNdim, minNdim, axes, allowLastAxisSqueeze = false, name } = options;
    const rank = (what: string, given: number | null | undefined) =>
      given == null ? undefined : integer(who, what, given, 0);
    this.dtype = dtype ?? undefined;
    this.shape =
      shape == null
        ? undefined
        : shapeOf(
            who,
            shape.map((size) => size ?? -1),
            'unknown',
          );
    this.ndim = this.shape?.length ?? rank('ndim', ndim);
    this.maxNdim = rank('maxNdim', maxNdim);
    this.minNdim = rank('minNdim', minNdim);
    this.axes = axesOf(who, axes ?? {}, this.ndim ?? this.maxNdim ?? Infinity);
    this.allowLastAxisSqueeze = allowLastAxisSqueeze;
    this.name = name ?? undefined;
  }

  /** The arguments that make an equal one. */
  getConfig(): Record<string, unknown> {
    const { dtype, shape, ndim, maxNdim, minNdim, axes, allowLastAxisSqueeze, name } = this;
    return { dtype, shape, ndim, maxNdim, minNdim, axes, allowLastAxisSqueeze, name };
  }

  /** An equal one of what {@link getConfig} gives. */
  static fromConfig(config: InputSpecOptions): InputSpec {
    return new InputSpec(config);
  }

  /** What of an input's type is not as expected; undefined where all is. @internal */
  complaint({ shape, dtype }: { readonly shape: Shape; readonly dtype: DType }): string | undefined {
    const { ndim, maxNdim = Infinity, minNdim = 0, allowLastAxisSqueeze } = this;
    const rank = shape.length;
    if (ndim !== undefined && !allowLastAxisSqueeze && rank !== ndim) return `${ndim} axes`;
    if (rank > maxNdim) return `${maxNdim} axes at most`;
    if (rank < minNdim) return `${minNdim} axes at least`;
    if (this.dtype !== undefined && dtype !== this.dtype) return `the dtype ${this.dtype}`;
    for (const [axis, size] of Object.entries(this.axes)) {
      const given = shape.at(Number(axis)) ?? 0;
      if (given !== -1 && given !== size) return `size ${size} along axis ${axis}`;
    }
    if (!this.shape) return undefined;
    const squeezed = (of: Shape) => (allowLastAxisSqueeze && of.at(-1) === 1 ? of.slice(0, -1) : of);
    const [wanted, given] = [squeezed(this.shape), squeezed(shape)];
    const fits =
      wanted.length === given.length &&
      wanted.every((size, i) => size === -1 || given[i] === -1 || size === given[i]);
    return fits ? undefined : `shape ${shapeText(this.shape)}`;
  }
}

function axesOf(who: string, axes: unknown, ndim: number): Record<number, number> {
  if (!isPlainObject(axes)) throw expected(who, 'sizes by axes in an object as axes', axes);
  const known: Record<number, number> = {};
  for (const [key, size] of Object.entries(axes)) {
    const axis = Number(key);
    if (!Number.isInteger(axis) || axis >= ndim || axis < -ndim)
      throw expected(who, Number.isFinite(ndim) ? `axes of ${ndim} in axes` : 'integers as axes', key);
    if (size !== null) known[axis] = integer(who, `axes[${key}]`, size);
  }
  return known;
}

/** Fails unless inputs are as a layer expects them. @internal */
export function checkInputs(
  who: string,
  spec: InputSpec | readonly (InputSpec | null)[] | undefined,
  inputs: readonly { readonly shape: Shape; readonly dtype: DType }[],
): void {
  if (spec === undefined) return;
  const specs = listOf<InputSpec | null>(spec);
  if (specs.length !== inputs.length) throw expected(who, `${specs.length} inputs`, inputs.length);
  inputs.forEach((input, i) => {
    const one = specs[i];
    const complaint = one?.complaint(input);
    if (complaint === undefined) return;
    const name = one?.name ?? (specs.length === 1 ? 'input' : `input ${i}`);
    const received = `${input.dtype} ${shapeText(input.shape)}`;
    const code = complaint.startsWith('the dtype') ? 'DTYPE' : 'SHAPE';
    throw mismatch(who, `${complaint} of ${name}`, received, code);
  });
}

/**
 * What a layer expects of an input, for {@link Layer.inputSpec}: what does not fit is an error that names it. As Keras's InputSpec, but for
 * `optional`: all inputs of a layer are there. https://keras.io/api/layers/base_layer/
 *
 * @throws EngineError `ARGUMENT` for wrong sizes, numbers of axes and axes.
 * @example
 *     class Volume extends layers.Layer {
 *       readonly className = 'Volume';
 *       override inputSpec = layers.inputSpec({ minNdim: 2, axes: { '-1': 3 } });
 *       call(x: Sym) {
 *         return ops.prod(x, { axis: -1 });
 *       }
 *     }
 */
export const inputSpec = (options?: InputSpecOptions): InputSpec => new InputSpec(options);
