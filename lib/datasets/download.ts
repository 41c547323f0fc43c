import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { types } from 'node:util';
import { mismatch } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { fileError, reasonOf, writeWhole } from '../base/wholeFile.js';
import { unzip } from '../data/files/idx.js';

const MD5_DIGITS = 32;

export interface DownloadRequest {
  /** Addresses that hold the same file, gzipped or not; the next is tried where one fails. */
  readonly urls: readonly string[];
  /** Where the file goes; its folder is made. */
  readonly target: string;
  /** SHA-256 or MD5 of what is kept, in lower-case hex; none is checked where its authors say none. */
  readonly hash?: string | undefined;
  /** Whether a gzipped file is kept as it comes. Default false: it is unzipped. */
  readonly keepsPacked?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** What errors begin with. Default `datasets`. */
  readonly who?: string;
}

/**
 * Downloads a file, checks it and puts it in place in one step, so that `target` is whole or not there.
 *
 * @throws EngineError `IO` with what each address answered, `ABORTED` where `signal` fires.
 */
export async function download(request: DownloadRequest): Promise<void> {
  const { urls, target, signal, who = 'datasets' } = request;
  // Before the download: a folder that cannot be made would cost all of it.
  await mkdir(path.dirname(target), { recursive: true }).catch((cause: unknown) => {
    throw mismatch(who, `to write ${target}`, reasonOf(cause), 'IO', {
      cause,
    });
  });
  const failures: string[] = [];
  let bytes: Uint8Array | undefined;
  for (const url of urls) {
    try {
      bytes = await fetchChecked(url, request);
      break;
    } catch (cause) {
      if (signal?.aborted)
        throw new EngineError('ABORTED', `[${who}] the download of ${url} was cancelled`, { cause });
      failures.push(reason(url, cause));
    }
  }
  if (!bytes) {
    throw mismatch(
      who,
      `to download ${path.basename(target)}`,
      `${failures.join('; ')}; check the network, or put the file at ${target} yourself`,
      'IO',
    );
  }
  await writeWhole(who, target, [bytes]);
}

/**
 * Checks the contents of a file.
 *
 * @param hash SHA-256 or MD5, which its length tells.
 * @param name The file or address that the error names.
 * @param who What the error begins with.
 * @throws EngineError `IO` where the checksum is another.
 */
export function checkHash(bytes: Uint8Array, hash: string, name: string, who = 'datasets'): void {
  const algorithm = hash.length === MD5_DIGITS ? 'md5' : 'sha256';
  const received = createHash(algorithm).update(bytes).digest('hex');
  if (received !== hash) {
    throw fileError(who, name, `contents with ${algorithm} ${hash}`, `${received} (${bytes.length} bytes)`);
  }
}

async function fetchChecked(
  url: string,
  { hash, keepsPacked = false, signal, who = 'datasets' }: DownloadRequest,
): Promise<Uint8Array> {
  const response = await fetch(url, signal ? { signal } : {});
  if (!response.ok) throw new EngineError('IO', `${url}: HTTP ${response.status} ${response.statusText}`);
  const received = new Uint8Array(await response.arrayBuffer());
  const bytes = keepsPacked ? received : await unzip(received, url, who);
  if (hash !== undefined) checkHash(bytes, hash, url, who);
  return bytes;
}

function reason(url: string, cause: unknown): string {
  if (cause instanceof EngineError) return cause.message;
  // fetch hides what went wrong (no such host, refused, reset) with the message "fetch failed".
  const inner = types.isNativeError(cause) && types.isNativeError(cause.cause) ? cause.cause : cause;
  return `${url}: ${reasonOf(inner)}`;
}
