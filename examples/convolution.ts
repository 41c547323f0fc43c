/**
 * Convolution on paper: 1-D, 2-D and 3-D, stride, padding, and the way back, each against numbers worked out by hand.
 *
 * An output is the sum of the products of the filter and the numbers below it. Of W numbers, a filter of F with padding P and stride S
 * makes (W − F + 2P)/S + 1. Where that is no whole number, the last numbers are left over. The gradient of the input is a convolution with
 * the flipped filter; of max-pooling it goes to the largest number alone, of average pooling to all in equal shares.
 *
 *     npm run example convolution
 */
import { Sequential, type Sym, type Tensor, compile, grad, layers, ops, tensor } from 'nodegrad';
import { example } from './support/example.js';

const { figure } = example({});
let wrong = 0;

/** Prints what comes out, and counts where it is not what stands on the paper. */
async function compare(what: string, result: Tensor, paper: readonly number[]): Promise<void> {
  const numbers = Array.from(await result.data());
  const isRight = numbers.length === paper.length && numbers.every((n, i) => Math.abs(n - paper[i]!) < 1e-5);
  if (!isRight) wrong++;
  console.log(`${isRight ? '=' : '≠'} ${what}: ${numbers.map((n) => Number(n.toFixed(3))).join(' ')}`);
}

const sequence = tensor([1, 2, 3, 4, 5]).reshape([1, 5, 1]);
const slope = tensor([1, 0, -1]).reshape([3, 1, 1]);
console.log('1-D, the numbers 1 2 3 4 5 and the filter 1 0 -1');
// 1·1 + 2·0 − 3, 2 − 4, 3 − 5.
await compare('valid', ops.conv(sequence, slope), [-2, -2, -2]);
// A zero on each side: 0 − 2, …, 4 − 0.
await compare('same', ops.conv(sequence, slope, { padding: 'same' }), [-2, -2, -2, -2, 4]);
await compare('stride 2: (5 − 3)/2 + 1 = 2', ops.conv(sequence, slope, { strides: 2 }), [-2, -2]);
const six = tensor([1, 2, 3, 4, 5, 6]).reshape([1, 6, 1]);
await compare(
  'six numbers, stride 2: (6 − 3)/2 + 1 = 2.5, the last is left over',
  ops.conv(six, slope, { strides: 2 }),
  [-2, -2],
);
// A sequence with two channels: the filter has a slope for the first and a mean for the second.
const channels = tensor([1, 10, 2, 20, 3, 30, 4, 40]).reshape([1, 4, 2]);
const both = tensor([1, 0.5, -1, 0.5]).reshape([2, 2, 1]);
// 1 − 2 + (10 + 20)/2, 2 − 3 + (20 + 30)/2, 3 − 4 + (30 + 40)/2.
await compare('two channels, 10 to 40 in the second', ops.conv(channels, both), [14, 24, 34]);

console.log('2-D, the rows 1 2 3, 4 5 6, 7 8 9 and the filter 1 0, 0 -1');
const image = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9]).reshape([1, 3, 3, 1]);
const diagonal = tensor([1, 0, 0, -1]).reshape([2, 2, 1, 1]);
// 1 − 5, 2 − 6, 4 − 8, 5 − 9.
await compare('valid', ops.conv(image, diagonal), [-4, -4, -4, -4]);

console.log('3-D, the numbers 1 to 8 in a cube, and a filter of ones');
const cube = tensor([1, 2, 3, 4, 5, 6, 7, 8]).reshape([1, 2, 2, 2, 1]);
await compare('their sum', ops.conv(cube, tensor([1, 1, 1, 1, 1, 1, 1, 1]).reshape([2, 2, 2, 1, 1])), [36]);

console.log('the way back: the gradients of the sum of 1 2 3 4 times the outputs');
const backward = compile((x: Sym, w: Sym) => {
  const outputs = ops.reshape(ops.conv(x, w), [4]);
  const [dx, dw] = grad(ops.sum(ops.multiply(outputs, [1, 2, 3, 4])), [x, w]);
  return { dx: dx!, dw: dw! };
});
const { dx, dw } = await backward(image, diagonal);
// Each output gives its factor times the filter to the numbers below it: 1 2 3 4 laid over the flipped filter.
const ofInput = [1, 2, 0, 3, 4 - 1, -2, 0, -3, -4];
await compare('of the input', dx, ofInput);
const factors = tensor([1, 2, 3, 4]).reshape([1, 2, 2, 1]);
const around = [0, 1, 1, 0].map((n) => [n, n] as const);
const flipped = ops.flip(diagonal, { axis: [0, 1] });
await compare(
  'the factors in zeros, by the flipped filter',
  ops.conv(ops.pad(factors, around), flipped),
  ofInput,
);
await compare('by the transposed convolution', ops.convTranspose(factors, diagonal), ofInput);
// Each weight gets the factors times the numbers that it met: 1·1 + 2·2 + 3·4 + 4·5, …
await compare('of the filter', dw, [37, 47, 67, 77]);

console.log('pooling of 1 2, 4 3');
const square = tensor([1, 2, 4, 3]).reshape([1, 2, 2, 1]);
const pooled = compile((x: Sym) => {
  const [largest, mean] = [ops.maxPool(x, { poolSize: 2 }), ops.averagePool(x, { poolSize: 2 })];
  const [ofLargest] = grad(ops.sum(largest), [x]);
  const [ofMean] = grad(ops.sum(mean), [x]);
  return { largest, mean, ofLargest: ofLargest!, ofMean: ofMean! };
});
const { largest, mean, ofLargest, ofMean } = await pooled(square);
await compare('the largest', largest, [4]);
await compare('its gradient', ofLargest, [0, 0, 1, 0]);
await compare('the mean', mean, [2.5]);
await compare('its gradient', ofMean, [0.25, 0.25, 0.25, 0.25]);

console.log('max-pooling 2×2 of the numbers 1 to 16 in four rows');
const rows = ops.reshape(ops.arange(1, 17), [1, 4, 4, 1]);
const pool = (strides: number) => ops.maxPool(rows, { poolSize: 2, strides });
await compare('stride 1: (4 − 2)/1 + 1 = 3 a side', pool(1), [6, 7, 8, 10, 11, 12, 14, 15, 16]);
await compare('stride 2: (4 − 2)/2 + 1 = 2 a side', pool(2), [6, 8, 14, 16]);
await compare('stride 3: (4 − 2)/3 + 1 = 1.67, the last row and column are left over', pool(3), [6]);

console.log('layers on images of 32×32×3');
for (const [filters, size, parameters, side] of [
  // A filter has a weight for each number below it, and a bias: 3·3·3 + 1, 5·5·3 + 1.
  [10, 3, 10 * (27 + 1), 32 - 3 + 1],
  [6, 5, 6 * (75 + 1), 32 - 5 + 1],
  [10, 5, 10 * (75 + 1), 32 - 5 + 1],
] as const) {
  const layer = layers.conv2d({ filters, kernelSize: size });
  const model = new Sequential([layers.input({ shape: [32, 32, 3] }), layer]);
  const numbers = tensor([model.countParams(), ...layer.computeOutputShape([1, 32, 32, 3])]);
  const what = `${filters} filters of ${size}×${size}×3: parameters, and the shape for one image`;
  await compare(what, numbers, [parameters, 1, side, side, filters]);
}
figure('results that are not those on paper', wrong, { atMost: 0 });
