import { Sequential, layers, optimizers } from 'nodegrad';
import { type Net, labelledImages } from '../net.js';

/** LeNet-5 (LeCun et al. 1998) with tanh and average pooling. */
export default {
  batch: 128,
  size: 28,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size, size, 1] }),
      layers.conv2d({ filters: 6, kernelSize: 5, padding: 'same', activation: 'tanh', name: 'conv1' }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 16, kernelSize: 5, activation: 'tanh', name: 'conv2' }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 120, activation: 'tanh', name: 'dense1' }),
      layers.dense({ units: 84, activation: 'tanh', name: 'dense2' }),
      layers.dense({ units: 10, activation: 'softmax', name: 'dense3' }),
    ]),
  compile: () => ({
    optimizer: optimizers.sgd({ learningRate: 0.01, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
  }),
  data: labelledImages(1, 10),
  floor: [
    'convolution 128 1 28 28 6 5 5 1 2 forward,backward_weights',
    'convolution 128 6 14 14 16 5 5 1 0 forward,backward_data,backward_weights',
    'inner_product 128 400 120 forward,backward_data,backward_weights',
    'inner_product 128 120 84 forward,backward_data,backward_weights',
    'inner_product 128 84 10 forward,backward_data,backward_weights',
  ],
} satisfies Net;
