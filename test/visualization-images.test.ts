// Pictures of images, and of what nets make of them.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NDArray, Sequential, layers, ones, visualization, zeros } from '../lib/index.js';
import { drawn, pixelsOf, texts } from './support/pictures.js';
import { rejectionOf } from './support/run.js';

describe('galleries', () => {
  it('have captions, right and wrong', async () => {
    const svg = await visualization.plotImageGallery(zeros([3, 4, 4, 1]), {
      yTrue: [0, 1, 1],
      yPred: [
        [0.9, 0.1],
        [0.8, 0.2],
        [0.3, 0.7],
      ],
      labelMap: ['cat', 'dog'],
      cols: 3,
      scale: 0.5,
    });
    // The second is wider than its image.
    expect(texts(svg)).toEqual(['cat', 'dog', '→ cat', 'dog']);
    // Both lines of the wrong one.
    expect(svg.match(/fill="#b3261e"/g)).toHaveLength(2);
    expect(await pixelsOf(svg, '#000000')).toBeGreaterThanOrEqual(3 * 36 * 36);
  });

  it('cut no long captions and titles above small images', async () => {
    const labelMap = ['Theodore Roosevelt of New York', 'MICROSCOPICAL nucleus of a cell', 'cat'];
    const title = 'Three images that are smaller than what is said about them';
    const options = { valueRange: [0, 1], yTrue: [0, 1, 2], labelMap, cols: 3, scale: 0.3, title } as const;
    // White images: whatever is dark is text.
    const svg = await visualization.plotImageGallery(ones([3, 4, 4, 1]), options);
    expect(texts(svg).join(' ')).toBe([title, ...labelMap].join(' '));
    const { data, width, height } = await drawn(svg);
    const isWhite = (x: number, y: number) => data[(y * width + x) * 3]! > 250;
    const columnsFrom = (top: number) =>
      Array.from({ length: width }, (_, x) =>
        Array.from({ length: height - top }, (_, y) => isWhite(x, top + y)).every(Boolean),
      );
    // The title reaches no border, and between the captions, which are as wide as the longest word, there is a gap.
    expect([columnsFrom(0).at(0), columnsFrom(0).at(-1)]).toEqual([true, true]);
    const titleHeight = texts(svg).indexOf('Theodore') * 20 + 8;
    const cell = (width - 2 * 6) / 3;
    const below = columnsFrom(titleHeight);
    for (const gap of [1, 2]) {
      const from = Math.ceil(gap * cell + (gap - 1) * 6);
      expect(below.slice(from, from + 5), String(gap)).toEqual(Array(5).fill(true));
    }
  });

  it('show each pixel of a small image as it is, in each order of the channels', async () => {
    // A red and a blue pixel.
    const last = new NDArray(new Float32Array([1, 0, 0, 0, 0, 1]), [1, 1, 2, 3]);
    const first = new NDArray(new Float32Array([1, 0, 0, 0, 0, 1]), [1, 3, 1, 2]);
    for (const [images, dataFormat] of [
      [last, 'channelsLast'],
      [first, 'channelsFirst'],
    ] as const) {
      const svg = await visualization.plotImageGallery(images, { valueRange: [0, 1], dataFormat });
      expect(await pixelsOf(svg, '#ff0000')).toBe(54 * 54);
      expect(await pixelsOf(svg, '#0000ff')).toBe(54 * 54);
    }
  });

  it.each([
    [[2, 4, 4], {}, 'SHAPE'],
    [[2, 4, 4, 2], {}, 'SHAPE'],
    [[0, 4, 4, 1], {}, 'SHAPE'],
    [[3, 4, 4, 1], { rows: 1, cols: 2 }, 'ARGUMENT'],
    [[3, 4, 4, 1], { yTrue: [1] }, 'SHAPE'],
    [[3, 4, 4, 1], { valueRange: [1, 0] }, 'ARGUMENT'],
    [[3, 4, 4, 1], { scale: -1 }, 'ARGUMENT'],
  ])('refuse images %j with %j', async (shape, options, code) => {
    expect(await rejectionOf(visualization.plotImageGallery(zeros(shape), options as never))).toMatchObject({
      code,
    });
  });
});

