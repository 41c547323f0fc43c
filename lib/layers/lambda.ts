import { type OptionNames, expected, integers, isClass, isPlainObject, mismatch } from '../base/checks.js';
import { getRegisteredObject } from '../base/customObjects.js';
import { shapeText } from '../base/errors.js';
import { firstOf, itemAt, oneOrAll } from '../base/list.js';
import { nameOfFunction } from '../base/registry.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Tensor, type TensorData, read, tensor } from '../core/tensor.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import type { Masks } from './masks.js';
import { MultiInputLayer } from './multiInputLayer.js';

/** What a {@link Lambda}'s function is told besides its input: how the layer is called, its mask, and the layer's `arguments`. */
export interface LambdaContext extends CallContext {
  /** The input's mask, bool [n, steps], or undefined where there is none; a list for several inputs. */
  readonly mask: Masks;
  /** Those of the layer's `arguments`. */
  readonly [argument: string]: unknown;
}

/** A function of symbolic values, written with the ops. */
export type LambdaFunction = (inputs: Sym & readonly Sym[], context: LambdaContext) => Sym | readonly Sym[];

/** The shape of the output, the batch first, for that of the input. */
export type LambdaShape = (inputShape: Shape & readonly Shape[]) => Shape;

/** The output's mask for an input and its mask. */
export type LambdaMask = (inputs: Sym & readonly Sym[], previousMask: Masks) => Masks;

/** What `layers.lambda` takes. */
export interface LambdaOptions extends LayerOptions {
  /** What the layer does with its input (a list where there are several), or the name that it is registered under. */
  function: LambdaFunction | string;
  /**
   * The shape of a sample that comes out, or a function of the input's shape that gives the shape with the batch (or its registered name).
   * It has to be what the function gives; a size that is not known from the function is taken from here. Default: as the function gives it.
   */
  outputShape?: readonly number[] | LambdaShape | string | null;
  /**
   * What {@link Layer.computeMask} gives: a function of the input and its mask (or its registered name), or a mask for any input.
   * Default: masks end here, with a warning.
   */
  mask?: LambdaMask | string | Tensor | TensorData | null;
  /** What the function gets besides, by names. Default nothing. */
  arguments?: Readonly<Record<string, unknown>> | null;
}

