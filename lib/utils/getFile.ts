import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type OptionNames, expected, knownOptions, oneOf } from '../base/checks.js';
import { tarMembers } from '../base/tar.js';
import { UNPACKED, mostUnpacked } from '../base/unpacked.js';
import { attempt, fileError, readWhole, reasonOf, writeWhole } from '../base/wholeFile.js';
import { Zip } from '../base/zip.js';
import { checkHash, download } from '../datasets/download.js';
import * as settings from '../engine/settings.js';

/** What {@link getFile} takes. */
export interface GetFileOptions {
  /** The address of the file, http or https. */
  origin: string;
  /**
   * The name of the file in the cache, without folders; with `extract` and no point in it, that of the folder. Default: that in the address.
   */
  fname?: string | null;
  /** The checksum of the file, in hex: another one is an error. Default: none, so that anything is taken. */
  fileHash?: string | null;
  /** What `fileHash` is; `auto`: its length tells. Default `auto`. */
  hashAlgorithm?: 'auto' | 'sha256' | 'md5';
  /** The MD5 of the file, an older name of `fileHash`. Default none. */
  md5Hash?: string | null;
  /** A folder within `cacheDir`, or an absolute path. Default `datasets`. */
  cacheSubdir?: string;
  /** Default: `$NODEGRAD_CACHE`, else `$XDG_CACHE_HOME/nodegrad`, else `~/.cache/nodegrad`. */
  cacheDir?: string | null;
  /** Whether the file is an archive, which is unpacked. Default false. */
  extract?: boolean;
  /** As `extract`, for tar archives alone. Default false. */
  untar?: boolean;
  /** `tar` (also gzipped), `zip`, or `auto` for both. Default `auto`. */
  archiveFormat?: 'auto' | 'tar' | 'zip';
  /** Whether a file that is there is downloaded anew. Default false. */
  forceDownload?: boolean;
  /** Ends the download with the error `ABORTED`. Default: none. */
  signal?: AbortSignal;
}

const names = {
  origin: 'required',
  fname: 'optional',
  fileHash: 'optional',
  hashAlgorithm: 'optional',
  md5Hash: 'optional',
  cacheSubdir: 'string',
  cacheDir: 'optional',
  extract: 'boolean',
  untar: 'boolean',
  archiveFormat: 'optional',
  forceDownload: 'boolean',
  signal: 'optional',
} satisfies OptionNames<GetFileOptions>;

const WHO = 'getFile';

/**
 * The place of a file, which is downloaded unless it is in the cache. https://keras.io/api/utils/python_utils/#get_file-function
 *
 * Give `fileHash` wherever you know it: it is all that tells the file from another one. Archives are unpacked within their folder alone:
 * one with a path that leads out of it is refused, links are left out.
 *
 * @returns The path of the file; with `extract` that of the folder it is unpacked to: `fname` without its ending and with `_extracted`, or
 *   `fname` itself where it has no ending.
 * @throws EngineError `IO` for a download that fails, another checksum, and what is no archive or unpacks to over 200 times its size and
 *   32 MiB; `ABORTED`; `ARGUMENT`.
 */
export async function getFile(options: GetFileOptions): Promise<string> {
  knownOptions(WHO, options, names);
  const hash = hashOf(options);
  const { origin, signal, forceDownload = false, untar = false } = options;
  if (typeof origin !== 'string' || !settings.isWebAddress(origin))
    throw expected(WHO, 'an address that begins with http:// or https:// as origin', origin);
  if (
    signal !== undefined &&
    typeof (signal as { addEventListener?: unknown } | null)?.addEventListener !== 'function'
  )
    throw expected(WHO, 'an AbortSignal as signal', signal);
  const format = oneOf(WHO, 'archiveFormat', options.archiveFormat ?? 'auto', ['auto', 'tar', 'zip']);
  const { target, folder } = placesOf(options);
  const isThere = !forceDownload && (await isWhole(target, hash));
  if (!isThere) await download({ who: WHO, urls: [origin], target, hash, keepsPacked: true, signal });
  if (folder === undefined) return target;
  await unpack(target, folder, untar ? 'tar' : format);
  return folder;
}

