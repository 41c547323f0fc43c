import { checkEach, expected } from '../../base/checks.js';

/** [height, width], or [height, width, channels], in pixels. */
export type ImageShape = readonly [height: number, width: number, channels?: number];

/** What keeps quotients finite, as in Keras. @internal */
export const EPSILON = 1e-7;

/** The sides of an image whose shape is given. @internal */
export function sidesOfImage(who: string, shape: ImageShape | undefined) {
  if (shape === undefined) return undefined;
  checkEach(who, 'positive numbers as imageShape', shape, (n) => typeof n === 'number' && n > 0);
  const [height, width] = shape;
  if (shape.length < 2 || shape.length > 3)
    throw expected(who, 'imageShape [height, width] or [height, width, channels]', shape);
  return { height, width };
}
