import { readFileSync } from 'node:fs';
import { type Model, NDArray, type Sym, compile, getEngineInfo, grad, layers, ops } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../bench/net.js';
import { nets } from '../../bench/nets/index.js';
import { lossOf } from '../../lib/losses/index.js';

interface Entry {
  name: string;
  batch: number;
  size: number;
  losses: number[];
  /** For each step and layer, of each trained weight: the gradient's length, and its dot product with `uniform` numbers. */
  gradients: Record<string, [number, number][]>[];
  /** For each step, how far PyTorch in float32 is from these numbers: the loss, and the worst gradient, as shares of them. */
  apart: { losses: number[]; gradients: number[] };
}

const { entries } = JSON.parse(
  readFileSync(new URL('../fixtures/whole_nets.json', import.meta.url), 'utf8'),
) as { entries: Entry[] };

/** The weights of test/fixtures/make_whole_nets.py. */
function setStart(model: Model): void {
  const weighted = model.layers.filter((layer) => layer.weights.length > 0);
  let seed = 100;
  for (const layer of weighted.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const normalizes = layer.weights.length === 4;
    const values = layer.weights.map(({ shape, size }, i) => {
      const fanIn = shape.slice(0, -1).reduce((product, n) => product * n, 1);
      const width = shape.length > 1 ? Math.sqrt(6 / (fanIn + shape.at(-1)!)) : 0.1;
      const middle = normalizes && (i === 0 || i === 3) ? 1 : 0;
      const numbers = uniform(size, seed++).map((u) => middle + (2 * u - 1) * width);
      return new NDArray(numbers, shape);
    });
    layer.setWeights(values);
  }
}

// float32 errs by 1e-6 of the numbers' length in a layer with direct convolutions, by 2e-5 with Winograd's. Forward and back through 20
// layers that is sqrt(20) * 2e-5 = 1e-4 of a gradient; a loss is a mean, the errors of whose terms cancel.
const LOSS_FLOOR = 1e-5;
const GRADIENT_FLOOR = 1e-4;
// Rounding decides which numbers a ReLU or a maximum lets through where they are that near to each other: a share of 0.8 * 2e-5, and
// the square root of it of the gradient, 4e-3, in each layer. Through 16 layers that is sqrt(16) * 4e-3 = 2e-2; what normalizes
// has a batch share such an error out. Each update adds its own to those before, and they grow as PyTorch's do in float32 (`apart`).
const NORMALIZED_GRADIENT_FLOOR = 2e-2;
const TIMES_PYTORCH = 10;
// Behind such a number the next update moves the weights, and with them many more numbers across zero: PyTorch's gradients of resnet18 are
// 0.7 % off in the step where it first happens, 7 % in the next. With us it may happen after the first update, PyTorch's second was
// its first: from the third step on what counts is how far PyTorch is off one step later.
const CHANCE_EARLIER = 1;
// One number that is let through in our run and was not in PyTorch's parts the gradients by 4e-3, where roundings alone part them by 1e-5
// to 3e-5 (`apart`): behind an update of a net that normalizes, a loss may be that much further off, in whichever step it happens.
const TIMES_CHANCE = 100;

/** Training steps of the net beside PyTorch's in float64, as many as the fixture has unless `stepsOf` says another number. */
export function runNets(stepsOf: (name: string) => number = () => Infinity): void {
  describe('training steps', () => {
    it.each(entries)("of $name: losses and gradients are PyTorch's", async (entry) => {
      const net = nets[entry.name];
      const model = net.build(entry.size, false);
      setStart(model);
      const { optimizer, loss: name } = net.compile();
      const weights = model.trainableWeights;
      const step = compile((x: Sym, y: Sym) => {
        const loss = ops.mean(lossOf(name).call(y, model.apply(x, { training: true })));
        const gradients = grad(loss, weights);
        optimizer.minimize(loss, weights);
        return { loss, gradients };
      });
      const normalizes = model.layers.some((layer) => layer instanceof layers.BatchNormalization);
      const { x, y } = net.data(entry.batch, entry.size);
      for (const [i, expected] of entry.gradients.entries()) {
        const { loss, gradients } = await step(x, y);
        if (i >= stepsOf(entry.name)) break;
        const worst = (apart: readonly number[], steps = i + 1) =>
          TIMES_PYTORCH * Math.max(...apart.slice(0, steps));
        const lossBound = Math.max(
          LOSS_FLOOR,
          normalizes && i > 0 ? TIMES_CHANCE * Math.max(...entry.apart.losses) : worst(entry.apart.losses),
        );
        const bound = normalizes
          ? Math.max(
              NORMALIZED_GRADIENT_FLOOR * (i + 1),
              worst(entry.apart.gradients, i < 2 ? i + 1 : i + 1 + CHANCE_EARLIER),
            )
          : GRADIENT_FLOOR;
        expect(Math.abs((await loss.item()) / entry.losses[i] - 1), `loss of step ${i}`).toBeLessThan(
          lossBound,
        );
        for (const layer of model.layers) {
          for (const [k, weight] of layer.trainableWeights.entries()) {
            const gradient = await gradients[weights.indexOf(weight)].data();
            const [length, product] = expected[layer.name][k];
            const hash = uniform(gradient.length, 3);
            let squares = 0;
            let dot = 0;
            for (let j = 0; j < gradient.length; j++) {
              squares += gradient[j] ** 2;
              dot += gradient[j] * (2 * hash[j] - 1);
            }
            const what = `step ${i}, ${layer.name}'s ${weight.name}`;
            expect(Math.abs(Math.sqrt(squares) - length) / length, what).toBeLessThan(bound);
            expect(Math.abs(dot - product) / length, what).toBeLessThan(bound);
          }
        }
      }
      // Without AVX oneDNN has no code of its own for some of these convolutions.
      if (getEngineInfo().isa !== 'base') expect(step.describe()).not.toMatch(/\bref:any\b/);
    });
  });
}
