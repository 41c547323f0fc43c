import { NDArray, Sequential, layers, optimizers } from 'nodegrad';
import { type Net, classes, uniform } from '../net.js';

const FILTERS = [16, 32, 64];

/** Three times convolution, ReLU and pooling in three dimensions: a classifier of volumes half as deep as wide. */
export default {
  batch: 16,
  size: 32,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size / 2, size, size, 1] }),
      ...FILTERS.flatMap((filters, i) => [
        layers.conv3d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', name: `conv${i + 1}` }),
        layers.maxPooling3d({ poolSize: 2 }),
      ]),
      layers.globalAveragePooling3d(),
      layers.dense({ units: 10, activation: 'softmax', name: 'dense' }),
    ]),
  compile: () => ({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy' }),
  data: (batch, size) => ({
    x: new NDArray(uniform((batch * size ** 3) / 2, 1), [batch, size / 2, size, size, 1]),
    y: new NDArray(classes(batch, 2, 10), [batch]),
  }),
  floor: [
    'convolution3d 16 1 16 32 32 16 3 3 3 1 1 forward,backward_weights',
    'convolution3d 16 16 8 16 16 32 3 3 3 1 1 forward,backward_data,backward_weights',
    'convolution3d 16 32 4 8 8 64 3 3 3 1 1 forward,backward_data,backward_weights',
    'inner_product 16 64 10 forward,backward_data,backward_weights',
  ],
} satisfies Net;
