import { Sequential, layers, optimizers } from 'nodegrad';
import { type Net, labelledImages } from '../net.js';

/** examples/mnist.ts, on scaled images. */
export default {
  batch: 128,
  size: 28,
  build: (size, dropout = true) =>
    new Sequential([
      layers.input({ shape: [size, size, 1] }),
      layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu', name: 'conv1' }),
      layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu', name: 'conv2' }),
      layers.maxPooling2d({ poolSize: 2 }),
      ...(dropout ? [layers.dropout({ rate: 0.25 })] : []),
      layers.flatten(),
      layers.dense({ units: 128, activation: 'relu', name: 'dense1' }),
      ...(dropout ? [layers.dropout({ rate: 0.5 })] : []),
      layers.dense({ units: 10, activation: 'softmax', name: 'dense2' }),
    ]),
  compile: () => ({
    optimizer: optimizers.adadelta({ learningRate: 1 }),
    loss: 'sparseCategoricalCrossentropy',
  }),
  data: labelledImages(1, 10),
  floor: [
    'convolution 128 1 28 28 32 3 3 1 0 forward,backward_weights',
    'convolution 128 32 26 26 64 3 3 1 0 forward,backward_data,backward_weights',
    'inner_product 128 9216 128 forward,backward_data,backward_weights',
    'inner_product 128 128 10 forward,backward_data,backward_weights',
  ],
} satisfies Net;
