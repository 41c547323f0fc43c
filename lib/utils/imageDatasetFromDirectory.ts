import { type OptionNames, boolean, expected, oneOf, oneOfAnyCase } from '../base/checks.js';
import type { NDArray } from '../core/ndarray.js';
import { type FolderOptions, filesOfFolder, folderNames } from '../data/files/folder.js';
import { readImage } from '../data/files/image.js';
import { dataFormatOf } from '../ops/window.js';
import { type FolderResult, folderDataset } from './folderDataset.js';

/** What `utils.imageDatasetFromDirectory` takes. */
export interface ImageFolderOptions extends FolderOptions {
  /** Whether images have one channel, three or four. Default `rgb`. */
  colorMode?: 'grayscale' | 'rgb' | 'rgba';
  /** The size that images are brought to: [height, width], or a number for both. Default [256, 256]. */
  imageSize?: number | readonly [height: number, width: number];
  /** How they are brought to it; where they become smaller, over all pixels that a new one covers. Default `bilinear`. */
  interpolation?: 'nearest' | 'bilinear' | 'bicubic' | 'lanczos3' | 'mitchellcubic';
  /** Whether the middle of images is taken, so that they keep their proportions. Default false. */
  cropToAspectRatio?: boolean;
  /** Whether black borders are added, so that images keep their proportions. Default false. */
  padToAspectRatio?: boolean;
  /** The order of the axes. Default `channelsLast`. */
  dataFormat?: 'channelsLast' | 'channelsFirst';
}

const imageFolderNames = {
  ...folderNames,
  colorMode: 'optional',
  imageSize: 'optional',
  interpolation: 'optional',
  cropToAspectRatio: 'boolean',
  padToAspectRatio: 'boolean',
  dataFormat: 'optional',
} satisfies OptionNames<ImageFolderOptions>;

const WHO = 'imageDatasetFromDirectory';
const ENDINGS = ['.jpeg', '.jpg', '.png', '.gif', '.webp'];
const CHANNELS = { grayscale: 1, rgb: 3, rgba: 4 } as const;
const KERNELS = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos3: 'lanczos3',
  mitchellcubic: 'mitchell',
} as const;

/**
 * The images of a folder, with labels by the folders that they are in, decoded on other threads. Needs the package `sharp`.
 * https://keras.io/api/data_loading/image/
 *
 * @returns Batches [images, labels], images uint8 [n, height, width, channels] from 0 to 255; images alone without labels. With
 *   `subset: 'both'` [training, validation]. The dataset has `classNames` and `filePaths`.
 * @throws EngineError `IO` for folders and images that cannot be read, named, also images of more than 8 million pixels and 50 for each byte
 *   of the file; `STATE` where sharp is missing; `ARGUMENT` for options.
 * @example
 *     const cells = await utils.imageDatasetFromDirectory('cells', { imageSize: 64, seed: 1, validationSplit: 0.2, subset: 'both' });
 *     await model.fit(cells[0], undefined, { validationData: cells[1] });
 */
export async function imageDatasetFromDirectory<const O extends ImageFolderOptions = ImageFolderOptions>(
  directory: string,
  options?: O,
): Promise<FolderResult<O, NDArray>> {
  const given: ImageFolderOptions = options ?? {};
  const parts = await filesOfFolder(WHO, directory, given, imageFolderNames, ENDINGS);
  const {
    colorMode = 'rgb',
    interpolation = 'bilinear',
    imageSize = [256, 256],
    dataFormat = 'channelsLast',
  } = given;
  const { cropToAspectRatio: crop = false, padToAspectRatio: pad = false } = given;
  const size: readonly unknown[] = typeof imageSize === 'number' ? [imageSize, imageSize] : imageSize;
  if (!Array.isArray(size) || size.length !== 2 || !size.every((n) => Number.isSafeInteger(n) && n > 0))
    throw expected(WHO, 'a positive integer or [height, width] as imageSize', imageSize);
  if (boolean(WHO, 'cropToAspectRatio', crop) && boolean(WHO, 'padToAspectRatio', pad))
    throw expected(WHO, 'cropToAspectRatio or padToAspectRatio', 'both');
  const [height, width] = size as [number, number];
  const form = {
    size: { height, width },
    channels: CHANNELS[oneOf(WHO, 'colorMode', colorMode, ['grayscale', 'rgb', 'rgba'])],
    kernel:
      KERNELS[
        oneOfAnyCase(WHO, 'interpolation', interpolation, Object.keys(KERNELS) as (keyof typeof KERNELS)[])
      ],
    fit: crop ? ('cover' as const) : pad ? ('contain' as const) : ('fill' as const),
    channelsFirst: dataFormatOf(WHO, dataFormat) === 'channelsFirst',
  };
  return folderDataset<O, NDArray>(parts, given as O, (file) => readImage(WHO, file, form));
}
