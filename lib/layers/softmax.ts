import { type OptionNames, axisNumber, integers, mismatch } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { shapeText } from '../base/errors.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.softmax` takes. */
export interface SoftmaxOptions extends LayerOptions {
  /** Along which axis, or over which axes together, the batch being 0; negative ones count from the end. Default -1. */
  axis?: number | readonly number[];
}

const DEFAULTS = defaultsOf<SoftmaxOptions>()({ axis: -1 });

/** What masked numbers become before the softmax, as in Keras. */
const UNSEEN = -1e9;

/** Probabilities along an axis: made by `layers.softmax`, which says more. */
export class Softmax extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
  } satisfies OptionNames<SoftmaxOptions>;
  readonly className = 'Softmax';
  override readonly supportsMasking = true;
  /** Along which axis, or over which. */
  readonly axis: number | readonly number[];

  constructor(given: SoftmaxOptions = {}) {
    super(given);
    const { axis } = withDefaults(given, DEFAULTS);
    this.axis = Array.isArray(axis) ? integers('softmax', 'axis', axis) : axisNumber('softmax', axis);
  }

  call(x: Sym): Sym {
    const { axis } = this;
    // A mask of steps, which comes with a sequence, leaves out no number within a step.
    const mask = x.mask?.rank === x.rank ? x.mask : undefined;
    if (!mask) return ops.softmax(x, { axis });
    return ops.where(mask, ops.softmax(ops.where(mask, x, UNSEEN), { axis }), 0);
  }

  /** As in Keras, it broadcasts to the input, and numbers count above 0.5. @internal */
  override get broadcastsMask(): boolean {
    return true;
  }

  protected override givenMask(mask: Sym, input: Sym): Sym {
    const [missing, sizes] = [input.rank - mask.rank, input.shape];
    const fits = (n: number, i: number) =>
      n < 0 || n === 1 || n === sizes[i + missing] || sizes[i + missing]! < 0;
    if (missing < 0 || !mask.shape.every(fits))
      throw mismatch(
        this.name,
        `a mask that broadcasts to ${shapeText(sizes)}`,
        shapeText(mask.shape),
        'SHAPE',
      );
    const counts = mask.dtype === 'bool' ? mask : ops.greater(ops.cast(mask, 'float32'), 0.5);
    return Array.from({ length: missing }).reduce<Sym>((all) => ops.expandDims(all, 0), counts);
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}

/**
 * eˣ divided by its sum along an axis, positive numbers that add up to 1: float32 of any shape, to the same. It has no weights. Numbers
 * that the mask of a call leaves out (`mask`, which broadcasts to the input) become 0 and are not counted.
 * https://keras.io/api/layers/activation_layers/softmax/
 *
 * @throws EngineError `ARGUMENT` for an axis that is no integer; `ATTRIBUTE`, when applied, for one that is not there.
 * @example layers.softmax();
 */
export const softmax = (options?: SoftmaxOptions) => new Softmax(options);
