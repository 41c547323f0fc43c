import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type OptionNames, expected, knownOptions } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { readWhole } from '../base/wholeFile.js';
import * as settings from '../engine/settings.js';
import { checkHash, download } from './download.js';

/** Where a data set of Keras is looked for. */
export interface PublishedOptions {
  /** The file, or the folder that has it; nowhere else is looked then, and its checksum may be another. Default: the caches. */
  path?: string;
  /** Where downloaded files are kept. Default: `$NODEGRAD_CACHE/datasets`, else `~/.cache/nodegrad/datasets`; Keras's cache is read, too. */
  cacheFolder?: string;
  /** Ends the download with the error `ABORTED`. Default: none. */
  signal?: AbortSignal;
}

export const publishedNames = {
  path: 'string',
  cacheFolder: 'string',
  signal: 'optional',
} satisfies OptionNames<PublishedOptions>;

/** Fails for options that a data set does not have, and where `signal` has fired or is none. */
export function publishedOptions(who: string, options: { signal?: AbortSignal }, names: object): void {
  knownOptions(who, options, names);
  const { signal } = options;
  if (signal === undefined) return;
  // Not instanceof: a signal may be of another realm.
  if (typeof (signal as { addEventListener?: unknown } | null)?.addEventListener !== 'function')
    throw expected(who, 'an AbortSignal as signal', signal);
  if (signal.aborted) throw new EngineError('ABORTED', `[${who}] reading was cancelled`);
}

/** A file as its authors publish it. */
export interface Published {
  readonly name: string;
  readonly url: string;
  /** SHA-256 or MD5 of it, in lower-case hex; none where they say none. */
  readonly hash?: string;
  /** The folder of it in the caches. Default `datasets`. */
  readonly folder?: 'datasets' | 'models';
}

/** The address of Keras's own files. */
export const KERAS_FILES = 'https://storage.googleapis.com/tensorflow/tf-keras-datasets';

/** What is at a place; undefined for nothing. */
export async function kindOf(place: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? 'folder' : 'file';
}

/** A file's place and bytes: of `path`, else of a cache, where a download puts it first. */
export async function readPublished(
  who: string,
  file: Published,
  options: PublishedOptions,
): Promise<{ place: string; bytes: Uint8Array }> {
  if (options.path !== undefined) {
    const isFolder = (await kindOf(options.path)) === 'folder';
    const place = isFolder ? path.join(options.path, file.name) : options.path;
    return { place, bytes: await readWhole(who, place) };
  }
  // Data sets tell of their downloads by one name.
  const by = file.folder === 'models' ? who : 'datasets';
  const place = await cachedPlace(by, file, options);
  const bytes = await readWhole(who, place);
  if (file.hash !== undefined) checkHash(bytes, file.hash, place, by);
  return { place, bytes };
}

async function cachedPlace(
  who: string,
  file: Published,
  { cacheFolder, signal }: PublishedOptions,
): Promise<string> {
  const { folder = 'datasets', name, url, hash } = file;
  const own = path.join(cacheFolder ?? path.join(settings.cacheFolder(), folder), name);
  if ((await kindOf(own)) === 'file') return own;
  const ofKeras = cacheFolder === undefined ? kerasPlace(name, folder) : undefined;
  if (ofKeras !== undefined && (await kindOf(ofKeras)) === 'file') return ofKeras;
  await download({ urls: [url], target: own, hash, keepsPacked: true, signal, who });
  return own;
}

/** Where Keras keeps a file or folder, of a data set by default. */
export function kerasPlace(name: string, folder = 'datasets'): string | undefined {
  const home = settings.kerasFolder();
  return home === undefined ? undefined : path.join(home, folder, name);
}
