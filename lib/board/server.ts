import { randomBytes } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mismatch } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { reasonOf } from '../base/wholeFile.js';
import { type PageFile, readPage } from './page.js';
import { Refused, answer, answerJson, beginEvents, bodyOf, pathOf } from './requests.js';
import type { Runs } from './runs.js';

/** What the page may ask of the run that goes on in this process. */
export interface LiveRun {
  /** The name of its folder. */
  readonly name: string;
  /** Pauses, goes on, stops or changes the learning rate. @throws EngineError for what cannot be done. */
  control(request: Readonly<Record<string, unknown>>): void;
  /** What each layer makes of a sample, or of an image that was drawn. @throws EngineError for what is none. */
  look(request: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** How often a page hears of runs of other processes. */
const POLL_MS = 1000;

/** Shows runs to a browser on this machine. */
export class BoardServer {
  readonly #runs: Runs;
  readonly #live: LiveRun | undefined;
  readonly #page: ReadonlyMap<string, PageFile>;
  readonly #token = randomBytes(24).toString('base64url');
  readonly #server: Server;
  /** Pages that listen, each with what it was last told. */
  readonly #listeners = new Map<ServerResponse, string>();
  #poll: NodeJS.Timeout | undefined;

  private constructor(runs: Runs, page: ReadonlyMap<string, PageFile>, live: LiveRun | undefined) {
    this.#runs = runs;
    this.#page = page;
    this.#live = live;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  /**
   * Listens on 127.0.0.1.
   *
   * @param port 0 takes a free one.
   * @throws EngineError `IO` where the port is in use; `STATE` where the page was not built.
   */
  static async listen(who: string, port: number, runs: Runs, live?: LiveRun): Promise<BoardServer> {
    const board = new BoardServer(runs, await readPage(who), live);
    await new Promise<void>((resolve, reject) => {
      board.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EADDRINUSE' ? `${port}, which is in use: leave port out` : cause.message;
        reject(mismatch(who, 'a port that is free', why, 'IO', { cause }));
      });
      board.#server.listen(port, '127.0.0.1', resolve);
    });
    board.#server.on('connection', (socket) => socket.unref());
    board.#server.unref();
    return board;
  }

  /** The address of the page. Who knows it may steer the run. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/${this.#token}/`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether it keeps the process alive until it is closed. At first it does not. */
  keepAlive(keeps: boolean): void {
    if (keeps) this.#server.ref();
    else this.#server.unref();
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    clearInterval(this.#poll);
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Tells the pages that listen what is new. */
  async changed(): Promise<void> {
    if (this.#listeners.size === 0) return;
    // A folder that is removed meanwhile is not there the next time.
    const runs = await this.#runs.list().catch(() => undefined);
    if (!runs) return;
    const told = JSON.stringify({ live: this.#live?.name ?? null, runs });
    for (const [response, last] of this.#listeners) {
      if (last === told) continue;
      this.#listeners.set(response, told);
      response.write(`data: ${told}\n\n`);
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const path = pathOf(request, this.#port, this.#token);
      if (request.method === 'GET') await this.#get(path, request, response);
      else if (request.method === 'POST') await this.#post(path, await bodyOf(request), response);
      else throw new Refused(405, 'expected GET or POST');
    } catch (error) {
      const status = error instanceof Refused ? error.status : error instanceof EngineError ? 400 : 500;
      if (response.headersSent) response.destroy();
      else answerJson(response, { error: reasonOf(error) }, status);
    }
  }

  async #get(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [space, kind, name = ''] = path.split('/');
    if (space !== 'api') {
      const file = this.#page.get(path || 'index.html');
      if (!file) throw new Refused(404, 'no such page');
      answer(response, 200, file.type, file.bytes);
    } else if (kind === 'events') {
      this.#listen(response);
    } else if (kind === 'log') {
      const from = Number(new URL(request.url ?? '', 'http://x').searchParams.get('from') ?? 0);
      if (!Number.isSafeInteger(from) || from < 0) throw new Refused(400, 'expected a place in the log');
      const read = await this.#runs.log(name, from);
      if (!read) throw new Refused(404, 'no such run');
      answerJson(response, read);
    } else if (kind === 'looks') {
      const seen = await this.#runs.looks(name);
      if (seen === undefined) throw new Refused(404, 'no such run');
      answer(response, 200, 'application/json', seen);
    } else throw new Refused(404, 'no such page');
  }

  async #post(
    path: string,
    body: Readonly<Record<string, unknown>>,
    response: ServerResponse,
  ): Promise<void> {
    if (!this.#live) throw new Refused(409, 'no run goes on in this process');
    if (path === 'api/look') {
      answerJson(response, await this.#live.look(body));
    } else if (path === 'api/control') {
      this.#live.control(body);
      answerJson(response, {});
    } else throw new Refused(404, 'no such page');
  }

  #listen(response: ServerResponse): void {
    beginEvents(response);
    this.#listeners.set(response, '');
    this.#poll ??= setInterval(() => void this.changed(), POLL_MS).unref();
    response.on('close', () => {
      this.#listeners.delete(response);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#poll);
      this.#poll = undefined;
    });
    void this.changed();
  }
}
