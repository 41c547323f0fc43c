import {
  type OptionNames,
  expected,
  finite,
  integers,
  knownOptions,
  oneOf,
  positive,
} from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { axisOf } from '../axis.js';
import { toFloat32 } from '../toFloat32.js';
import { asImages, contracted, contractedOpen } from './images.js';
import { openTranslation } from './openWeights.js';
import { kernels, translationMatrix } from './weights.js';

/** How `ops.image.scaleAndTranslate` finds numbers between places. */
export type ScaleMethod =
  'linear' | 'bilinear' | 'trilinear' | 'cubic' | 'bicubic' | 'tricubic' | 'lanczos3' | 'lanczos5';

/** What `ops.image.scaleAndTranslate` takes. */
export interface ScaleAndTranslateOptions {
  /** Whether a smaller image shows the mean of what each of its places covers. Default true. */
  antialias?: boolean;
}

const scaleNames = { antialias: 'boolean' } satisfies OptionNames<ScaleAndTranslateOptions>;

const METHODS: Readonly<Record<ScaleMethod, keyof typeof kernels>> = {
  linear: 'linear',
  bilinear: 'linear',
  trilinear: 'linear',
  cubic: 'cubic',
  bicubic: 'cubic',
  tricubic: 'cubic',
  lanczos3: 'lanczos3',
  lanczos5: 'lanczos5',
};

/**
 * Scales axes and moves them: place p of the input is at p · scale + translation of the result, and what the input has no number for is 0.
 * https://keras.io/api/ops/image/
 *
 * @param images Of any rank. Whole numbers are rounded and keep their dtype.
 * @param outputShape The shape of the result: that of the images but on the axes that are scaled; -1 is what the images have there.
 * @param scale Numbers above 0, one for each of `spatialDims`.
 * @param translation Numbers, one for each of them.
 * @param spatialDims The axes that are scaled.
 * @param method `cubic` is Keys's with a = -0.5.
 * @throws EngineError `SHAPE`, `ARGUMENT`, `ATTRIBUTE`.
 * @example ops.image.scaleAndTranslate(zeros([8, 8, 3]), [4, 4, 3], [0.5, 0.5], [0, 0], [0, 1], 'linear'); // [4, 4, 3]
 */
export const scaleAndTranslate = op(
  'scaleAndTranslate',
  <X extends Operand>(
    images: X,
    outputShape: readonly number[],
    scale: readonly number[],
    translation: readonly number[],
    spatialDims: readonly number[],
    method: ScaleMethod,
    options: ScaleAndTranslateOptions = {},
  ): Outcome<X> => {
    knownOptions('scaleAndTranslate', options, scaleNames);
    oneOf('scaleAndTranslate', 'method', method, Object.keys(METHODS) as ScaleMethod[]);
    const { shape, dtype } = typeOf(images);
    const axes = integers('scaleAndTranslate', 'spatialDims', spatialDims).map((axis) =>
      axisOf('scaleAndTranslate', axis, shape.length),
    );
    if (new Set(axes).size !== axes.length)
      throw expected('scaleAndTranslate', 'each axis once', spatialDims);
    for (const [name, list] of Object.entries({ scale, translation })) {
      if (!Array.isArray(list) || list.length !== axes.length)
        throw expected('scaleAndTranslate', `a list of ${axes.length} numbers for ${name}`, list);
    }
    const sizes = integers('scaleAndTranslate', 'outputShape', outputShape);
    const fits = (n: number, axis: number) =>
      axes.includes(axis) ? n > 0 : n === shape[axis] || n === -1 || shape[axis] === -1;
    if (sizes.length !== shape.length || !sizes.every(fits))
      throw expected(
        'scaleAndTranslate',
        'an output shape as that of the images but on spatialDims',
        outputShape,
      );
    let x: Operand = toFloat32(images);
    axes.forEach((axis, i) => {
      const [n, size, kernel] = [itemAt(shape, axis), itemAt(sizes, axis), METHODS[method]];
      const how = {
        scale: positive('scaleAndTranslate', 'scale', scale[i]),
        translation: finite('scaleAndTranslate', 'translation', translation[i]),
        antialias: options.antialias ?? true,
      };
      x =
        n < 0
          ? contractedOpen(x as Sym, axis, openTranslation(x as Sym, axis, size, { ...how, kernel }))
          : contracted(
              x,
              axis,
              translationMatrix('scaleAndTranslate', n, size, { ...how, kernel: kernels[kernel] }),
            );
    });
    return asImages(x, dtype) as Outcome<X>;
  },
);