describe('segmentation masks', () => {
  interface Fixture {
    images: number[];
    masks: number[];
    colors: Record<number, visualization.Color>;
    cases: { options: object; drawn: number[] }[];
  }
  const fixture = JSON.parse(
    readFileSync(new URL('fixtures/visualization.json', import.meta.url), 'utf8'),
  ) as Fixture;
  const images = new NDArray(Uint8Array.from(fixture.images), [2, 3, 4, 3]);
  const masks = new NDArray(Int32Array.from(fixture.masks), [2, 3, 4, 1]);

  it.each(fixture.cases)('are drawn as by Keras: %j', async ({ options, drawn: wanted }) => {
    const { data, shape, dtype } = await visualization.drawSegmentationMasks(images, masks, {
      colorMapping: fixture.colors,
      ...options,
    });
    expect({ shape, dtype }).toEqual({ shape: [2, 3, 4, 3], dtype: 'uint8' });
    expect([...data]).toEqual(wanted);
  });

  it('leave the background as it is, and cover where they do not blend', async () => {
    const gray = new NDArray(Uint8Array.from([7, 8]), [1, 1, 2, 1]);
    const { data } = await visualization.drawSegmentationMasks(gray, [[[0, 1]]], { blend: false });
    expect([...data]).toEqual([7, 7, 7, 230, 159, 0]);
  });

  it('are shown beside images', async () => {
    const svg = await visualization.plotSegmentationMaskGallery(images, { yTrue: masks, yPred: masks });
    expect(texts(svg).filter((text) => text !== '')).toEqual(['image', 'truth', 'prediction']);
    expect(svg.match(/<image /g)).toHaveLength(6);
  });

  it.each([
    [[[[0, 1]]], {}, 'SHAPE'],
    [zeros([2, 3, 4]), { numClasses: 0 }, 'ARGUMENT'],
    [masks, { numClasses: 1 }, 'ARGUMENT'],
    [masks, { alpha: 2 }, 'ARGUMENT'],
    [masks, { colorMapping: { 1: [0, 0, 0] } }, 'ARGUMENT'],
    [masks, { colorMapping: { 1: [0, 0], 2: [0, 0, 0] } }, 'ARGUMENT'],
  ])('refuse what does not fit: %#', async (given, options, code) => {
    const error = await rejectionOf(visualization.drawSegmentationMasks(images, given, options as never));
    expect(error).toMatchObject({ code });
  });
});

