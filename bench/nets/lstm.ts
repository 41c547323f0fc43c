import { NDArray, Sequential, layers, optimizers } from 'nodegrad';
import { type Net, classes, uniform } from '../net.js';

/** A classifier of texts: embedding, LSTM, one logit of the last output. */
export default {
  batch: 32,
  size: 80,
  build: (size) =>
    new Sequential([
      layers.input({ shape: [size], dtype: 'int32' }),
      layers.embedding({ inputDim: 20_000, outputDim: 128, name: 'embedding' }),
      layers.lstm({ units: 128, name: 'lstm' }),
      layers.dense({ units: 1, activation: 'sigmoid', name: 'dense' }),
    ]),
  compile: () => ({ optimizer: optimizers.adam(), loss: 'binaryCrossentropy' }),
  data: (batch, size) => ({
    x: new NDArray(classes(batch * size, 1, 20_000), [batch, size]),
    y: new NDArray(uniform(batch, 2).map(Math.round), [batch, 1]),
  }),
  // The inputs' products of all steps at once, the states' one by one, their weights' gradient at once again.
  floor: [
    'inner_product 2560 128 512 forward,backward_data,backward_weights',
    ...Array.from({ length: 80 }, () => 'inner_product 32 128 512 forward,backward_data'),
    'inner_product 2560 128 512 backward_weights',
    'inner_product 32 128 1 forward,backward_data,backward_weights',
  ],
} satisfies Net;
