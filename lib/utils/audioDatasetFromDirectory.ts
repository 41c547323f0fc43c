import { type OptionNames, integer } from '../base/checks.js';
import { fileError } from '../base/wholeFile.js';
import { NDArray } from '../core/ndarray.js';
import { type FolderOptions, filesOfFolder, folderNames } from '../data/files/folder.js';
import { readWav } from '../data/files/wav.js';
import { type FolderResult, folderDataset } from './folderDataset.js';

/** What `utils.audioDatasetFromDirectory` takes. */
export interface AudioFolderOptions extends FolderOptions {
  /** Samples a second that all files have to have. Default: any. */
  samplingRate?: number;
  /** How many samples each file gives: longer ones are cut, shorter ones filled up with silence. Default: the longest of a batch. */
  outputSequenceLength?: number;
}

const audioFolderNames = {
  ...folderNames,
  samplingRate: 'optional',
  outputSequenceLength: 'optional',
} satisfies OptionNames<AudioFolderOptions>;

const WHO = 'audioDatasetFromDirectory';

/**
 * The sounds (`.wav`) of a folder, with labels by the folders that they are in. https://keras.io/api/data_loading/audio/
 *
 * @returns Batches [audio, labels], audio float32 [n, samples, channels] from -1 to 1; audio alone without labels. With `subset: 'both'`
 *   [training, validation]. The dataset has `classNames` and `filePaths`.
 * @throws EngineError `IO` for folders and files that cannot be read, named, and for another sampling rate; `ARGUMENT` for options.
 */
export async function audioDatasetFromDirectory<const O extends AudioFolderOptions = AudioFolderOptions>(
  directory: string,
  options?: O,
): Promise<FolderResult<O, NDArray>> {
  const given: AudioFolderOptions = options ?? {};
  const parts = await filesOfFolder(WHO, directory, given, audioFolderNames, ['.wav']);
  const { samplingRate, outputSequenceLength } = given;
  if (samplingRate !== undefined) integer(WHO, 'samplingRate', samplingRate);
  const length =
    outputSequenceLength === undefined
      ? undefined
      : integer(WHO, 'outputSequenceLength', outputSequenceLength);
  const read = async (file: string) => {
    const { audio, rate } = await readWav(WHO, file);
    if (samplingRate !== undefined && rate !== samplingRate)
      throw fileError(WHO, file, `${samplingRate} samples a second`, `${rate}`);
    if (length === undefined) return audio;
    const [, channels = 1] = audio.shape;
    const cut = new Float32Array(length * channels);
    cut.set(audio.data.subarray(0, cut.length));
    return new NDArray(cut, [length, channels]);
  };
  return folderDataset<O, NDArray>(parts, given as O, read, (dataset, size) => dataset.paddedBatch(size));
}
