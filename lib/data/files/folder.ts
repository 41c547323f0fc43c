import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  type OptionNames,
  boolean,
  checkEach,
  expected,
  integer,
  knownOptions,
  oneOf,
  seedOf,
  share,
} from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import { RandomStream } from '../../base/randomStream.js';
import { NDArray } from '../../core/ndarray.js';
import { nextSeed } from '../../core/seed.js';
import { withFile } from './open.js';

/** What the functions that read a folder of files take. */
export interface FolderOptions {
  /**
   * The classes of the files: `inferred`, by the folders that they are in; a list with one for each file, in the order of their paths;
   * null for none. Default `inferred`.
   */
  labels?: 'inferred' | readonly number[] | null;
  /**
   * How labels come: `int`, int32 [n]; `categorical`, float32 [n, classes], one-hot; `binary`, float32 [n, 1] of two classes; null for
   * none. Default `int`.
   */
  labelMode?: 'int' | 'categorical' | 'binary' | null;
  /** The folders that are classes, in the order of their numbers. Default: all, sorted by name. */
  classNames?: readonly string[];
  /** Files a batch; null: single files. Default 32. */
  batchSize?: number | null;
  /** Whether the files come in a random order, another each epoch. Default true; else sorted by path. */
  shuffle?: boolean;
  /** Decides the order and the split. Default: decided by `setSeed`, else random. */
  seed?: number;
  /** The share of the files that is for validation, between 0 and 1. Default: no split. */
  validationSplit?: number;
  /** Which part of a split is given; `both`: [training, validation]. */
  subset?: 'training' | 'validation' | 'both';
  /** Whether links to folders are followed. Default false. */
  followLinks?: boolean;
  /** Whether the numbers of files and classes are printed. Default true. */
  verbose?: boolean;
}

export const folderNames = {
  labels: 'optional',
  labelMode: 'optional',
  classNames: 'optional',
  batchSize: 'optional',
  shuffle: 'boolean',
  seed: 'optional',
  validationSplit: 'optional',
  subset: 'optional',
  followLinks: 'boolean',
  verbose: 'boolean',
} satisfies OptionNames<FolderOptions>;

/** Files with their labels, in the order in which they are read first. */
export interface FolderFiles {
  readonly files: readonly string[];
  /** The class of each file; undefined where there are no labels. */
  readonly labels: readonly number[] | undefined;
  readonly classNames: readonly string[];
  readonly shuffle: boolean;
  readonly seed: number;
}

/**
 * The files of a folder whose names end in one of some ways, as Keras's functions find, shuffle and split them.
 *
 * @returns The files of the part that is asked for; both parts for `both`.
 * @throws EngineError `IO` for folders that cannot be read or have no such file; `ARGUMENT` for options.
 */
export async function filesOfFolder(
  who: string,
  folder: string,
  options: FolderOptions,
  names: object,
  endings: readonly string[],
): Promise<FolderFiles[]> {
  knownOptions(who, options, names);
  const { shuffle = true, seed, validationSplit, subset, verbose = true } = options;
  if (typeof folder !== 'string' || folder === '') throw expected(who, 'the path of a folder', folder);
  checkSplit(who, options);
  const chosen = seed === undefined ? nextSeed() : seedOf(who, seed);
  const { files, labels, classNames } = await labelled(who, folder, options, endings);
  if (verbose && boolean(who, 'verbose', verbose))
    process.stdout.write(
      `Found ${files.length} files${labels ? ` belonging to ${classNames.length} classes` : ''}.\n`,
    );
  const order = files.map((_, i) => i);
  if (shuffle) shuffleList(order, new RandomStream(chosen));
  const part = (rows: readonly number[], isShuffled: boolean): FolderFiles => {
    if (rows.length === 0)
      throw expected(who, `files in ${folder} that end in ${endings.join(', ')}`, 'none', 'IO');
    return {
      files: rows.map((row) => itemAt(files, row)),
      labels: labels && rows.map((row) => itemAt(labels, row)),
      classNames,
      shuffle: isShuffled,
      seed: chosen,
    };
  };
  if (validationSplit === undefined) return [part(order, shuffle)];
  const cut = order.length - Math.floor(validationSplit * order.length);
  const parts = [part(order.slice(0, cut), shuffle), part(order.slice(cut), shuffle && subset !== 'both')];
  return subset === 'both' ? parts : [itemAt(parts, subset === 'training' ? 0 : 1)];
}

function checkSplit(
  who: string,
  { validationSplit, subset, shuffle = true, seed, batchSize }: FolderOptions,
): void {
  if (batchSize !== undefined && batchSize !== null) integer(who, 'batchSize', batchSize);
  if (subset !== undefined) oneOf(who, 'subset', subset, ['training', 'validation', 'both']);
  if ((validationSplit === undefined) !== (subset === undefined))
    throw expected(who, 'validationSplit and subset together', validationSplit ?? subset);
  if (validationSplit === undefined) return;
  share(who, 'validationSplit', validationSplit);
  if (shuffle && seed === undefined && subset !== 'both')
    throw expected(
      who,
      'a seed with shuffle and a subset, or shuffle: false, so that the parts do not overlap',
      seed,
    );
}

