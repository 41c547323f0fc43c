import { type OptionNames, knownOptions, oneOf, wrongShape } from '../base/checks.js';
import { asSym } from '../ops/composed.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';

/** What `applications.preprocessInput` takes. */
export interface PreprocessInputOptions {
  /**
   * `caffe`: red and blue change places, and the mean colour of ImageNet is subtracted; `tf`: -1 to 1; `torch`: 0 to 1, then the colours of
   * ImageNet get mean 0 and variance 1. Default `caffe`.
   */
  mode?: 'caffe' | 'tf' | 'torch';
}

const preprocessNames = { mode: 'optional' } satisfies OptionNames<PreprocessInputOptions>;

/** The mean colour of ImageNet: blue, green and red. */
const CAFFE_MEAN = [103.939, 116.779, 123.68];
/** Mean and standard deviation of its red, green and blue from 0 to 1. */
const TORCH_MEAN = [0.485, 0.456, 0.406];
const TORCH_DEVIATION = [0.229, 0.224, 0.225];

/**
 * Images as a pretrained net expects them; the function of each net says its mode.
 * https://keras.io/api/applications/#usage-examples-for-image-classification-models
 *
 * @param images Numbers from 0 to 255, red, green and blue in the last axis.
 * @returns float32 of the same shape.
 * @throws EngineError `ARGUMENT` for another mode, `SHAPE` for another number of colours.
 * @example applications.preprocessInput([[[[255, 127.5, 0]]]], { mode: 'tf' }); // [[[[1, 0, -1]]]]
 */
export function preprocessInput<X extends Operand>(
  images: X,
  options: PreprocessInputOptions = {},
): Outcome<X> {
  const who = 'preprocessInput';
  knownOptions(who, options, preprocessNames);
  const { mode = 'caffe' } = options;
  oneOf(who, 'mode', mode, ['caffe', 'tf', 'torch']);
  const { shape } = typeOf(images);
  if (mode !== 'tf' && shape.at(-1) !== 3) throw wrongShape(who, 'three colours in the last axis', shape);
  const x = ops.cast(images, 'float32');
  return prepared(asSym(x), mode) as Outcome<X>;
}

function prepared(x: Sym, mode: 'caffe' | 'tf' | 'torch'): Sym {
  if (mode === 'tf') return ops.subtract(ops.divide(x, 127.5), 1);
  if (mode === 'caffe') return ops.subtract(ops.flip(x, { axis: -1 }), CAFFE_MEAN);
  const centred = ops.subtract(ops.divide(x, 255), TORCH_MEAN);
  return ops.divide(centred, TORCH_DEVIATION);
}