function hashOf({ fileHash, md5Hash, hashAlgorithm = 'auto' }: GetFileOptions) {
  const given = oneOf(WHO, 'hashAlgorithm', hashAlgorithm, ['auto', 'sha256', 'md5']);
  const hash = fileHash ?? md5Hash ?? undefined;
  if (hash === undefined) return undefined;
  const isShort = typeof hash === 'string' && hash.length === 32;
  const auto = isShort ? 'md5' : 'sha256';
  const wanted = given === 'auto' ? auto : given;
  const algorithm = fileHash == null ? 'md5' : wanted;
  if (
    typeof hash !== 'string' ||
    !/^[0-9a-f]+$/i.test(hash) ||
    hash.length !== (algorithm === 'md5' ? 32 : 64)
  )
    throw expected(WHO, `a checksum of ${algorithm} in hex`, hash);
  return hash.toLowerCase();
}

/** Whether a file is there, with its checksum where that is known. */
async function isWhole(target: string, hash: string | undefined): Promise<boolean> {
  const bytes = await readFile(target).catch(() => undefined);
  if (bytes === undefined) return false;
  try {
    if (hash !== undefined) checkHash(bytes, hash, target, WHO);
    return true;
  } catch {
    return false;
  }
}

/** Where the file comes to, and where it is unpacked to. */
function placesOf({
  fname,
  origin,
  cacheDir,
  cacheSubdir = 'datasets',
  extract = false,
  untar = false,
}: GetFileOptions) {
  if (cacheDir != null && typeof cacheDir !== 'string')
    throw expected(WHO, 'a string for cacheDir', cacheDir);
  const base = path.resolve(cacheDir ?? settings.cacheFolder(), cacheSubdir);
  const name = fname ?? decodeURIComponent(path.posix.basename(new URL(origin).pathname));
  if (typeof name !== 'string' || !isPlain(name))
    throw expected(WHO, 'the name of a file, without folders, as fname', name);
  if (!extract && !untar) return { target: path.join(base, name), folder: undefined };
  const point = name.indexOf('.');
  if (fname == null || point < 0)
    return { target: path.join(base, `${name}_archive`), folder: path.join(base, name) };
  return { target: path.join(base, name), folder: path.join(base, `${name.slice(0, point)}_extracted`) };
}

/** Whether a part of a path is a name on every system: no folder, no drive. */
const isPlain = (name: string) => name !== '' && name !== '.' && name !== '..' && !/[/\\:\0]/.test(name);

async function unpack(target: string, folder: string, format: 'auto' | 'tar' | 'zip'): Promise<void> {
  const files = membersOf(target, await readWhole(WHO, target), format).map(([name, bytes]) => {
    const parts = name.split('/').filter((part) => part !== '.' && part !== '');
    if (name.startsWith('/') || parts.length === 0 || !parts.every(isPlain))
      throw fileError(WHO, target, 'paths within the archive', name);
    return { place: path.join(folder, ...parts), bytes };
  });
  for (const { place, bytes } of files) {
    await attempt(WHO, place, 'a folder that can be written to', () =>
      mkdir(path.dirname(place), { recursive: true }),
    );
    await writeWhole(WHO, place, [bytes]);
  }
}

/** The files of an archive. */
function membersOf(
  place: string,
  bytes: Uint8Array,
  format: 'auto' | 'tar' | 'zip',
): (readonly [string, Uint8Array])[] {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (isZip ? format === 'tar' : format === 'zip')
    throw fileError(WHO, place, `a ${format} archive`, 'something else');
  if (!isZip) return [...tarMembers(WHO, place, unzipped(place, bytes))];
  const zip = new Zip(WHO, place, bytes);
  return zip.names.filter((name) => !name.endsWith('/')).map((name) => [name, zip.read(name)] as const);
}

function unzipped(place: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: mostUnpacked(bytes) });
  } catch (cause) {
    const what = `a whole gzip stream of ${UNPACKED}`;
    throw fileError(WHO, place, what, reasonOf(cause), cause);
  }
}
