import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type OptionNames, expected, integer, knownOptions } from '../base/checks.js';
import { fileError } from '../base/wholeFile.js';
import { Runs } from './runs.js';
import { BoardServer } from './server.js';

/** What {@link serveBoard} takes. */
export interface ServeBoardOptions {
  /** The port of 127.0.0.1; 0 takes a free one. Default 0. */
  port?: number;
}

const names = { port: 'optional' } satisfies OptionNames<ServeBoardOptions>;

/** A page that is served. */
export interface ServedBoard {
  /** Its address, with a secret token. */
  readonly url: string;
  /** Ends it. */
  close(): Promise<void>;
}

/** A port that was given. @throws EngineError `ARGUMENT`. */
export function portOf(who: string, port: unknown): number {
  const given = integer(who, 'port', port, 0);
  if (given > 65_535) throw expected(who, 'a port up to 65535', port);
  return given;
}

/**
 * Shows runs that `callbacks.dashboard` or `callbacks.jsonlLogger` (as `log.jsonl`) has written in a web page, as `npx nodegrad board FOLDER` does:
 * curves of several runs in one chart, step times, and what was last seen of their layers. It listens on this machine alone and keeps
 * the process alive until it is closed.
 *
 * @param folder The folder of a run, or one that holds such folders.
 * @returns The page's address, and what ends it.
 * @throws EngineError `ARGUMENT`; `IO` where the folder cannot be read or the port is in use.
 * @example
 *     const board = await summary.serveBoard(folder);
 *     console.log(board.url); // such as http://127.0.0.1:40123/Zn3…/
 *     await board.close();
 */
export async function serveBoard(folder: string, options: ServeBoardOptions = {}): Promise<ServedBoard> {
  const who = 'serveBoard';
  knownOptions(who, options, names);
  if (typeof (folder as unknown) !== 'string' || folder === '')
    throw expected(who, 'the name of a folder', folder);
  const port = portOf(who, options.port ?? 0);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw fileError(who, folder, 'a folder of runs', found ? 'a file' : 'nothing');
  const server = await BoardServer.listen(who, port, new Runs(resolve(folder)));
  server.keepAlive(true);
  return { url: server.url, close: () => server.close() };
}
