import { type OptionNames, expected, integer, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { itemAt, sizeOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations/registry.js';
import { initializerOf } from '../initializers/registry.js';
import { Initializer } from '../initializers/initializer.js';
import { VarianceScaling } from '../initializers/varianceScaling.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { Layer, type LayerOptions } from './layer.js';
import {
  type BiasOptions,
  type KernelOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What `layers.einsumDense` takes. */
export interface EinsumDenseOptions extends LayerOptions, KernelOptions, BiasOptions {
  /**
   * A letter for each axis of the input, of the kernel and of the result: 'abc,cd->abd'. `...` stands for further axes of input and result,
   * either first or last in both.
   */
  equation: string;
  /**
   * The result's sizes without the batch and without the axes of `...`; null where it is the input's. Where `...` comes last, the sizes of its
   * axes may follow.
   */
  outputShape: number | readonly (number | null)[];
  /** What is applied to the result: a name, such as 'relu', or a function. Default none. */
  activation?: ActivationLike;
  /** The letters of the result along which the bias has separate numbers. Default: no bias. */
  biasAxes?: string | null;
}

const DEFAULTS = defaultsOf<EinsumDenseOptions>()({ biasAxes: null });

/** A product with a kernel along any axes: made by `layers.einsumDense`, which says more. */
export class EinsumDense extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    equation: 'required',
    outputShape: 'required',
    activation: 'optional',
    biasAxes: 'optional',
    ...weightNames('kernel'),
    ...weightNames('bias'),
  } satisfies OptionNames<Omit<EinsumDenseOptions, 'biasAxes'> & { biasAxes?: unknown }>;
  readonly className = 'EinsumDense';
  /** The options as given, and the defaults of the others. */
  readonly options: EinsumDenseOptions & typeof DEFAULTS;
  readonly #parts: Parts;
  readonly #activation: ActivationFunction;
  #kernel!: Variable;
  #bias: Variable | undefined;

  constructor(options: EinsumDenseOptions) {
    super(options);
    this.#parts = partsOf(options);
    this.options = withDefaults(options, DEFAULTS);
    this.#activation = activationOf(options.activation);
  }

  /** The kernel. @throws EngineError `STATE` before it is built. @internal */
  get kernel(): Variable {
    return this.#kernel;
  }

  override build(inputShape: Shape): void {
    const { input, weight, output } = this.#parts;
    const elided = inputShape.length - input.length;
    if (elided < 0 || (elided > 0 && this.#parts.ellipsis === 'none'))
      throw wrongShape(
        this.name,
        `an input with the axes '${this.options.equation.split(',')[0]}'`,
        inputShape,
      );
    const first = this.#parts.ellipsis === 'first' ? elided : 0;
    // The batch is an axis of the ellipsis where that comes first.
    const given = outputShapeOf(this.options.outputShape);
    const sizes = first > 0 ? given : [null, ...given];
    const further = sizes.slice(output.length);
    const mayFollow = this.#parts.ellipsis === 'last' ? elided : 0;
    if (sizes.length < output.length || (further.length > 0 && further.length !== mayFollow))
      throw expected(this.name, `a size for each letter of '${output}' but the batch as outputShape`, given);
    const stray = further.find((size, i) => {
      const ofInput = itemAt(inputShape, input.length + i);
      return size !== null && ofInput >= 0 && size !== ofInput;
    });
    if (stray != null)
      throw wrongShape(this.name, `an input with the size ${stray} of outputShape along '...'`, inputShape);
    const inputSize = (letter: string) => itemAt(inputShape, first + input.indexOf(letter));
    const sizeFor = (letter: string): number => {
      const out = output.includes(letter) ? itemAt(sizes, output.indexOf(letter)) : null;
      if (!input.includes(letter)) return out ?? -1;
      const size = inputSize(letter);
      if (out !== null && size >= 0 && out !== size)
        throw wrongShape(
          this.name,
          `an input whose axis '${letter}' has the size ${out} of outputShape`,
          inputShape,
        );
      return size < 0 ? (out ?? -1) : size;
    };
    const known = (letters: string): number[] => {
      const list = Array.from(letters).map(sizeFor);
      if (list.includes(-1))
        throw wrongShape(
          this.name,
          `known sizes of all axes of '${letters}', in the input or outputShape`,
          inputShape,
        );
      return list;
    };
    for (const letter of input) sizeFor(letter);
    const shape = known(weight);
    const { initializer, ...kernel } = weightOptions(this.options, 'kernel');
    const start = initializerOf(initializer);
    const fans = [false, true].map((isOutput) =>
      sizeOf(shape.filter((_, i) => output.includes(weight.charAt(i)) === isOutput)),
    );
    this.#kernel = this.addWeight({
      ...{ name: 'kernel', shape, ...kernel },
      initializer: start instanceof VarianceScaling ? new OfMatrix(start, fans) : start,
    });
    const { biasAxes } = this.options;
    if (biasAxes == null) return;
    const axes = output.slice(Math.min(...Array.from(biasAxes).map((letter) => output.indexOf(letter))));
    const ones = this.#parts.ellipsis === 'last' ? Array<number>(elided).fill(1) : [];
    this.#bias = this.addWeight({
      name: 'bias',
      shape: [
        ...Array.from(axes).flatMap((letter) => (biasAxes.includes(letter) ? known(letter) : [1])),
        ...ones,
      ],
      ...weightOptions(this.options, 'bias'),
    });
  }

  call(x: Sym): Sym {
    const product = ops.einsum<Sym | Variable>(this.options.equation, x, this.#kernel);
    return this.#activation(this.#bias ? ops.add(product, this.#bias) : product);
  }

  override getConfig() {
    const { equation, outputShape, activation, biasAxes } = this.options;
    return {
      ...super.getConfig(),
      ...{
        equation,
        outputShape: outputShapeOf(outputShape),
        activation: activationConfig(activation),
        biasAxes,
      },
      ...weightConfig(this.options, 'kernel'),
      ...weightConfig(this.options, 'bias'),
    };
  }
}

