import { Dataset } from '../data/dataset.js';
import { type FolderFiles, type FolderOptions, labelOf } from '../data/files/folder.js';
import type { NDArray } from '../core/ndarray.js';

/** A dataset of the files of a folder. */
export class FolderDataset<T> extends Dataset<T> {
  /** The names of the classes, in the order of their numbers. */
  readonly classNames: readonly string[];
  /** The files, in the order in which they are read where they are not shuffled anew. */
  readonly filePaths: readonly string[];

  /** @internal */
  constructor(dataset: Dataset<T>, { classNames, files }: FolderFiles) {
    super(Dataset.stageOf<T>('FolderDataset', dataset));
    this.classNames = classNames;
    this.filePaths = files;
  }
}

/** What functions of folders give: pairs of files and labels, the files alone where there are no labels; two parts for `both`. */
export type FolderElement<O, X> = O extends { labels: null } | { labelMode: null } ? X : [X, NDArray];
/** One dataset, or the two parts of a split. */
export type FolderResult<O, X> = O extends { subset: 'both' }
  ? [FolderDataset<FolderElement<O, X>>, FolderDataset<FolderElement<O, X>>]
  : FolderDataset<FolderElement<O, X>>;

/** How many files are read at the same time. */
const AT_ONCE = 4;

/**
 * The dataset of the files of a folder.
 *
 * @param read Reads one file.
 * @param batch Makes batches of single elements.
 * @internal
 */
export function folderDataset<O extends FolderOptions, X>(
  parts: readonly FolderFiles[],
  { labelMode = 'int', batchSize = 32 }: O,
  read: (file: string) => Promise<unknown>,
  batch = (dataset: Dataset, size: number): Dataset => dataset.batch(size),
): FolderResult<O, X> {
  const made = parts.map((part) => {
    const { files, labels, shuffle, seed, classNames } = part;
    const classes =
      labels === undefined ? 0 : Math.max(classNames.length, ...new Set(labels.map((label) => label + 1)));
    const rows = Dataset.fromGenerator(
      function* () {
        yield* files.keys();
      },
      { cardinality: files.length },
    );
    const elements = (shuffle ? rows.shuffle(files.length, { seed }) : rows).map(
      async (row) => {
        const x = await read(files[row] ?? '');
        const label = labels?.[row];
        return label === undefined ? x : [x, labelOf(label, labelMode ?? 'int', classes)];
      },
      { numParallelCalls: AT_ONCE },
    );
    return new FolderDataset(batchSize === null ? elements : batch(elements, batchSize), part);
  });
  return (made.length === 2 ? made : made[0]) as FolderResult<O, X>;
}
