import { Model, NDArray, layers, optimizers } from 'nodegrad';
import { type Net, classes } from '../net.js';

const WIDTH = 128;
const HEADS = 4;
const BLOCKS = [1, 2];

/** A classifier of texts: an encoder of two blocks (attention, dense layers), the mean of its steps. */
export default {
  batch: 32,
  size: 128,
  build: (size) => {
    const tokens = layers.input({ shape: [size], dtype: 'int32' });
    const added = (x: layers.KerasTensor, y: layers.KerasTensor, name: string) =>
      layers.layerNormalization({ name }).apply(layers.add().apply([x, y]));
    const block = (x: layers.KerasTensor, i: number) => {
      const attention = layers.multiHeadAttention({
        ...{ numHeads: HEADS, keyDim: WIDTH / HEADS, name: `attention${i}` },
      });
      const seen = added(x, attention.apply([x, x]), `first${i}`);
      const wide = layers.dense({ units: 4 * WIDTH, activation: 'relu', name: `wide${i}` }).apply(seen);
      return added(seen, layers.dense({ units: WIDTH, name: `narrow${i}` }).apply(wide), `second${i}`);
    };
    const embedded = layers
      .embedding({ inputDim: 20_000, outputDim: WIDTH, name: 'embedding' })
      .apply(tokens);
    const mean = layers.globalAveragePooling1d().apply(BLOCKS.reduce(block, embedded));
    const outputs = layers.dense({ units: 2, activation: 'softmax', name: 'dense' }).apply(mean);
    return new Model({ inputs: tokens, outputs });
  },
  compile: () => ({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy' }),
  data: (batch, size) => ({
    x: new NDArray(classes(batch * size, 1, 20_000), [batch, size]),
    y: new NDArray(classes(batch, 2, 2), [batch]),
  }),
  // The dense layers; the products of attention, a few per cent of the arithmetic, are no ops of the floor.
  floor: [
    ...BLOCKS.flatMap(() => [
      'inner_product 4096 128 384 forward,backward_data,backward_weights',
      'inner_product 4096 128 128 forward,backward_data,backward_weights',
      'inner_product 4096 128 512 forward,backward_data,backward_weights',
      'inner_product 4096 512 128 forward,backward_data,backward_weights',
    ]),
    'inner_product 32 128 2 forward,backward_data,backward_weights',
  ],
} satisfies Net;
