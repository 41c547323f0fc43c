/** What layers that change images draw: between which numbers, how often. */
import { describe, expect, it } from 'vitest';
import { type Tensor, layers, tensor } from '../lib/index.js';
import { type ImageLayer, numbersOf } from './support/images.js';

/** Many images of one pixel, or of another size: what is drawn for them can be counted. */
const many = (n: number, height = 1, width = 1, channels = 1) =>
  tensor(new Float32Array(n * height * width * channels), [n, height, width, channels]);

describe('what is drawn', () => {
  const N = 4096;
  /** The layer, a number that it draws for each image, and between which numbers that is even. */
  const even: [ImageLayer, string, number, number][] = [
    [layers.randomRotation({ factor: [0.25, -0.5] }), 'angle', -180, 90],
    [layers.randomRotation({ factor: 0.5 }), 'angle', -180, 180],
    [layers.randomZoom({ heightFactor: 0.5, widthFactor: [0, 1] }), 'heightZoom', 0.5, 1.5],
    [layers.randomZoom({ heightFactor: 0.5, widthFactor: [0, 1] }), 'widthZoom', 1, 2],
    [layers.randomZoom({ heightFactor: -0.5 }), 'widthZoom', 0.5, 1.5],
    [layers.randomTranslation({ heightFactor: 0.5, widthFactor: -0.5 }), 'translations', -0.5, 0.5],
    [layers.randomContrast({ factor: [0.3, 0.9] }), 'contrastFactor', 0.7, 1.9],
    [layers.randomContrast({ factor: 0.5 }), 'contrastFactor', 1, 1.5],
    [layers.randomBrightness({ factor: 0.5 }), 'rgbDelta', -127.5, 127.5],
    [layers.randomBrightness({ factor: [0, 1], valueRange: [-1, 1] }), 'rgbDelta', 0, 2],
    [layers.randomColorDegeneration({ factor: 0.5 }), 'factor', -0.5, 0.5],
    [layers.randomSharpness({ factor: 0.5 }), 'factor', 0, 0.5],
    [layers.randomHue({ factor: 0.5 }), 'factor', -0.25, 0.25],
    [layers.solarization({ additionFactor: 0.5, thresholdFactor: [0.1, 1] }), 'additions', 0, 127.5],
    [layers.solarization({ additionFactor: 0.5, thresholdFactor: [0.1, 1] }), 'thresholds', 0.1, 255],
  ];
  it.each(even.map((row) => [row[0].className, ...row] as const))('%# %s', (_, layer, name, least, most) => {
    const t = layer.getRandomTransformation(many(N), { seed: 5 }) as Record<string, Tensor>;
    const numbers = numbersOf(t[name]!);
    expect(numbers.length).toBeGreaterThanOrEqual(N);
    const size = most - least;
    // The ends are rounded by 2⁻²⁴ of them.
    const slack = 2 ** -23 * Math.max(Math.abs(least), Math.abs(most));
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(least - slack);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(most + slack);
    // An even number of a range of 1 has the mean 1/2 with a deviation of √(1/12), and its square 1/3 with √(4/45): five of them.
    const shares = numbers.map((x) => (x - least) / size);
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    expect(Math.abs(mean(shares) - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / N));
    expect(Math.abs(mean(shares.map((x) => x * x)) - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / N));
  });

  /** The layer, what says for which images something happens, and how probable it is. */
  const events: [ImageLayer, string, number][] = [
    [layers.randomFlip(), 'flips', 0.5],
    [layers.randomGrayscale({ factor: 0.3 }), 'shouldApply', 0.3],
    // A probability that is even from 0 to f happens as often as f / 2.
    [layers.randomInvert(), 'applyInversion', 0.5],
    [layers.randomInvert({ factor: [0.8, 0.8] }), 'applyInversion', 0.8],
    [layers.randomErasing({ factor: 0.5 }), 'applyErasing', 0.25],
  ];
  it.each(events.map((row) => [row[0].className, ...row] as const))(
    '%# %s, an event',
    (_, layer, name, probability) => {
      const t = layer.getRandomTransformation(many(N), { seed: 5 }) as Record<string, Tensor>;
      const happened = numbersOf(t[name]!).reduce((a, b) => a + b, 0);
      const deviation = Math.sqrt(probability * (1 - probability) * N);
      expect(Math.abs(happened - probability * N)).toBeLessThan(5 * deviation);
    },
  );

  it('strengths of colours are f / (1 − f)', () => {
    const t = layers.randomSaturation({ factor: [0.25, 0.75] }).getRandomTransformation(many(N), { seed: 5 });
    const factors = numbersOf(t!.factor as Tensor);
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(1 / 3 - 1e-6);
    expect(Math.max(...factors)).toBeLessThanOrEqual(3);
    const strengths = factors.map((x) => x / (1 + x));
    // Even from 1/4 to 3/4: a deviation of √(1/48).
    expect(Math.abs(strengths.reduce((a, b) => a + b, 0) / N - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 48 / N));
  });

  it('each number of bits is as probable, the last one not included', () => {
    const t = layers.randomPosterization({ factor: [3, 6] }).getRandomTransformation(many(N), { seed: 5 });
    const shifts = numbersOf(t!.shiftFactor as Tensor);
    for (const shift of [3, 4, 5]) {
      const count = shifts.filter((x) => x === shift).length;
      expect(Math.abs(count - N / 3)).toBeLessThan(5 * Math.sqrt((2 / 9) * N));
    }
    expect(new Set(shifts).size).toBe(3);
    const always = layers.randomPosterization({ factor: [4, 4] }).getRandomTransformation(many(9));
    expect(numbersOf(always!.shiftFactor as Tensor)).toEqual(Array(9).fill(4));
  });

  it('patches are within the image and have the share of it that they should', () => {
    const erasing = layers.randomErasing({ scale: [0.1, 0.4] });
    const t = erasing.getRandomTransformation(many(N, 10, 20), { seed: 5 })!;
    const rows = (t.corners as Tensor).arraySync() as number[][];
    for (const [left, top, right, bottom] of rows) {
      expect(Math.min(left!, top!)).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(20 + 1e-5);
      expect(bottom).toBeLessThanOrEqual(10 + 1e-5);
    }
    // The square of a side's share is even from 0.1 to 0.4: a deviation of √(0.09/12).
    const shares = rows.map(([left, , right]) => ((right! - left!) / 20) ** 2);
    expect(Math.abs(shares.reduce((a, b) => a + b, 0) / N - 0.25)).toBeLessThan(5 * Math.sqrt(0.09 / 12 / N));
    const noise = numbersOf(t.fillValue as Tensor);
    expect(Math.min(...noise.slice(0, 9999))).toBe(0);
    expect(Math.max(...noise.slice(0, 9999))).toBe(255);
  });

  it('zooms keep the ratio of the sides where there is one factor', () => {
    const t = layers.randomZoom({ heightFactor: 0.5 }).getRandomTransformation(many(9));
    expect(numbersOf(t!.heightZoom as Tensor)).toEqual(numbersOf(t!.widthZoom as Tensor));
  });

  it('crops are at each place as often, and the same for the whole batch', () => {
    const crop = layers.randomCrop({ height: 2, width: 3 });
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 600; seed++) {
      const t = crop.getRandomTransformation(many(4, 4, 4), { seed })!;
      const place = [t.top, t.left].map((x) => (x as Tensor).dataSync()[0]).join();
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['0,0', '0,1', '1,0', '1,1', '2,0', '2,1']);
    // Of 600 with a probability of 1/6 each: 100, with a deviation of √(600 · 5/36) = 9.1.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(5 * 9.2);
  });
});
