import { readFile } from 'node:fs/promises';
import { type OptionNames, integer } from '../base/checks.js';
import { type FolderOptions, filesOfFolder, folderNames } from '../data/files/folder.js';
import { withFile } from '../data/files/open.js';
import { type FolderResult, folderDataset } from './folderDataset.js';

/** What `utils.textDatasetFromDirectory` takes. */
export interface TextFolderOptions extends FolderOptions {
  /** The most bytes that are read of a file. Default: all. */
  maxLength?: number;
}

const textFolderNames = { ...folderNames, maxLength: 'optional' } satisfies OptionNames<TextFolderOptions>;

const WHO = 'textDatasetFromDirectory';

/**
 * The texts (`.txt`, UTF-8) of a folder, with labels by the folders that they are in. https://keras.io/api/data_loading/text/
 *
 * @returns Batches [texts, labels], texts a list of strings; texts alone without labels. With `subset: 'both'` [training, validation].
 *   The dataset has `classNames` and `filePaths`.
 * @throws EngineError `IO` for folders and files that cannot be read, named; `ARGUMENT` for options.
 */
export async function textDatasetFromDirectory<const O extends TextFolderOptions = TextFolderOptions>(
  directory: string,
  options?: O,
): Promise<FolderResult<O, string[]>> {
  const given: TextFolderOptions = options ?? {};
  const parts = await filesOfFolder(WHO, directory, given, textFolderNames, ['.txt']);
  const { maxLength } = given;
  const most = maxLength === undefined ? undefined : integer(WHO, 'maxLength', maxLength);
  return folderDataset<O, string[]>(parts, given as O, async (file) => {
    const bytes = await withFile(WHO, file, () => readFile(file));
    return bytes.toString('utf8', 0, most);
  });
}
