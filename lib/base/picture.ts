import { expected } from './checks.js';
import { loadPeer } from './peer.js';
import { writeWhole } from './wholeFile.js';

/** Of the package `sharp` what is used here. */
interface Sharp {
  readonly default: (
    bytes: Uint8Array,
    options?: { density?: number; raw?: { width: number; height: number; channels: number } },
  ) => Pipeline;
}
interface Pipeline {
  composite(layers: readonly { input: Uint8Array; top: number; left: number }[]): Pipeline;
  removeAlpha(): Pipeline;
  png(): Pipeline;
  raw(): Pipeline;
  toBuffer(): Promise<Uint8Array>;
}

const ENDINGS = ['.svg', '.png'];

/** The ending of a picture's file. @throws EngineError `ARGUMENT` for one that is not in the list. @internal */
export function pictureEnding(
  who: string,
  name: string,
  path: string,
  endings: readonly string[] = ENDINGS,
): string {
  const ending = endings.find((one) => path.endsWith(one));
  if (ending === undefined)
    throw expected(who, `a file that ends with ${endings.join(' or ')} as ${name}`, path);
  return ending;
}

/** Writes a picture to a file: as it is, or as PNG where the file ends so. @internal */
export async function writePicture(who: string, path: string, svg: string, dpi: number): Promise<void> {
  const bytes = new TextEncoder().encode(svg);
  await writeWhole(who, path, [path.endsWith('.png') ? await pngOfSvg(who, bytes, dpi) : bytes]);
}

const loadSharp = async (who: string) => ((await loadPeer(who, 'sharp')) as Sharp).default;

const pngOfSvg = async (who: string, svg: Uint8Array, dpi: number): Promise<Uint8Array> =>
  (await loadSharp(who))(svg, { density: dpi }).png().toBuffer();

/** An image as a PNG file. Pixels: bytes [height, width, channels]. @throws EngineError `STATE` where `sharp` is missing. @internal */
export const pngOf = async (
  who: string,
  pixels: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
): Promise<Uint8Array> =>
  (await loadSharp(who))(pixels, { raw: { width, height, channels } }).png().toBuffer();

/** An image as the address of its PNG file within an SVG. @internal */
export const pngAddress = async (
  who: string,
  pixels: Uint8Array,
  size: readonly [number, number, number],
): Promise<string> =>
  `data:image/png;base64,${Buffer.from(await pngOf(who, pixels, size)).toString('base64')}`;

/** An image [height, width, 3] in bytes with a drawing of the same size over it. @internal */
export async function drawnOver(
  who: string,
  pixels: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  svg: string,
): Promise<Uint8Array> {
  const sharp = await loadSharp(who);
  return sharp(pixels, { raw: { width, height, channels } })
    .composite([{ input: new TextEncoder().encode(svg), top: 0, left: 0 }])
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Text as it stands in SVG. @internal */
export const escapedText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
