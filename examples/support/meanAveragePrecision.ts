/** Boxes of an image by their corners, in any unit. */
export type Corners = readonly [x1: number, y1: number, x2: number, y2: number];

/** What is in an image. */
export interface Truth {
  readonly boxes: readonly Corners[];
  readonly labels: readonly number[];
}

/** What was found in an image. */
export interface Found extends Truth {
  readonly scores: readonly number[];
}

/** What two boxes share, over what either covers. */
export function iou([ax1, ay1, ax2, ay2]: Corners, [bx1, by1, bx2, by2]: Corners): number {
  const shared =
    Math.max(0, Math.min(ax2, bx2) - Math.max(ax1, bx1)) *
    Math.max(0, Math.min(ay2, by2) - Math.max(ay1, by1));
  const covered = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared;
  return covered > 0 ? shared / covered : 0;
}

/**
 * The average precision of one class: boxes of all images in the order of their scores; a box is right where it overlaps enough with a true
 * one that no better box has taken; the area under the curve of precision over recall, each precision raised to the best one of a
 * higher recall (Everingham et al., The PASCAL Visual Object Classes Challenge, 2010).
 */
function averagePrecision(
  truth: readonly Truth[],
  found: readonly Found[],
  label: number,
  threshold: number,
): number {
  const wanted = truth.map(({ boxes, labels }) => boxes.filter((_, i) => labels[i] === label));
  const total = wanted.reduce((sum, boxes) => sum + boxes.length, 0);
  const taken = wanted.map((boxes) => boxes.map(() => false));
  const answers = found
    .flatMap(({ boxes, labels, scores }, image) =>
      boxes.map((box, i) => ({ image, box, label: labels[i]!, score: scores[i]! })),
    )
    .filter((answer) => answer.label === label)
    .sort((a, b) => b.score - a.score);

  let right = 0;
  const curve = answers.map(({ image, box }, i) => {
    const overlaps = wanted[image]!.map((one) => iou(one, box));
    const best = overlaps.indexOf(Math.max(...overlaps));
    if (best >= 0 && overlaps[best]! >= threshold && !taken[image]![best]) {
      taken[image]![best] = true;
      right += 1;
    }
    return { precision: right / (i + 1), recall: right / total };
  });
  let [area, highest] = [0, 0];
  for (let i = curve.length - 1; i >= 0; i--) {
    highest = Math.max(highest, curve[i]!.precision);
    area += highest * (curve[i]!.recall - (curve[i - 1]?.recall ?? 0));
  }
  return area;
}

/**
 * The mean over classes of their average precision: how well a detector finds things, whatever threshold its scores are cut at.
 *
 * @param truth What is in each image.
 * @param found What was found in each.
 * @param classes How many classes there are; those that are in no image do not count.
 * @param threshold The IoU from which on a box is right.
 */
export function meanAveragePrecision(
  truth: readonly Truth[],
  found: readonly Found[],
  classes: number,
  threshold = 0.5,
): number {
  const present = Array.from({ length: classes }, (_, label) => label).filter((label) =>
    truth.some(({ labels }) => labels.includes(label)),
  );
  return (
    present.reduce((sum, label) => sum + averagePrecision(truth, found, label, threshold), 0) / present.length
  );
}
