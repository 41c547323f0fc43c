/** Matrices that resample one axis: row i holds what each place of the input adds to place i of the output. */
import { itemAt } from '../../base/list.js';
import { NDArray } from '../../core/ndarray.js';
import { allocate } from '../../core/tensor.js';

/** How a place between pixels is weighted by its distance from them. */
type Kernel = (distance: number) => number;

const linear: Kernel = (x) => Math.max(0, 1 - x);

/** Keys, Cubic convolution interpolation for digital image processing, 1981, with his parameter a. */
const cubic =
  (a: number): Kernel =>
  (x) => {
    if (x >= 2) return 0;
    return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : a * (((x - 5) * x + 8) * x - 4);
  };

const lanczos =
  (radius: number): Kernel =>
  (x) => {
    if (x > radius) return 0;
    if (x <= 1e-3) return 1;
    return (radius * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / radius)) / (Math.PI * x) ** 2;
  };

/** How numbers between pixels can be found. */
export const INTERPOLATIONS = ['bilinear', 'nearest', 'bicubic', 'lanczos3', 'lanczos5'] as const;

/** @internal */
export const kernels = { linear, cubic: cubic(-0.5), lanczos3: lanczos(3), lanczos5: lanczos(5) } as const;

/** Fills the matrix from what each output place takes: pairs of an input place and its weight. @throws EngineError `OUT_OF_MEMORY`. */
function filled(
  op: string,
  n: number,
  size: number,
  row: (i: number, put: (j: number, w: number) => void) => void,
) {
  const numbers = allocate(op, 'float32', size * n);
  for (let i = 0; i < size; i++) row(i, (j, w) => (numbers[i * n + j] = itemAt(numbers, i * n + j) + w));
  return new NDArray(numbers, [size, n]);
}

/** Between the two nearest pixels, or over four (a = -0.75); beyond the border its pixels go on. As PyTorch's `interpolate`. @internal */
export function interpolationMatrix(
  op: string,
  n: number,
  size: number,
  method: 'bilinear' | 'bicubic',
): NDArray {
  const [kernel, reach] = method === 'bilinear' ? [linear, 1] : [cubic(-0.75), 2];
  return filled(op, n, size, (i, put) => {
    const center = ((i + 0.5) * n) / size - 0.5;
    for (let j = Math.floor(center) - reach + 1; j <= Math.floor(center) + reach; j++)
      put(Math.min(Math.max(j, 0), n - 1), kernel(Math.abs(center - j)));
  });
}

/** Over as many pixels as an output place covers, with weights of sum 1. As PyTorch's `interpolate` with `antialias`. @internal */
export function antialiasMatrix(
  op: string,
  n: number,
  size: number,
  method: 'bilinear' | 'bicubic',
): NDArray {
  const [kernel, reach] = method === 'bilinear' ? [linear, 1] : [kernels.cubic, 2];
  const step = Math.max(n / size, 1);
  return filled(op, n, size, (i, put) => {
    const center = ((i + 0.5) * n) / size;
    const from = Math.max(Math.trunc(center - reach * step + 0.5), 0);
    const to = Math.min(Math.trunc(center + reach * step + 0.5), n);
    const weights = Array.from({ length: to - from }, (_, j) =>
      kernel(Math.abs((from + j + 0.5 - center) / step)),
    );
    const total = weights.reduce((a, b) => a + b, 0);
    weights.forEach((weight, j) => put(from + j, weight / total));
  });
}

/**
 * Output place i shows the input at (i + 0.5 - translation) / scale - 0.5, with weights of sum 1; 0 where that is outside. As JAX's
 * `scale_and_translate`. @internal
 */
export function translationMatrix(
  op: string,
  n: number,
  size: number,
  {
    scale,
    translation,
    kernel,
    antialias,
  }: { scale: number; translation: number; kernel: Kernel; antialias: boolean },
): NDArray {
  const step = antialias ? Math.max(1 / scale, 1) : 1;
  return filled(op, n, size, (i, put) => {
    const center = (i + 0.5 - translation) / scale - 0.5;
    if (!(center >= -0.5 && center <= n - 0.5)) return;
    const weights = Array.from({ length: n }, (_, j) => kernel(Math.abs(center - j) / step));
    const total = weights.reduce((a, b) => a + b, 0);
    if (Math.abs(total) > 1000 * 2 ** -23) weights.forEach((weight, j) => put(j, weight / total));
  });
}
