/** Ready-made data sets: functions that resolve to arrays in memory. */
export { type LabelledImages, type Mnist, type MnistOptions, mnist } from './mnist.js';
export { type Penguins, type Table, iris, penguins } from './packaged.js';
