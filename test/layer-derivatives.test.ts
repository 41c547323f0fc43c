/** The first and second derivatives of all layers, against finite differences. */
import { describe, expect, it } from 'vitest';
import { type Tensor, layers, tensor } from '../lib/index.js';
import { firstOf, itemAt } from '../lib/base/list.js';
import { type LayerCase, type Options, layerCases } from './cases/classes.js';
import { type Class, make, samples } from './support/classModels.js';
import { apart, expectDerivatives, waves } from './support/differences.js';

/** Layers whose results have no derivatives: why. */
const NONE: Readonly<Record<string, string>> = {
  CategoryEncoding: 'takes integers, and has no weights',
  ContrastLimitedAdaptiveHistogramEqualization:
    'gives the steps of a histogram: a derivative of 0 everywhere',
  Discretization: 'gives integers',
  Equalization: 'gives the steps of a histogram: a derivative of 0 everywhere',
  InputLayer: 'is not called',
  RandomPosterization: 'gives steps: a derivative of 0 everywhere',
};

/** Layers that are not called as in training: why. */
const INFERENCE: Readonly<Record<string, string>> = {
  SpectralNormalization: 'moves its vectors in each call, and takes them as constants',
};

/** Options with which draws choose no layer that has no derivative, and no color is near a jump: the edges of hues, a threshold. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  AugMix: { seed: 4 },
  RandAugment: { seed: 6 },
  RandomHue: { seed: 3 },
  Solarization: { additionFactor: [0.1, 0.1], thresholdFactor: [0.64, 0.64] },
};

/** Layers that choose the greatest or the least: no two of their numbers change their order within the steps. */
const CHOOSING = /Max(imum|Pooling)|Minimum/;

/** The halves of a range that channels have, in an order that no step changes. */
const CHANNELS = [-0.5, -0.14, 0.3];

function optionsOf(name: string, { options }: LayerCase): Options | undefined {
  const more = OPTIONS[name];
  return more ? { ...(options as object), ...more } : options;
}

/** Numbers for a row, away from where the derivatives jump: the ends of a range of colors, thresholds, and a change of order. */
function given(name: string, row: LayerCase): Tensor[] {
  const xs = samples(row, 2);
  if (CHOOSING.test(name)) return xs.map(({ shape }, i) => apart(shape, i));
  if (firstOf(xs).shape.length !== 4 || firstOf(xs).shape[3] !== CHANNELS.length) return xs;
  const options = row.options as { readonly valueRange?: readonly [number, number] } | undefined;
  const [low, high] = options?.valueRange ?? [-1, 1];
  return xs.map((x) => {
    const numbers = x.dataSync().map((wave, i) => {
      const pixel = Math.floor(i / CHANNELS.length) % 24;
      // The darkest and the lightest place.
      const extreme = name === 'AutoContrast' ? ({ 0: -0.3, 5: 0.3 }[pixel] ?? 0) : 0;
      return (
        (low + high) / 2 +
        ((high - low) / 2) * (itemAt(CHANNELS, i % CHANNELS.length) + 0.05 * wave + extreme)
      );
    });
    return tensor(numbers, [...x.shape]);
  });
}

const cases = Object.entries(layerCases).filter(([name]) => !(name in NONE));

describe('derivatives', () => {
  it('have exceptions for layers that there are', () => {
    for (const name of [NONE, INFERENCE, OPTIONS].flatMap(Object.keys))
      expect(layerCases).toHaveProperty(name);
  });

  it.each(cases)('%s', async (name, row) => {
    const layer = make(
      (layers as unknown as Record<string, Class<layers.Layer>>)[name]!,
      optionsOf(name, row),
    );
    const xs = given(name, row);
    const shapes = xs.map(({ shape }) => shape);
    layer.computeOutputShape(shapes.length === 1 ? firstOf(shapes) : shapes);
    const weights = layer.trainableWeights;
    for (const [i, weight] of weights.entries()) weight.assign(waves(weight.shape, 0.4 + i));
    const isWhole = row.below !== undefined;
    await expectDerivatives(
      (...all) => layer.applyAll(all, { training: !(name in INFERENCE) }),
      isWhole ? [] : xs,
      { weights, fixed: isWhole ? xs : [] },
    );
  });
});
