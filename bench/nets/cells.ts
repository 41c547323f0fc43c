import { Sequential, layers, optimizers } from 'nodegrad';
import { type Net, labelledImages } from '../net.js';

const FILTERS = [32, 64, 128, 256];

/** Four times convolution, batch normalization, ReLU and pooling: a classifier of small colour photographs. */
export default {
  batch: 64,
  size: 64,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size, size, 3] }),
      ...FILTERS.flatMap((filters, i) => [
        layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false, name: `conv${i + 1}` }),
        layers.batchNormalization({ name: `norm${i + 1}` }),
        layers.relu(),
        layers.maxPooling2d({ poolSize: 2 }),
      ]),
      layers.globalAveragePooling2d(),
      layers.dense({ units: 2, activation: 'softmax', name: 'dense' }),
    ]),
  compile: () => ({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy' }),
  data: labelledImages(3, 2),
  floor: [
    'convolution 64 3 64 64 32 3 3 1 1 forward,backward_weights',
    'convolution 64 32 32 32 64 3 3 1 1 forward,backward_data,backward_weights',
    'convolution 64 64 16 16 128 3 3 1 1 forward,backward_data,backward_weights',
    'convolution 64 128 8 8 256 3 3 1 1 forward,backward_data,backward_weights',
    'inner_product 64 256 2 forward,backward_data,backward_weights',
  ],
} satisfies Net;
