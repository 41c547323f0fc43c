import { expect, it } from 'vitest';
import { type Corners, iou, meanAveragePrecision } from '../examples/support/meanAveragePrecision.js';

const a: Corners = [0, 0, 10, 10];
const b: Corners = [20, 20, 30, 30];
/** Shares 80 of 120 with a. */
const near: Corners = [2, 0, 12, 10];
const far: Corners = [50, 50, 60, 60];

it('iou is what two boxes share, over what either covers', () => {
  expect(iou(a, near)).toBeCloseTo(80 / 120, 12);
  expect(iou(a, b)).toBe(0);
  expect(iou(a, a)).toBe(1);
  expect(iou([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
});

it('what is all right has 1, what finds nothing 0', () => {
  const truth = [{ boxes: [a, b], labels: [0, 1] }];
  expect(meanAveragePrecision(truth, [{ ...truth[0]!, scores: [0.2, 0.9] }], 2)).toBe(1);
  expect(meanAveragePrecision(truth, [{ boxes: [], labels: [], scores: [] }], 2)).toBe(0);
});

it('a second box on the same thing, and boxes on nothing, are wrong; precisions are raised from the right', () => {
  const truth = [
    { boxes: [a, b], labels: [0, 0] },
    { boxes: [a], labels: [0] },
  ];
  const found = [
    { boxes: [a, near, b], labels: [0, 0, 0], scores: [0.9, 0.8, 0.5] },
    { boxes: [far, near], labels: [0, 0], scores: [0.7, 0.6] },
  ];
  // In order: right, double, nothing there, right, right: precisions 1, 1/2, 1/3, 2/4, 3/5 at recalls 1/3, 1/3, 1/3, 2/3, 1. From the right
  // they become 3/5 for the last two thirds and 1 for the first.
  expect(meanAveragePrecision(truth, found, 1)).toBeCloseTo((1 + 3 / 5 + 3 / 5) / 3, 12);
  // At 0.7 the box near a no longer counts: right, wrong, nothing, wrong, right: 1 at 1/3, 2/5 at 2/3, and the last is never found.
  expect(meanAveragePrecision(truth, found, 1, 0.7)).toBeCloseTo((1 + 2 / 5) / 3, 12);
});

it('is the mean of the classes that there are', () => {
  const truth = [{ boxes: [a, b], labels: [0, 2] }];
  const found = [{ boxes: [a, far, b], labels: [0, 1, 0], scores: [0.9, 0.8, 0.7] }];
  expect(meanAveragePrecision(truth, found, 3)).toBe(0.5);
});