describe('boxes', () => {
  const images = zeros([2, 20, 20, 3]);
  const boundingBoxes = {
    boxes: [
      [
        [4, 4, 12, 16],
        [0, 0, 2, 2],
      ],
      [
        [0, 0, 20, 20],
        [5, 5, 5, 5],
      ],
    ],
    labels: [
      [0, -1],
      [1, -1],
    ],
  };

  it('are drawn on the pixels, in any format; class -1 is none', async () => {
    const color = [255, 0, 0] as const;
    const shares = boundingBoxes.boxes.map((boxes) => boxes.map((box) => box.map((n) => n / 20)));
    for (const [boxes, format] of [
      [boundingBoxes.boxes, 'xyxy'],
      [shares, 'relXyxy'],
    ] as const) {
      const drawnBoxes = { ...boundingBoxes, boxes };
      const { data, shape } = await visualization.drawBoundingBoxes(images, drawnBoxes, format, { color });
      expect(shape).toEqual([2, 20, 20, 3]);
      const red = (n: number, y: number, x: number) => data[((n * 20 + y) * 20 + x) * 3];
      // A line of two pixels is on both sides of the edge.
      const edges = [red(0, 3, 8), red(0, 4, 8), red(0, 10, 3), red(0, 10, 4), red(0, 15, 8), red(1, 0, 8)];
      expect(edges).toEqual([255, 255, 255, 255, 255, 255]);
      expect([red(0, 10, 8), red(0, 0, 0), red(0, 6, 8), red(1, 10, 10)]).toEqual([0, 0, 0, 0]);
    }
  });

  it('are shown in a gallery, with names and confidences', async () => {
    const svg = await visualization.plotBoundingBoxGallery(images, 'xyxy', {
      yTrue: boundingBoxes,
      yPred: {
        ...boundingBoxes,
        confidences: [
          [0.9, 0],
          [0.456, 0],
        ],
      },
      classMapping: ['cat', 'a<b'],
      predictionMapping: { 1: 'dog' },
      legend: true,
    });
    expect(texts(svg)).toEqual(['truth', 'prediction', 'cat', 'a&lt;b', 'dog | 0.46']);
    expect(svg.match(/stroke="rgb\(0,188,212\)"/g)).toHaveLength(2);
    expect((await drawn(svg)).width).toBeGreaterThan(108);
  });

  it('have names that do not cover each other, nor end outside of the image', async () => {
    const one = { boxes: [[[40, 20, 60, 50]]], labels: [[0]] };
    const svg = await visualization.plotBoundingBoxGallery(zeros([1, 64, 64, 1]), 'xyxy', {
      ...{ yTrue: one, yPred: one, classMapping: ['nucleus'], fontScale: 0.5, lineThickness: 1 },
    });
    const places = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" font-size="6"/g)].map(([, x, y]) => [
      +x!,
      +y!,
    ]);
    // Above the box by a third of the 6 pixels of a letter, and below by a letter; seven letters are at most 7 · 0.65 · 6 wide.
    expect(places.map(([, y]) => y)).toEqual([18, 56]);
    for (const [x] of places) expect(x).toBeGreaterThan(64 - 7 * 0.65 * 6 - 1);
    for (const [x] of places) expect(x).toBeLessThan(40);
  });

  it.each([
    [{ boxes: [[[0, 0, 1, 1]]], labels: [[0]] }, {}, 'SHAPE'],
    [{ ...boundingBoxes, labels: [[0], [1]] }, {}, 'SHAPE'],
    [{ ...boundingBoxes, confidences: [0, 1] }, {}, 'SHAPE'],
    [{ boxes: boundingBoxes.boxes }, {}, 'ARGUMENT'],
    [boundingBoxes, { color: [1, 2] }, 'ARGUMENT'],
    [boundingBoxes, { lineThickness: 0 }, 'ARGUMENT'],
    [boundingBoxes, { fontScale: NaN }, 'ARGUMENT'],
  ])('refuse %j with %j', async (boxes, options, code) => {
    const error = await rejectionOf(
      visualization.drawBoundingBoxes(images, boxes as never, 'xyxy', options as never),
    );
    expect(error).toMatchObject({ code });
  });

  it('refuse an unknown format', async () => {
    const error = await rejectionOf(visualization.drawBoundingBoxes(images, boundingBoxes, 'xxyy' as never));
    expect(error).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('what is within a net', () => {
  const net = () =>
    new Sequential([
      layers.input({ shape: [8, 8, 3] }),
      layers.conv2d({ filters: 5, kernelSize: 3, name: 'edges' }),
      layers.flatten({ name: 'flat' }),
    ]);

  it('filters: as many as there are, 0 in gray', async () => {
    const layer = layers.conv2d({ filters: 5, kernelSize: 3, kernelInitializer: 'zeros' });
    layer.build([-1, 8, 8, 2]);
    const svg = await visualization.plotFilters(layer);
    expect(svg.match(/<image /g)).toHaveLength(5);
    expect(await pixelsOf(svg, '#808080')).toBe(5 * 40 * 40);
  });

  it('feature maps: channels of each layer', async () => {
    const svg = await visualization.plotFeatureMaps(net(), zeros([8, 8, 3]), { limit: 4 });
    expect(texts(svg)).toEqual(['edges', 'flat']);
    expect(svg.match(/<image /g)).toHaveLength(4 + 1);
    const one = await visualization.plotFeatureMaps(net(), zeros([1, 8, 8, 3]), { layers: ['flat'] });
    expect(texts(one)).toEqual(['flat']);
  });

  it('refuses what does not fit', async () => {
    const { plotFeatureMaps, plotFilters } = visualization;
    const codes = await Promise.all(
      [
        plotFilters(layers.conv2d({ filters: 1, kernelSize: 1 })),
        plotFilters(net().getLayer('flat')),
        plotFilters({} as never),
        plotFeatureMaps(net(), zeros([8, 8])),
        plotFeatureMaps(net(), zeros([2, 8, 8, 3])),
        plotFeatureMaps(net(), zeros([8, 8, 3]), { layers: ['edge'] }),
        plotFeatureMaps({} as never, zeros([8, 8, 3])),
      ].map(rejectionOf),
    );
    expect(codes.map(({ code }) => code)).toEqual([
      'STATE',
      'STATE',
      'ARGUMENT',
      'SHAPE',
      'SHAPE',
      'ARGUMENT',
      'ARGUMENT',
    ]);
  });
});
