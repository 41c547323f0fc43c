import { join } from 'node:path';
import { NDArray, utils } from 'nodegrad';
import { nucleiFiles, readStack } from './nuclei.js';
import { loadFaces, skimageFolder } from './skimage.js';

/** What is on the scenes. */
export const thingClasses = ['coin', 'face', 'nucleus'];

/** A gray picture of a thing from 0 to 1, and what of it is the thing. */
interface Thing {
  readonly height: number;
  readonly width: number;
  readonly light: Float32Array;
  readonly opacity: Float32Array;
}

/** Things by class and backgrounds: those to train with, or others to test with. */
export interface Props {
  readonly things: readonly (readonly Thing[])[];
  readonly backgrounds: readonly { light: Float32Array; side: number; from: number; to: number }[];
}

/** A scene: the corners of its things and their classes. */
export interface Scene {
  readonly light: Float32Array;
  readonly boxes: [x1: number, y1: number, x2: number, y2: number][];
  readonly labels: number[];
}

/** The coins of coins.png, found by eye: column, row, width, height. */
// prettier-ignore
const COINS = [
  [22, 35, 45, 39], [132, 29, 47, 45], [192, 30, 49, 43], [255, 34, 42, 38], [305, 15, 60, 56], [25, 104, 42, 41],
  [81, 39, 39, 35], [245, 95, 51, 49], [80, 175, 44, 42], [84, 107, 38, 38], [134, 110, 40, 35], [185, 105, 42, 40],
  [189, 170, 48, 47], [251, 172, 46, 45], [315, 156, 65, 62], [317, 105, 39, 40], [18, 233, 57, 55], [25, 178, 38, 39],
  [135, 179, 39, 38], [144, 236, 57, 52], [219, 240, 50, 48], [275, 239, 52, 49], [92, 245, 44, 42], [335, 247, 46, 41],
] as const;

async function coins(): Promise<Thing[]> {
  const photo = await utils.loadImg(join(skimageFolder(), 'coins.png'), { colorMode: 'grayscale' });
  return COINS.map(([left, top, width, height]) => {
    const at = (i: number) => [Math.floor(i / width), i % width] as const;
    const radius = (i: number) => Math.hypot((at(i)[0] + 0.5) / height - 0.5, (at(i)[1] + 0.5) / width - 0.5);
    const cells = Array.from({ length: width * height }, (_, i) => i);
    return {
      height,
      width,
      light: Float32Array.from(
        cells,
        (i) => photo.data[(top + at(i)[0]) * photo.shape[1]! + left + at(i)[1]]! / 255,
      ),
      opacity: Float32Array.from(cells, (i) => Number(radius(i) <= 0.5)),
    };
  });
}

async function faces(): Promise<Thing[]> {
  const { images, labels } = await loadFaces();
  const size = 25 * 25;
  return Array.from(labels.data.keys())
    .filter((i) => labels.data[i] === 1)
    .map((i) => ({
      height: 25,
      width: 25,
      light: Float32Array.from(images.data.subarray(i * size, (i + 1) * size)),
      opacity: new Float32Array(size).fill(1),
    }));
}

/** Those that do not touch the border and are not too small; they are as bright as the faces. */
async function nuclei(): Promise<Thing[]> {
  const files = nucleiFiles();
  const [photo, mask] = [await readStack(files.images), await readStack(files.masks)];
  const [, rows, columns] = photo.shape;
  const found: Thing[] = [];
  const corners = new Map<number, [number, number, number, number]>();
  mask.data.forEach((label, i) => {
    if (label === 0) return;
    const [y, x] = [Math.floor(i / columns), i % columns];
    const [x1, y1, x2, y2] = corners.get(label) ?? [x, y, x, y];
    corners.set(label, [Math.min(x, x1), Math.min(y, y1), Math.max(x, x2), Math.max(y, y2)]);
  });
  for (const [label, [x1, y1, x2, y2]] of corners) {
    const [height, width] = [y2 - y1 + 1, x2 - x1 + 1];
    if (x1 === 0 || y1 === 0 || x2 === columns - 1 || y2 === rows - 1 || Math.min(height, width) < 12)
      continue;
    const places = Array.from(
      { length: height * width },
      (_, i) => (y1 + Math.floor(i / width)) * columns + x1 + (i % width),
    );
    const opacity = Float32Array.from(places, (place) => Number(mask.data[place] === label));
    const brightest = Math.max(...places.map((place, i) => photo.data[place]! * opacity[i]!));
    found.push({
      height,
      width,
      light: Float32Array.from(places, (place) => (0.9 * photo.data[place]!) / brightest),
      opacity,
    });
  }
  return found;
}

