import { EngineError } from '../../base/errors.js';
import { loadPeer } from '../../base/peer.js';
import { NDArray } from '../../core/ndarray.js';
import { withFile } from './open.js';

/** How images are read. */
export interface ImageForm {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
  readonly kernel: string;
  readonly fit: 'fill' | 'cover' | 'contain';
  readonly channelsFirst: boolean;
}

/** Of sharp what is used here. */
type Sharp = (file: string, options: object) => Pipeline;
interface Pipeline {
  removeAlpha(): Pipeline;
  ensureAlpha(): Pipeline;
  grayscale(): Pipeline;
  toColourspace(space: string): Pipeline;
  resize(width: number, height: number, options: object): Pipeline;
  raw(): Pipeline;
  toBuffer(): Promise<Uint8Array>;
}

/** An image file, decoded on another thread: uint8 [height, width, channels]. */
export async function readImage(who: string, file: string, form: ImageForm): Promise<NDArray> {
  const { default: sharp } = (await loadPeer(who, 'sharp')) as { default: Sharp };
  const { height, width, channels, kernel, fit, channelsFirst } = form;
  const image = sharp(file, { pages: 1 }).toColourspace('srgb');
  const coloured = channels === 4 ? image.ensureAlpha() : image.removeAlpha();
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  const sized = (channels === 1 ? coloured.grayscale() : coloured).resize(width, height, {
    fit,
    kernel,
    background,
  });
  const data = await withFile(who, file, () => sized.raw().toBuffer());
  if (data.length !== height * width * channels)
    throw new EngineError(
      'IO',
      `[${who}] ${file}: expected ${height} × ${width} × ${channels} bytes, received ${data.length}`,
    );
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (!channelsFirst) return new NDArray(pixels, [height, width, channels]);
  const planes = new Uint8Array(pixels.length);
  const size = height * width;
  for (let i = 0, from = 0; i < size; i++)
    for (let c = 0; c < channels; c++) planes[c * size + i] = pixels[from++] ?? 0;
  return new NDArray(planes, [channels, height, width]);
}