async function labelled(who: string, folder: string, options: FolderOptions, endings: readonly string[]) {
  const { labels = 'inferred', labelMode = 'int', classNames, followLinks = false } = options;
  if (labelMode !== null) oneOf(who, 'labelMode', labelMode, ['int', 'categorical', 'binary']);
  if (labels !== 'inferred' && classNames !== undefined)
    throw expected(who, "classNames only with labels: 'inferred'", classNames);
  if (labels !== 'inferred' || labelMode === null) {
    const files = await walk(who, folder, followLinks, endings);
    if (labels === null || labelMode === null) return { files, labels: undefined, classNames: [] };
    checkEach(
      who,
      "'inferred', null or a list of class numbers as labels",
      labels,
      (label) => Number.isSafeInteger(label) && (label as number) >= 0,
    );
    if (labels.length !== files.length)
      throw expected(who, `a label for each of ${files.length} files`, labels.length);
    const classes = [...new Set(labels as readonly number[])].sort((a, b) => a - b);
    return {
      files,
      labels: labels as readonly number[],
      classNames: checkBinary(who, labelMode, classes.map(String)),
    };
  }
  const found = await classFolders(who, folder);
  if (classNames !== undefined) {
    checkEach(who, 'a list of strings as classNames', classNames, (name) => typeof name === 'string');
    const other = classNames.find((name) => !found.includes(name));
    if (other !== undefined) throw expected(who, `classNames of the folders ${found.join(', ')}`, other);
  }
  const classes = checkBinary(who, labelMode, classNames ?? found);
  const lists = await Promise.all(
    classes.map((name) => walk(who, path.join(folder, name), followLinks, endings)),
  );
  return { files: lists.flat(), labels: lists.flatMap((list, i) => list.map(() => i)), classNames: classes };
}

function checkBinary(
  who: string,
  mode: FolderOptions['labelMode'],
  classes: readonly string[],
): readonly string[] {
  if (mode === 'binary' && classes.length !== 2)
    throw expected(who, "two classes with labelMode: 'binary'", classes);
  return classes;
}

async function classFolders(who: string, folder: string): Promise<string[]> {
  const entries = await withFile(who, folder, () => readdir(folder, { withFileTypes: true }));
  const isFolder = await Promise.all(
    entries.map(async (entry) =>
      entry.isSymbolicLink() && !isHidden(entry.name)
        ? leadsToFolder(who, path.join(folder, entry.name))
        : entry.isDirectory(),
    ),
  );
  return entries
    .filter(({ name }, i) => isFolder[i] && !isHidden(name))
    .map(({ name }) => name)
    .sort();
}

const isHidden = (name: string): boolean => name.startsWith('.');

/** @throws EngineError `IO` for a link that leads nowhere. */
const leadsToFolder = (who: string, link: string): Promise<boolean> =>
  withFile(who, link, async () => (await stat(link)).isDirectory());

/** The files below a folder, sorted by folder and name. */
async function walk(
  who: string,
  folder: string,
  followLinks: boolean,
  endings: readonly string[],
): Promise<string[]> {
  const entries = await withFile(who, folder, () => readdir(folder, { withFileTypes: true }));
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const full = path.join(folder, entry.name);
    const isWanted = endings.some((ending) => entry.name.toLowerCase().endsWith(ending));
    // Links that are of no use may lead nowhere: editors leave such ones, as locks.
    const isOfUse = isWanted || (followLinks && !isHidden(entry.name));
    const isLinked = entry.isSymbolicLink() && isOfUse && (await leadsToFolder(who, full));
    if (entry.isDirectory() || (isLinked && followLinks)) folders.push(full);
    else if (!isLinked && isWanted) files.push(full);
  }
  const inner = await Promise.all(folders.sort().map((one) => walk(who, one, followLinks, endings)));
  return [...files.sort(), ...inner.flat()];
}

function shuffleList(list: number[], random: RandomStream): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = itemAt(list, i);
    list[i] = itemAt(list, j);
    list[j] = held;
  }
}

/** The label of one file as elements have it. */
export function labelOf(label: number, mode: 'int' | 'categorical' | 'binary', classes: number): NDArray {
  if (mode === 'int') return new NDArray(Int32Array.of(label), []);
  if (mode === 'binary') return new NDArray(Float32Array.of(label), [1]);
  const oneHot = new Float32Array(classes);
  oneHot[label] = 1;
  return new NDArray(oneHot, [classes]);
}
