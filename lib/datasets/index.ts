/** Ready-made data sets: functions that resolve to arrays in memory. */
export { type Cifar100Options, cifar10, cifar100 } from './cifar.js';
export {
  type CaliforniaHousingOptions,
  type HousingOptions,
  type Rows,
  type SplitRows,
  bostonHousing,
  californiaHousing,
} from './housing.js';
export {
  type FashionMnistOptions,
  type LabelledImages,
  type Mnist,
  type MnistOptions,
  fashionMnist,
  mnist,
} from './mnist.js';
export { type Penguins, type Table, digits, iris, penguins } from './packaged.js';
export type { PublishedOptions } from './published.js';
export {
  type ImdbOptions,
  type LabelledTexts,
  type ReutersOptions,
  type SplitTexts,
  imdb,
  reuters,
} from './words.js';
