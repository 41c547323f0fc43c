import { atLeast, firstOf, itemAt, mapTuple } from '../../lib/base/list.js';
import {
  type Sym,
  type Tensor,
  type Variable,
  compile,
  getEngineInfo,
  grad,
  mixedPrecision,
  ops,
  tensor,
  variable,
} from 'nodegrad';
import { afterEach, describe, expect, it } from 'vitest';
import { random } from '../support/blobs.js';
import { has } from './table.js';

type Activation = (x: Sym) => Sym;

const activations: Record<string, Activation> = {
  relu: (x) => ops.relu(x),
  'relu up to 6': (x) => ops.minimum(ops.relu(x), 6),
  elu: (x) => ops.elu(x),
  gelu: (x) => ops.gelu(x),
  tanh: (x) => ops.tanh(x),
  sigmoid: (x) => ops.sigmoid(x),
};

interface ConvolutionOptions {
  strides: number;
  groups: number;
  dilationRate: number;
}

type Convolve = (x: Sym, kernel: Sym, options: ConvolutionOptions) => Sym;

interface Layer {
  name: string;
  x: number[];
  weights: number[][];
  call: (activation: Activation, convolve: Convolve, x: Sym, weights: Sym[]) => Sym;
}

function* layersOf(): Generator<Layer> {
  for (const [rows, inputs, units] of [
    [1, 5, 3],
    [4, 16, 16],
    [32, 64, 33],
    [7, 9, 1],
  ] as const)
    yield {
      name: `dense [${rows}, ${inputs}] to ${units}`,
      x: [rows, inputs],
      weights: [[inputs, units], [units]],
      call: (activation, _, x, [w, b]) => activation(ops.add(ops.matmul(x, w!), b!)),
    };
  // Samples, edge, channels, filters, kernel, strides, groups, dilationRate: oneDNN's direct kernels, Winograd's, those over samples, depthwise,
  // and where oneDNN generates no code, on lower levels products of unfolded images and its reference.
  for (const [n, edge, channels, filters, kernel, strides, groups, dilationRate = 1] of [
    [2, 8, 3, 8, 3, 1, 1],
    [2, 8, 16, 16, 3, 1, 1],
    [16, 12, 6, 16, 5, 1, 1],
    [2, 8, 16, 32, 1, 1, 1],
    [1, 8, 5, 7, 1, 1, 1],
    [4, 16, 32, 32, 3, 1, 1],
    [2, 9, 16, 16, 3, 2, 1],
    [2, 8, 16, 16, 3, 1, 16],
    [2, 8, 12, 12, 3, 1, 12],
    [2, 8, 8, 8, 3, 1, 2],
    [2, 8, 16, 16, 5, 1, 1],
    [3, 9, 18, 12, 5, 1, 3],
    [2, 12, 33, 1, 5, 1, 1, 3],
  ] as const)
    for (const around of [
      'nothing',
      'bias',
      'folded normalization',
      'max-pooling',
      'residual',
      'residual, max-pooling',
    ]) {
      if (around.includes('residual') && (channels !== filters || strides > 1)) continue;
      yield {
        name: `conv2d ${[n, edge, channels, filters, kernel, strides, groups, dilationRate].join('-')} with ${around}`,
        x: [n, edge, edge, channels],
        weights: [[kernel, kernel, channels / groups, filters], [filters]],
        call: (activation, convolve, x, given) => {
          const [w, b] = atLeast(given, 2);
          let y = convolve(x, w, { strides, groups, dilationRate });
          if (around === 'bias') y = ops.add(y, b);
          if (around.includes('normalization'))
            y = ops.batchNormalization(y, b, ops.abs(b), { scale: b, offset: b });
          if (around.includes('residual')) y = ops.add(y, x);
          y = activation(y);
          return around.includes('pooling') ? ops.maxPool(y, { poolSize: 2 }) : y;
        },
      };
    }
}

const byEngine: Convolve = (x, kernel, options) => ops.conv(x, kernel, { ...options, padding: 'same' });