interface Parts {
  readonly input: string;
  readonly weight: string;
  readonly output: string;
  /** Where input and result have further axes. */
  readonly ellipsis: 'none' | 'first' | 'last';
}

const FORMS: readonly [Parts['ellipsis'], RegExp][] = [
  ['none', /^([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)$/],
  ['first', /^\.\.\.([a-zA-Z]+),([a-zA-Z]+)->\.\.\.([a-zA-Z]+)$/],
  ['last', /^([a-zA-Z]{2,})\.\.\.,([a-zA-Z]+)->([a-zA-Z]+)\.\.\.$/],
];

function partsOf({ equation, outputShape, biasAxes }: EinsumDenseOptions): Parts {
  const text = typeof equation === 'string' ? equation : '';
  const [ellipsis, form] = FORMS.find(([, pattern]) => pattern.test(text)) ?? [];
  if (!ellipsis || !form)
    throw expected(
      'einsumDense',
      "an equation such as 'abc,cd->abd', '...c,cd->...d' or 'ab...,bc->ac...'",
      equation,
    );
  const [, input = '', weight = '', output = ''] = form.exec(text) ?? [];
  const stray = Array.from(weight).find((letter) => !input.includes(letter) && !output.includes(letter));
  if (stray !== undefined)
    throw expected('einsumDense', `letters of input or result alone in the kernel of '${text}'`, stray);
  outputShapeOf(outputShape);
  const isOf = (letters: unknown) =>
    typeof letters === 'string' &&
    letters !== '' &&
    Array.from(letters).every((letter) => output.includes(letter));
  if (biasAxes != null && !isOf(biasAxes))
    throw expected('einsumDense', `letters of the result '${output}' as biasAxes`, biasAxes);
  return { input, weight, output, ellipsis };
}

function outputShapeOf(given: EinsumDenseOptions['outputShape']): readonly (number | null)[] {
  const list: readonly unknown[] = Array.isArray(given) ? [...(given as unknown[])] : [given];
  for (const size of list) if (size !== null) integer('einsumDense', 'outputShape', size);
  return list as (number | null)[];
}

/** A kernel of any axes that begins as the matrix of the inputs and outputs of its product would: its fans decide the scale. */
class OfMatrix extends Initializer {
  readonly className = 'OfMatrix';

  constructor(
    private readonly start: Initializer,
    private readonly fans: Shape,
  ) {
    super();
  }

  protected draw(shape: Shape): Tensor {
    return ops.reshape(this.start.tensor(this.fans), shape);
  }
}

/**
 * activation(einsum(equation, x, kernel) + bias): a dense layer along any axes, float32. With `...` first in the equation the batch and any
 * further axes stay; with `...` last, axes that follow. https://keras.io/api/layers/core_layers/einsum_dense/
 *
 * Weights, in order: kernel, of the sizes of its letters; with `biasAxes` a bias, of the sizes of these letters and 1 between them.
 *
 * @throws EngineError `ARGUMENT` for another equation, sizes that are no positive integers, and letters that are not there; `SHAPE`, when
 *   applied, where the input does not fit.
 * @example layers.einsumDense({ equation: 'btd,dhk->bthk', outputShape: [null, 4, 16], biasAxes: 'hk' });
 */
export const einsumDense = (options: EinsumDenseOptions) => new EinsumDense(options);
