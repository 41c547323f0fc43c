// What a bundler puts into one file.
import { Sequential, layers, tensor } from 'nodegrad';

const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
const x = tensor([
  [1, 2],
  [3, 4],
]);
await model.trainOnBatch(x, tensor([[1], [2]]));
console.log('trained', model.trainableWeights.length);
