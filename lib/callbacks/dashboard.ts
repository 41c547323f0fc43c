import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type OptionNames,
  atLeastZero,
  boolean,
  checkEach,
  expected,
  knownOptions,
  oneOf,
} from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { warnOnce } from '../base/warn.js';
import { reasonOf, writeWhole } from '../base/wholeFile.js';
import { Inspector } from '../board/inspector.js';
import { FILES, type RunState, Runs } from '../board/runs.js';
import { Samples } from '../board/samples.js';
import { portOf } from '../board/serveBoard.js';
import { BoardServer, type LiveRun } from '../board/server.js';
import type { ArrayData } from '../data/batches.js';
import { RunLog } from '../summary/runLog.js';
import { Callback, type Logs } from './callback.js';

/** What {@link dashboard} takes. */
export interface DashboardOptions {
  /** The port of 127.0.0.1; 0 takes a free one. Default 0. */
  port?: number;
  /** The folder of the run, which is made where it is missing; a log that is there goes on. Default: a new one in `runs`, named by the time. */
  dir?: string;
  /**
   * Samples to look at, [x] or [x, y] in the forms of `fit` for arrays, the first 1000 of them: predictions, the confusion matrix, what each layer
   * makes of one. Bytes are images from 0 to 255, other numbers from 0 to 1. Default: none.
   */
  data?: readonly [x: ArrayData, y?: ArrayData];
  /** The names of the classes. Default: their numbers. */
  labels?: readonly string[];
  /** Whether the page stays after training, and with it the process, until `close`. Default false. */
  keepOpen?: boolean;
  /** Takes the address of the page. Default: it is printed. */
  onOpen?: (url: string) => void;
}

const dashboardNames = {
  port: 'optional',
  dir: 'string',
  data: 'optional',
  labels: 'optional',
  keepOpen: 'boolean',
  onOpen: 'optional',
} satisfies OptionNames<DashboardOptions>;

const WHO = 'dashboard';
/** The log has two lines a second, of long runs so many lines an e-th part of their time. */
const RECORD_MS = 500;
const MOST_RECORDS = 2000;
/** What is seen of layers takes at most this share of the time. */
const SHARE = 0.005;
/** So much time is between two looks that the page asks for, and at least as long as the last took: training has the engine meanwhile. */
const LOOK_GAP_MS = 200;

/** Shows training in a web page: see {@link dashboard}. */
export class Dashboard extends Callback {
  readonly #options: DashboardOptions;
  readonly #port: number;
  #folder = '';
  #server: BoardServer | undefined;
  #inspector: Inspector | undefined;
  #samples: Samples | undefined;
  #log: RunLog | undefined;
  #state: RunState | undefined;
  /** Goes on with the training that is paused. */
  #goOn: (() => void) | undefined;
  #paused: Promise<void> | undefined;
  #epoch = 0;
  /** The steps before this epoch. */
  #before = 0;
  #began = 0;
  #recorded = 0;
  /** Whether the steps that are told are those of a validation. */
  #validating = false;
  /** The sample whose layers are shown. */
  #index = 0;
  #looked = { epoch: -1, at: 0, took: 0 };
  /** Resolves when the next look may begin. */
  #lookDue: Promise<unknown> = Promise.resolve();

  constructor(options: DashboardOptions = {}) {
    super();
    knownOptions(WHO, options, dashboardNames);
    this.#port = portOf(WHO, options.port ?? 0);
    boolean(WHO, 'keepOpen', options.keepOpen ?? false);
    const { dir, labels = [], onOpen, data } = options;
    if (dir === '') throw expected(WHO, 'the name of a folder as dir', dir);
    checkEach(WHO, 'texts as labels', labels, (label) => typeof label === 'string');
    if (onOpen !== undefined && typeof onOpen !== 'function')
      throw expected(WHO, 'a function as onOpen', onOpen);
    if (data !== undefined && !(Array.isArray(data) && data.length > 0 && data.length < 3))
      throw expected(WHO, '[x] or [x, y] as data', data);
    this.#options = options;
  }

  /** The address of the page; undefined before training, and after {@link close}. Who knows it may steer the training. */
  get url(): string | undefined {
    return this.#server?.url;
  }

