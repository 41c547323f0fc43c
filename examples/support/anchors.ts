import { NDArray, type Tensor, ops, utils } from 'nodegrad';
import { type Corners, type Found, type Truth, iou } from './meanAveragePrecision.js';

const formats = { anchorFormat: 'xyxy', boxFormat: 'xyxy' } as const;

/** Squares around the middles of the cells of a grid, one of each size for each cell, by rows. */
export function gridAnchors(side: number, grid: number, sizes: readonly number[]): Corners[] {
  return Array.from({ length: grid * grid * sizes.length }, (_, i) => {
    const half = sizes[i % sizes.length]! / 2;
    const cell = Math.floor(i / sizes.length);
    const [x, y] = [((cell % grid) + 0.5) * (side / grid), (Math.floor(cell / grid) + 0.5) * (side / grid)];
    return [x - half, y - half, x + half, y + half];
  });
}

/**
 * What a detector should say: for each anchor whether a thing is there (those with an IoU of at least 0.5, and for each thing the best one),
 * the four moves that make the thing's box of the anchor, and the class as one-hot.
 *
 * @returns [n, anchors, 5 + classes].
 */
export async function anchorTargets(
  anchors: readonly Corners[],
  truth: readonly Truth[],
  classes: number,
): Promise<NDArray> {
  const size = 5 + classes;
  const targets = new Float32Array(truth.length * anchors.length * size);
  const boxes = truth.map(({ boxes: there, labels }, image) => {
    const matched = anchors.slice();
    for (const [thing, box] of there.entries()) {
      const overlaps = anchors.map((anchor) => iou(anchor, box));
      const enough = Math.min(0.5, Math.max(...overlaps));
      for (const [i, overlap] of overlaps.entries()) {
        if (overlap < enough) continue;
        const at = (image * anchors.length + i) * size;
        matched[i] = box;
        targets.fill(0, at, at + size);
        targets[at] = 1;
        targets[at + 5 + labels[thing]!] = 1;
      }
    }
    return matched;
  });
  const how = { ...formats, encodingFormat: 'centerXywh' } as const;
  const moves = await utils.boundingBoxes.encodeBoxToDeltas(anchors as Corners[], boxes, how).data();
  moves.forEach((move, i) => (targets[Math.floor(i / 4) * size + 1 + (i % 4)] = move));
  return new NDArray(targets, [truth.length, anchors.length, size]);
}

/**
 * The boxes that a detector means: of those that cover each other the most certain one, at most ten an image.
 *
 * @param said [n, anchors, 5 + classes]: as {@link anchorTargets}, with numbers before sigmoid and softmax for what is there, and what.
 */
export async function boxesOf(anchors: readonly Corners[], said: Tensor): Promise<Found[]> {
  const most = 10;
  const [there, moves, kinds] = ops.split(said, [1, 5], { axis: -1 }) as [Tensor, Tensor, Tensor];
  const how = { ...formats, encodedFormat: 'centerXywh' } as const;
  const boxes = utils.boundingBoxes.decodeDeltasToBoxes(anchors as Corners[], moves, how);
  const chances = ops.multiply(ops.sigmoid(there), ops.softmax(kinds));
  const kept = ops.image.nonMaxSuppression(boxes, ops.max(chances, { axis: -1 }), most, {
    boundingBoxFormat: 'xyxy',
    iouThreshold: 0.4,
    scoreThreshold: 0.05,
  });
  const places = await kept.selectedIndices.data();
  const scores = await kept.selectedScores.data();
  const corners = await boxes.data();
  const labels = await ops.argmax(chances, { axis: -1 }).data();
  return Array.from({ length: said.shape[0]! }, (_, image) => {
    const valid = Array.from({ length: most }, (_, i) => image * most + i).filter((i) => places[i]! >= 0);
    const at = valid.map((i) => image * anchors.length + places[i]!);
    return {
      boxes: at.map((i): Corners => [
        corners[4 * i]!,
        corners[4 * i + 1]!,
        corners[4 * i + 2]!,
        corners[4 * i + 3]!,
      ]),
      labels: at.map((i) => labels[i]!),
      scores: valid.map((i) => scores[i]!),
    };
  });
}