/** The sum over the taps that are within the image, for each output alone: the engine's Winograd makes more of a NaN's neighbours NaN. */
function byDefinition(x: Tensor, kernel: Variable, options: ConvolutionOptions): Tensor {
  const { strides, groups, dilationRate } = options;
  const [n, edge, , channels] = atLeast(x.shape, 4);
  const [taps, , perGroup, filters] = atLeast(kernel.shape, 4);
  const [numbers, weights] = [x.dataSync(), kernel.dataSync()];
  const out = Math.ceil(edge / strides);
  const before = Math.max((out - 1) * strides + (taps - 1) * dilationRate + 1 - edge, 0) >> 1;
  const y = new Float32Array(n * out * out * filters);
  for (let place = 0; place < n * out * out; place++) {
    const image = Math.floor(place / (out * out));
    const [top, left] = mapTuple([Math.floor(place / out) % out, place % out], (at) => at * strides - before);
    for (let tap = 0; tap < taps * taps; tap++) {
      const [row, column] = [top + Math.floor(tap / taps) * dilationRate, left + (tap % taps) * dilationRate];
      if (row < 0 || row >= edge || column < 0 || column >= edge) continue;
      const pixel = ((image * edge + row) * edge + column) * channels;
      for (let f = 0; f < filters; f++) {
        const first = Math.floor((f * groups) / filters) * perGroup;
        let sum = 0;
        for (let c = 0; c < perGroup; c++)
          sum += numbers[pixel + first + c]! * weights[(tap * perGroup + c) * filters + f]!;
        y[place * filters + f]! += sum;
      }
    }
  }
  return tensor(y, [n, out, out, filters]);
}

/** How many numbers of `actual` are not NaN where those of `expected` are. */
async function lost(expected: Float32Array, actual: Float32Array): Promise<number> {
  return expected.filter((value, i) => Number.isNaN(value) && !Number.isNaN(actual[i])).length;
}

/** NaN in an operand is NaN in what any fusion computes of it. NODEGRAD_ISA has to be set before this module is loaded. */
export function runNan(isa: string): void {
  const policies = ['float32', 'mixedBfloat16'] as const;
  describe.runIf(has(isa))(`NaN through ${isa} kernels`, () => {
    afterEach(() => mixedPrecision.setDtypePolicy('float32'));
    it.each(Object.keys(activations))('stays NaN in %s behind every layer', async (name) => {
      const activation = activations[name]!;
      const next = random(3);
      for (const { name: layer, x, weights, call } of layersOf())
        for (const inWeights of [false, true]) {
          const numbers = [x, ...weights].map((shape) =>
            Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => next() * 2 - 1),
          );
          const poisoned = itemAt(numbers, inWeights ? 1 : 0);
          poisoned[poisoned.length >> 1] = NaN;
          const input = tensor(firstOf(numbers), x);
          const own = weights.map((shape, i) => variable(tensor(itemAt(numbers, i + 1), shape)));
          mixedPrecision.setDtypePolicy('float32');
          const opByOp = call(activation, byDefinition as never, input as never, own as never);
          const expected = (opByOp as never as { dataSync(): Float32Array }).dataSync();
          expect(expected.some(Number.isNaN), layer).toBe(true);
          for (const policy of policies) {
            if (policy !== 'float32' && !getEngineInfo().bfloat16) continue;
            mixedPrecision.setDtypePolicy(policy);
            for (const trained of [false, true]) {
              const step = compile((fed: Sym) => {
                const y = call(activation, byEngine, fed, own as never as Sym[]);
                return { y, gradients: trained ? grad(ops.sum(y), own) : [] };
              });
              const { y } = await step(input);
              const what = `${layer}, ${policy}, ${trained ? 'with' : 'without'} gradients, NaN in ${inWeights ? 'the weights' : 'x'}`;
              expect(
                await lost(expected, (await y.data()) as Float32Array),
                `${what}\n${step.describe()}`,
              ).toBe(0);
            }
          }
        }
    });
  });
}
