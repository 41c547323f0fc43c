import { join } from 'node:path';
import { NDArray, utils } from 'nodegrad';
import { fetched } from './fetched.js';

/** The folder of the images that come with scikit-image 0.25 (BSD-3-Clause). */
export const skimageFolder = (): string => join(fetched('scikit-image'), 'skimage', 'data');

/**
 * 200 pictures of 25×25 gray pixels from 0 to 1, faces (1) and others (0), in turns: from Labeled Faces in the Wild
 * (G. B. Huang et al., 2007).
 */
export async function loadFaces(): Promise<{ images: NDArray; labels: NDArray }> {
  const { data } = await utils.readNpy(join(skimageFolder(), 'lfw_subset.npy'));
  // The file has 100 faces, then 100 others.
  const [count, size] = [200, 25 * 25];
  const images = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const from = (i % 2 === 0 ? 0 : 100) + Math.floor(i / 2);
    for (let k = 0; k < size; k++) images[i * size + k] = data[from * size + k]!;
  }
  const labels = Float32Array.from({ length: count }, (_, i) => 1 - (i % 2));
  return { images: new NDArray(images, [count, 25, 25, 1]), labels: new NDArray(labels, [count, 1]) };
}
