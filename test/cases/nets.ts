import { itemAt } from '../../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { Model, NDArray, Sequential, type Sym, compile, getEngineInfo, grad, layers, ops } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../bench/net.js';
import { nets } from '../../bench/nets/index.js';
import { lossOf } from '../../lib/losses/registry.js';

interface Entry {
  name: string;
  /** Softplus and average pooling in place of ReLU and max-pooling. */
  smooth: boolean;
  batch: number;
  size: number;
  losses: number[];
  /** For each step and layer, of each trained weight: the gradient's length, and its dot product with `uniform` numbers. */
  gradients: Record<string, [number, number][]>[];
  /** For each step, how far PyTorch in float32 is from these numbers: the loss, and the worst gradient, as shares of them. */
  apart: { losses: number[]; gradients: number[] };
}

const { entries } = JSON.parse(readFileSync(new URL('../fixtures/nets.json', import.meta.url), 'utf8')) as {
  entries: Entry[];
};

/** The net without kinks, as test/fixtures/make_nets.py has it. */
function smoothed(model: Model): Model {
  const json = JSON.stringify(model.getConfig(), (_, value: unknown) => {
    const layer = value as { className?: string; config: { name: string } } | null;
    if (layer?.className === 'ReLU')
      return { className: 'Activation', config: { name: layer.config.name, activation: 'softplus' } };
    if (layer?.className === 'MaxPooling2D') return { ...layer, className: 'AveragePooling2D' };
    return value;
  });
  const config = JSON.parse(json) as Record<string, unknown>;
  return (model instanceof Sequential ? Sequential : Model).fromConfig(config) as Model;
}

/** The weights of test/fixtures/make_nets.py. */
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
// layers that is sqrt(20) * 2e-5 = 1e-4 of a gradient; a loss is a mean, the errors of whose terms cancel. Where batch normalization
// takes most of a gradient away, more is lost, in PyTorch's float32 as in ours (`apart`).
const LOSS_FLOOR = 1e-5;
const GRADIENT_FLOOR = 1e-4;
const TIMES_PYTORCH = 10;
// Rounding decides which numbers a ReLU or a maximum lets through where they are that near to each other: a share of 0.8 * 2e-5, and
// the square root of it of the gradient, 4e-3, in each layer. Through 16 layers that is sqrt(16) * 4e-3 = 2e-2; what normalizes
// has a batch share such an error out. The second step adds its own to those of the first.
const KINKED_GRADIENT_FLOOR = 2e-2;
// The same in nets that nothing normalizes, where numbers are off by no more than 1e-6: a share of 0.8e-6, and 9e-4 of the gradient in each
// of up to four layers. Bounds of the smoothed nets, which have no such places, stay at the roundings alone.
const KINKED_PLAIN_GRADIENT_FLOOR = 2e-3;
// One number that is let through in one run and not in the other parts the gradients by 4e-3, where roundings alone part them by
// 1e-5 to 3e-5: after an update a loss may be off by a hundred times the 1e-6 of its rounding.
const KINKED_LOSS = 1e-4;

function boundsOf({ smooth, apart }: Entry, model: Model, step: number) {
  const worst = (shares: readonly number[]) => TIMES_PYTORCH * Math.max(...shares.slice(0, step + 1));
  const loss = Math.max(LOSS_FLOOR, worst(apart.losses));
  const normalizes = model.layers.some((layer) => layer instanceof layers.BatchNormalization);
  if (!normalizes) return { loss, gradient: smooth ? GRADIENT_FLOOR : KINKED_PLAIN_GRADIENT_FLOOR };
  if (smooth) return { loss, gradient: Math.max(GRADIENT_FLOOR, worst(apart.gradients)) };
  return {
    loss: step === 0 ? loss : KINKED_LOSS,
    gradient: KINKED_GRADIENT_FLOOR * (step + 1),
  };
}

/**
 * Training steps of the net compared with PyTorch's in float64.
 *
 * @param stepsOf How many of a net's steps count, where it is not all that the fixture has.
 */
export function runNets(stepsOf: (entry: Entry) => number = (entry) => entry.losses.length): void {
  describe('training steps', () => {
    it.each(entries)("of $name, smooth: $smooth: losses and gradients are PyTorch's", async (entry) => {
      const net = nets[entry.name]!;
      const built = net.build(entry.size, false);
      const model = entry.smooth ? smoothed(built) : built;
      setStart(model);
      const { optimizer, loss: name } = net.compile();
      const weights = model.trainableWeights;
      const step = compile((x: Sym, y: Sym) => {
        const loss = ops.mean(lossOf(name).call(y, model.apply(x, { training: true })));
        const gradients = grad(loss, weights);
        optimizer.minimize(loss, weights);
        return { loss, gradients };
      });
      const { x, y } = net.data(entry.batch, entry.size);
      for (const [i, expected] of entry.gradients.slice(0, stepsOf(entry)).entries()) {
        const { loss, gradients } = await step(x, y);
        const { loss: lossBound, gradient: bound } = boundsOf(entry, model, i);
        expect(Math.abs((await loss.item()) / itemAt(entry.losses, i) - 1), `loss of step ${i}`).toBeLessThan(
          lossBound,
        );
        for (const layer of model.layers) {
          for (const [k, weight] of layer.trainableWeights.entries()) {
            const gradient = await itemAt(gradients, weights.indexOf(weight)).data();
            const [length, product] = itemAt(expected[layer.name]!, k);
            const hash = uniform(gradient.length, 3);
            let squares = 0;
            let dot = 0;
            for (let j = 0; j < gradient.length; j++) {
              squares += gradient[j]! ** 2;
              dot += gradient[j]! * (2 * itemAt(hash, j) - 1);
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