/** A function as a layer: made by `layers.lambda`, which says more. */
export class Lambda extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    function: 'required',
    outputShape: 'optional',
    mask: 'optional',
    arguments: 'optional',
  } satisfies OptionNames<LambdaOptions>;
  readonly className = 'Lambda';
  override readonly supportsMasking: boolean;
  /** The options as given. */
  readonly options: LambdaOptions;
  readonly #function: LambdaFunction;
  readonly #outputShape: readonly number[] | LambdaShape | undefined;
  readonly #mask: LambdaMask | Tensor | undefined;

  constructor(options: LambdaOptions) {
    super(options);
    this.options = options;
    const { outputShape, mask, arguments: given } = options;
    this.#function = functionOf('function', options.function) as LambdaFunction;
    this.#outputShape =
      outputShape == null
        ? undefined
        : Array.isArray(outputShape)
          ? integers('lambda', 'outputShape', outputShape)
          : (functionOf('outputShape', outputShape) as LambdaShape);
    const isFunction = typeof mask === 'function' || typeof mask === 'string';
    if (mask != null)
      this.#mask = isFunction
        ? (functionOf('mask', mask) as LambdaMask)
        : mask instanceof Tensor
          ? mask
          : tensor(mask, undefined, 'bool');
    this.supportsMasking = mask != null;
    if (given != null && !isPlainObject(given))
      throw expected('lambda', 'an object of names and values as arguments', given);
  }

  call(inputs: readonly Sym[], context: CallContext): Sym | readonly Sym[] {
    const mask = oneOrAll(inputs.map((input) => input.mask));
    const outputs = this.#function(oneOrAll(inputs) as Sym & readonly Sym[], {
      ...this.options.arguments,
      ...context,
      mask,
    });
    if (this.#outputShape === undefined || !isOne(outputs)) return outputs;
    return this.#shaped(
      outputs,
      inputs.map(({ shape }) => shape),
    );
  }

  /** The output with the sizes that are known from the option alone. */
  #shaped(y: Sym, inputs: readonly Shape[]): Sym {
    const given = this.#outputShape!;
    const input = oneOrAll(inputs) as Shape & readonly Shape[];
    const declared = typeof given === 'function' ? given(input) : [firstOf(y.shape), ...given];
    const differs = (size: number, i: number) =>
      size >= 0 && (declared[i] ?? -1) >= 0 && size !== declared[i];
    if (declared.length !== y.rank || y.shape.some(differs))
      throw mismatch(
        this.name,
        `${shapeText(declared)}, as outputShape says`,
        `${shapeText(y.shape)} from the function`,
        'SHAPE',
      );
    const sizes = y.shape.map((size, i) => (size < 0 ? itemAt(declared, i) : size));
    const isNews = y.shape.some((size, i) => size !== sizes[i]);
    return isNews && sizes.filter((size) => size < 0).length < 2 ? ops.reshape(y, sizes) : y;
  }

  /** Its function finds it in the context. @internal */
  override get takesMask(): boolean {
    return true;
  }

  override computeMask(inputs: readonly Sym[], previousMasks: readonly (Sym | undefined)[]): Masks {
    const mask = this.#mask;
    if (typeof mask === 'function')
      return mask(oneOrAll(inputs) as Sym & readonly Sym[], oneOrAll(previousMasks));
    return mask && firstOf(inputs).trace.lift(mask);
  }

  /** @throws EngineError `ARGUMENT` for functions that are not registered. */
  override getConfig() {
    const { outputShape, mask, arguments: given } = this.options;
    return {
      ...super.getConfig(),
      function: configOf(this.#function),
      ...(outputShape != null && {
        outputShape: typeof this.#outputShape === 'function' ? configOf(this.#outputShape) : outputShape,
      }),
      ...(mask != null && {
        mask: typeof this.#mask === 'function' ? configOf(this.#mask) : nested(mask as Tensor | TensorData),
      }),
      arguments: given ?? {},
    };
  }
}

const isOne = (outputs: Sym | readonly Sym[]): outputs is Sym => !Array.isArray(outputs);

/** A function, or the registered one of a name. */
function functionOf(what: string, given: unknown): (...args: never[]) => unknown {
  const known = typeof given === 'string' ? getRegisteredObject(given) : given;
  if (typeof known === 'function' && !isClass(known)) return known as (...args: never[]) => unknown;
  throw expected(
    'lambda',
    `a function, or the name of one that saving.registerKerasSerializable or customObjects knows, as ${what}`,
    given,
  );
}

const configOf = (fn: (...args: never[]) => unknown): string => nameOfFunction(fn);

/** Truth values in lists, as configurations keep them. */
function nested(mask: Tensor | TensorData): unknown {
  const { shape } = mask instanceof Tensor ? mask : read(mask);
  const data = mask instanceof Tensor ? mask.dataSync() : read(mask).data;
  const flat: unknown[] = Array.from(data, Boolean);
  return shape.slice(1).reduceRight((rows: unknown[], size) => {
    const count = rows.length / size;
    return Array.from({ length: count }, (_, i) => rows.slice(i * size, (i + 1) * size));
  }, flat);
}

/**
 * A function of the ops as a layer: [n, …] to what the function gives, of any dtype. It has no weights; for weights write a subclass of
 * Layer. To be kept in a configuration the function is registered, and kept by its name; code that Python's Keras wrote for a `lambda`
 * is refused. https://keras.io/api/layers/core_layers/lambda/
 *
 * The function gets the input (a list where there are several), and an object with `training`, `mask` and the layer's `arguments`.
 *
 * @throws EngineError `ARGUMENT` for what is no function; `SHAPE`, when applied, where it gives another shape than `outputShape`.
 * @example
 *     const squares = saving.registerKerasSerializable('mine', 'squares')((x: Sym) => ops.square(x));
 *     layers.lambda({ function: squares }).apply(layers.input({ shape: [3] }));
 */
export const lambda = (options: LambdaOptions) => new Lambda(options);