/**
 * Cut-outs of real photos: 24 coins and 100 faces of scikit-image, some 100 nuclei of the Data Science Bowl of 2018, and three textures
 * (grass, gravel, bricks) to put them on. No thing and no piece of a texture is in both parts.
 */
export async function loadProps(): Promise<{ train: Props; test: Props }> {
  const things = [await coins(), await faces(), await nuclei()];
  const textures = await Promise.all(
    ['grass', 'gravel', 'brick'].map((name) =>
      utils.loadImg(join(skimageFolder(), `${name}.png`), { colorMode: 'grayscale' }),
    ),
  );
  const part = (isTest: boolean): Props => ({
    things: things.map((of) => of.filter((_, i) => (i % 4 === 3) === isTest)),
    backgrounds: textures.map(({ data, shape: [height, width] }) => ({
      light: Float32Array.from(data, (byte) => byte / 255),
      side: width!,
      from: isTest ? Math.floor(height! * 0.7) : 0,
      to: isTest ? height! : Math.floor(height! * 0.7),
    })),
  });
  return { train: part(false), test: part(true) };
}

/** Draws a thing at a place, enlarged to a size, mirrored or not. */
function paste(
  scene: Scene,
  side: number,
  thing: Thing,
  size: { height: number; width: number },
  mirror: boolean,
  gain: number,
) {
  const [left, top] = scene.boxes.at(-1)!;
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const from = mirror ? size.width - 1 - x : x;
      const row = Math.floor(((y + 0.5) * thing.height) / size.height);
      const column = Math.floor(((from + 0.5) * thing.width) / size.width);
      const source = row * thing.width + column;
      if (thing.opacity[source]! > 0) scene.light[(top + y) * side + left + x] = gain * thing.light[source]!;
    }
  }
}

/**
 * A square scene with things of random classes, sizes and places, none of which covers much of another one.
 *
 * @param next Gives numbers in [0, 1).
 * @param sizes The smallest and the largest longer side of a thing in pixels.
 */
export function drawScene(
  props: Props,
  next: () => number,
  { side, count, sizes: [small, large] }: { side: number; count: number; sizes: readonly [number, number] },
): Scene {
  const below = (n: number) => Math.floor(next() * n);
  const background = props.backgrounds[below(props.backgrounds.length)]!;
  const [row, column] = [
    background.from + below(background.to - background.from - side + 1),
    below(background.side - side + 1),
  ];
  const scene: Scene = {
    light: Float32Array.from(
      { length: side * side },
      (_, i) => 0.6 * background.light[(row + Math.floor(i / side)) * background.side + column + (i % side)]!,
    ),
    boxes: [],
    labels: [],
  };
  for (let tries = 0; scene.boxes.length < count && tries < 50; tries++) {
    const label = below(props.things.length);
    const thing = props.things[label]![below(props.things[label]!.length)]!;
    const scale = (small + next() * (large - small)) / Math.max(thing.height, thing.width);
    const [height, width] = [Math.round(scale * thing.height), Math.round(scale * thing.width)];
    const [left, top] = [below(side - width + 1), below(side - height + 1)];
    const isApart = scene.boxes.every(
      ([x1, y1, x2, y2]) => left >= x2 || x1 >= left + width || top >= y2 || y1 >= top + height,
    );
    if (!isApart) continue;
    scene.boxes.push([left, top, left + width, top + height]);
    scene.labels.push(label);
    paste(scene, side, thing, { height, width }, next() < 0.5, 0.8 + 0.4 * next());
  }
  return scene;
}

/** The pictures of scenes as one array [n, side, side, 1]. */
export function picturesOf(scenes: readonly Scene[], side: number): NDArray {
  const data = new Float32Array(scenes.length * side * side);
  scenes.forEach(({ light }, i) => data.set(light, i * side * side));
  return new NDArray(data, [scenes.length, side, side, 1]);
}
