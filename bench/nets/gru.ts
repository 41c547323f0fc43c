import { NDArray, Sequential, layers, optimizers } from 'nodegrad';
import { type Net, classes, uniform } from '../net.js';

/** A classifier of sequences of numbers: two GRUs, softmax. */
export default {
  batch: 32,
  size: 60,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size, 32] }),
      layers.gru({ units: 96, returnSequences: true, name: 'gru1' }),
      layers.gru({ units: 96, name: 'gru2' }),
      layers.dense({ units: 5, activation: 'softmax', name: 'dense' }),
    ]),
  compile: () => ({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy' }),
  data: (batch, size) => ({
    x: new NDArray(uniform(batch * size * 32, 1), [batch, size, 32]),
    y: new NDArray(classes(batch, 2, 5), [batch]),
  }),
  floor: [],
  families: ['torch'],
} satisfies Net;