  /** Ends the page. */
  async close(): Promise<void> {
    this.#resume();
    await this.#server?.close();
    this.#server = undefined;
  }

  override async onTrainBegin(): Promise<void> {
    const { data, dir, labels = [], onOpen = printed } = this.#options;
    this.#began = Date.now();
    this.#looked = { epoch: -1, at: performance.now(), took: 0 };
    this.#folder = resolve(
      dir ?? join('runs', new Date(this.#began).toISOString().slice(0, 19).replaceAll(':', '-')),
    );
    this.#samples = data && (await Samples.read(WHO, data));
    this.#inspector = new Inspector(WHO, this.model, this.#samples);
    const { epochs, steps = null } = this.params;
    this.#state = {
      ...{ model: this.model.name, state: 'running', pid: process.pid, began: this.#began / 1000 },
      ...{ epochs, steps, labels },
      layers: this.#inspector.layers,
      image: this.#samples?.image ?? null,
      samples: this.#inspector.canLook ? (this.#samples?.x.length ?? 0) : 0,
      setsLearningRate: this.#setsRate,
    };
    await this.#closeLog(); // of a run that failed
    await this.#kept(async () => {
      await mkdir(this.#folder, { recursive: true });
      this.#log = await RunLog.open(WHO, join(this.#folder, FILES.log), true);
    });
    if (!this.#server) {
      this.#server = await BoardServer.listen(WHO, this.#port, new Runs(dirname(this.#folder)), this.#live);
      onOpen(this.#server.url);
    }
    await this.#setState({});
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    this.#epoch = epoch;
    this.#before = itemAt(await this.model.optimizer.iterations.value().data(), 0);
  }

  override onTestBegin(): void {
    this.#validating = true;
  }

  override onTestEnd(): void {
    this.#validating = false;
  }

  override async onProgress(steps: number, logs: Logs): Promise<void> {
    if (!this.#state) return;
    const record = async () => {
      this.#recorded = Date.now();
      if (!this.#validating && steps > 0) await this.#record(this.#before + steps, logs, steps - 1);
    };
    const every = Math.max(RECORD_MS, (Date.now() - this.#began) / MOST_RECORDS);
    if (Date.now() - this.#recorded >= every) await record();
    if (!this.#paused) return;
    await this.#setState({ state: 'paused' });
    this.#server?.keepAlive(true); // nothing else keeps the process: the engine has no work
    await this.#paused;
    this.#server?.keepAlive(false);
    await this.#setState({ state: 'running' });
    await record(); // the next step's time is told from here
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const steps = itemAt(await this.model.optimizer.iterations.value().data(), 0);
    await this.#record(steps, { ...logs, ...this.#rate() });
    if (performance.now() - this.#looked.at > this.#looked.took / SHARE) await this.#keepLooks(epoch);
  }

  override async onTrainEnd(): Promise<void> {
    if (this.#looked.epoch !== this.#epoch) await this.#keepLooks(this.#epoch);
    await this.#end(this.model.stopTraining ? 'stopped' : 'finished');
    if (this.#options.keepOpen) this.#server?.keepAlive(true);
  }

  /** @internal */
  override interrupted(): void {
    void this.#end('failed').then(() => this.close());
  }

  async #end(state: RunState['state']): Promise<void> {
    await this.#closeLog();
    await this.#setState({ state });
  }

  async #closeLog(): Promise<void> {
    await this.#kept(async () => this.#log?.close());
    this.#log = undefined;
  }

  async #record(step: number, values: Logs, batch?: number): Promise<void> {
    const now = Date.now();
    const time = { timestamp: now / 1000, runtime: (now - this.#began) / 1000 };
    const place = batch === undefined ? { epoch: this.#epoch } : { epoch: this.#epoch, batch };
    const all = batch === undefined || !this.#setsRate ? values : { ...values, ...this.#rate() };
    await this.#kept(async () => this.#log?.append({ step, ...time, ...place, values: all }));
    await this.#server?.changed();
  }

  async #setState(change: Partial<RunState>): Promise<void> {
    if (!this.#state) return;
    this.#state = { ...this.#state, ...change };
    await this.#write(FILES.state, this.#state);
    await this.#server?.changed();
  }

  async #keepLooks(epoch: number): Promise<void> {
    const begin = performance.now();
    await this.#kept(async () => {
      const looks = await this.#inspector?.looks(epoch, this.#index);
      await this.#write(FILES.looks, looks);
    });
    const at = performance.now();
    this.#looked = { epoch, at, took: at - begin };
    await this.#server?.changed();
  }

  #write(name: string, value: unknown): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    return this.#kept(() => writeWhole(WHO, join(this.#folder, name), [bytes]));
  }

  /** Training goes on without the page. */
  async #kept(body: () => Promise<unknown>): Promise<void> {
    try {
      await body();
    } catch (error) {
      warnOnce('NODEGRAD_BOARD', `[${WHO}] training goes on, but not all of it is shown: ${reasonOf(error)}`);
    }
  }

  /** What the page may ask. A later `fit` has another folder. */
  get #live(): LiveRun {
    const name = () => basename(this.#folder);
    return {
      get name() {
        return name();
      },
      control: (request) => this.#control(request),
      look: (request) => this.#look(request),
    };
  }

  /** Whether the learning rate is a number: what a schedule gives is read from the engine, for which steps would wait. */
  get #setsRate(): boolean {
    const { learningRate } = this.model.optimizer.getConfig() as { learningRate?: unknown };
    return typeof learningRate === 'number';
  }

  #rate(): Logs {
    return { learning_rate: this.model.optimizer.learningRate };
  }

  #resume(): void {
    this.#goOn?.();
    this.#goOn = this.#paused = undefined;
  }

  #control({ action, value }: Readonly<Record<string, unknown>>): void {
    oneOf(WHO, 'action', action, ['pause', 'resume', 'stop', 'learningRate']);
    if (action === 'learningRate') {
      this.model.optimizer.learningRate = atLeastZero(WHO, 'learningRate', value);
    } else if (action === 'pause') {
      this.#paused ??= new Promise((resolve) => (this.#goOn = resolve));
    } else {
      if (action === 'stop') this.model.stopTraining = true;
      this.#resume();
    }
  }

  /** One after the other, whoever asks. */
  #look(request: Readonly<Record<string, unknown>>): Promise<unknown> {
    let begin = 0;
    const turn = this.#lookDue.then(() => {
      begin = performance.now();
      return this.#lookNow(request);
    });
    this.#lookDue = turn
      .catch(() => undefined) // told to who has asked
      .then(() => sleep(Math.max(LOOK_GAP_MS, performance.now() - begin), undefined, { ref: false }));
    return turn;
  }

  async #lookNow({ index, pixels }: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (!this.#samples || !this.#inspector?.canLook)
      throw expected(WHO, 'a model of one input and one output, and data,', 'none');
    const sample = pixels === undefined ? this.#samples.one(WHO, index) : this.#samples.drawn(WHO, pixels);
    if (pixels === undefined) this.#index = index as number;
    const look = await this.#inspector.look(sample);
    const bytes = pixels === undefined ? this.#samples.bytes(index as number) : pixels;
    const truth =
      pixels === undefined ? (this.#samples.classes(look.output.length)?.[index as number] ?? null) : null;
    return { ...look, bytes, truth };
  }
}

/** The only thing that is printed. */
function printed(url: string): void {
  console.log(`Dashboard: ${url}`);
}

/**
 * Shows training in a web page on this machine, while it goes on and, by `npx nodegrad board runs`, after it: curves, step times, the learning
 * rate, histograms of weights and gradients, and with `data` predictions, the confusion matrix and what each layer makes of a sample or of
 * an image that is drawn. Training can be paused and stopped there, and its learning rate changed. The address has a secret: who knows it may
 * steer the training. The run is written to a folder: `log.jsonl`, as {@link jsonlLogger}'s, and two other files of JSON. Where that fails,
 * training goes on with a warning.
 *
 * @throws EngineError `ARGUMENT`. `fit` rejects with `IO` where the port is in use, and with `ARGUMENT` or `SHAPE` for data that it cannot use.
 * @example
 *     const page = callbacks.dashboard({ dir: `${folder}/run`, data: [x, y] });
 *     await model.fit(x, y, { epochs: 10, callbacks: [page] });
 *     await page.close();
 */
export const dashboard = (options?: DashboardOptions) => new Dashboard(options);
