import { stat } from 'node:fs/promises';
import { fileError, reasonOf } from '../../base/wholeFile.js';
import { loadPeer } from '../../base/peer.js';
import { NDArray } from '../../core/ndarray.js';
import { withFile } from './open.js';

/** How images are read. */
export interface ImageForm {
  /** What they are brought to; none: as they are. */
  readonly size?: { readonly height: number; readonly width: number };
  readonly channels: 1 | 3 | 4;
  readonly kernel: string;
  readonly fit: 'fill' | 'cover' | 'contain';
  readonly channelsFirst: boolean;
}

/** Of sharp what is used here. */
type Sharp = (file: string, options: object) => Pipeline;
interface ImageInfo {
  readonly height: number;
  readonly width: number;
}
interface Pipeline {
  removeAlpha(): Pipeline;
  ensureAlpha(): Pipeline;
  grayscale(): Pipeline;
  toColourspace(space: string): Pipeline;
  resize(width: number, height: number, options: object): Pipeline;
  raw(): Pipeline;
  toBuffer(options: { resolveWithObject: true }): Promise<{ data: Uint8Array; info: ImageInfo }>;
}

/**
 * So many pixels a file may have, and so many more for each of its bytes: a few bytes can promise pictures that take gigabytes. Single
 * colours in PNG take a byte for about 1000 pixels, photographs one for 1 to 20.
 */
const [MOST_PIXELS, MOST_A_BYTE] = [8e6, 50];

/**
 * An image file, decoded on another thread: uint8 [height, width, channels].
 *
 * @throws EngineError `IO` for what is no image, and for one of more pixels than {@link MOST_PIXELS} and what its bytes allow.
 */
export async function readImage(who: string, file: string, form: ImageForm): Promise<NDArray> {
  const { default: sharp } = (await loadPeer(who, 'sharp')) as { default: Sharp };
  const { size, channels, kernel, fit, channelsFirst } = form;
  const { size: bytes } = await withFile(who, file, () => stat(file));
  const limitInputPixels = MOST_PIXELS + MOST_A_BYTE * bytes;
  const image = sharp(file, { pages: 1, limitInputPixels }).toColourspace('srgb');
  const coloured = channels === 4 ? image.ensureAlpha() : image.removeAlpha();
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  const shown = channels === 1 ? coloured.grayscale() : coloured;
  const sized = size ? shown.resize(size.width, size.height, { fit, kernel, background }) : shown;
  const { data, info } = await withFile(who, file, () =>
    sized
      .raw()
      .toBuffer({ resolveWithObject: true })
      .catch((cause: unknown) => {
        if (!/exceeds pixel limit/.test(reasonOf(cause))) throw cause;
        throw fileError(who, file, `at most ${limitInputPixels} pixels in ${bytes} bytes`, 'more', cause);
      }),
  );
  const { height, width } = info;
  if (data.length !== height * width * channels)
    throw fileError(who, file, `${height} × ${width} × ${channels} bytes`, `${data.length}`);
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (!channelsFirst) return new NDArray(pixels, [height, width, channels]);
  const planes = new Uint8Array(pixels.length);
  const count = height * width;
  for (let i = 0, from = 0; i < count; i++)
    for (let c = 0; c < channels; c++) planes[c * count + i] = pixels[from++] ?? 0;
  return new NDArray(planes, [channels, height, width]);
}
