import { NDArray } from 'nodegrad';

/** A part of an image [height, width, channels] that is within it, as floats [size, size, channels]. */
export function crop(image: NDArray, top: number, left: number, size: number): NDArray {
  const [, width, channels] = image.shape as [number, number, number];
  const data = new Float32Array(size * size * channels);
  for (let y = 0; y < size; y++) {
    const from = ((top + y) * width + left) * channels;
    data.set(image.data.subarray(from, from + size * channels), y * size * channels);
  }
  return new NDArray(data, [size, size, channels]);
}
