import { NDArray, Sequential, layers, optimizers } from 'nodegrad';
import { type Net, classes, uniform } from '../net.js';

/** Dense layers on flat images. */
export default {
  batch: 128,
  size: 784,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size] }),
      layers.dense({ units: 512, activation: 'relu', name: 'dense1' }),
      layers.dense({ units: 512, activation: 'relu', name: 'dense2' }),
      layers.dense({ units: 10, activation: 'softmax', name: 'dense3' }),
    ]),
  compile: () => ({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy' }),
  data: (batch, size) => ({
    x: new NDArray(uniform(batch * size, 1), [batch, size]),
    y: new NDArray(classes(batch, 2, 10), [batch]),
  }),
  floor: [],
  families: ['torch'],
} satisfies Net;
