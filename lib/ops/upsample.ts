import { EngineError } from '../errors.js';
import { tensor } from '../tensor.js';
import { type Operand, type Outcome, apply, typeOf } from './apply.js';
import { matmul } from './matmul.js';
import { reshape } from './shape.js';
import { type DataFormat, type Pair, pair } from './window.js';

export interface UpSampling2dOptions {
  /** How many times as high and wide. Default 2. */
  size?: Pair;
  /** Default `nearest`: each number becomes a rectangle of equal ones. */
  interpolation?: 'nearest' | 'bilinear';
  /** Default `channelsLast`. */
  dataFormat?: DataFormat;
}

/**
 * Images as many times as high and wide. `bilinear` takes numbers to lie in the middle of their pixels and repeats those at the
 * border, as TensorFlow 2 and PyTorch (without `align_corners`) do.
 *
 * @param x float32 [n, height, width, channels] (or as `dataFormat` says).
 * @returns [n, height · size, width · size, channels].
 * @throws EngineError `SHAPE` for another rank, or with `bilinear` a height or width that is not known; `ATTRIBUTE`.
 */
export function upSampling2d<X extends Operand>(x: X, options: UpSampling2dOptions = {}): Outcome<X> {
  const { size = 2, interpolation = 'nearest', dataFormat = 'channelsLast' } = options;
  if (interpolation === 'nearest') return apply('upSampling2d', [x], { size: pair(size), dataFormat });
  const wanted: string = interpolation;
  if (wanted !== 'bilinear') {
    throw new EngineError(
      'ATTRIBUTE',
      `[upSampling2d] expected 'nearest' or 'bilinear' as interpolation, received '${wanted}'`,
    );
  }
  const { shape } = typeOf(x);
  const first = dataFormat === 'channelsFirst';
  const [height, width, channels] = first ? [shape[2], shape[3], shape[1]] : shape.slice(1);
  if (shape.length !== 4 || height < 1 || width < 1 || channels < 1) {
    throw new EngineError(
      'SHAPE',
      `[upSampling2d] expected images of rank 4 and known size, received [${shape.join(', ')}]`,
    );
  }
  // Linear along each axis: a matrix product with two numbers in each row.
  const [rows, columns] = pair(size).map((times, axis) => weights([height, width][axis], times));
  if (first) {
    return matmul<Operand, Operand>(
      rows,
      matmul<Operand, Operand>(x, columns, { transposeB: true }),
    ) as Outcome<X>;
  }
  const wide = matmul<Operand, Operand>(columns, x);
  const [outHeight, outWidth] = [rows.shape[0], columns.shape[0]];
  const high = matmul<Operand, Operand>(rows, reshape(wide, [-1, height, outWidth * channels]));
  return reshape(high, [-1, outHeight, outWidth, channels]) as Outcome<X>;
}

/** How much of each of n numbers goes into each of n · times between them: [n · times, n]. */
function weights(n: number, times: number) {
  if (!Number.isSafeInteger(times) || times < 1) {
    throw new EngineError(
      'ATTRIBUTE',
      `[upSampling2d] expected positive integers as size, received ${String(times)}`,
    );
  }
  const matrix = new Float32Array(n * times * n);
  for (let i = 0; i < n * times; i++) {
    const place = Math.min(Math.max((i + 0.5) / times - 0.5, 0), n - 1);
    const before = Math.floor(place);
    const share = place - before;
    matrix[i * n + before] += 1 - share;
    matrix[i * n + Math.min(before + 1, n - 1)] += share;
  }
  return tensor(matrix, [n * times, n]);
}
