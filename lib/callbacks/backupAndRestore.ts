import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type OptionNames, knownOptions } from '../base/checks.js';
import { fileError, reasonOf } from '../base/wholeFile.js';
import type { NDArray } from '../core/ndarray.js';
import { numbersOf } from '../core/variable.js';
import { readBackup, writeBackup } from './backupFile.js';
import { Callback } from './callback.js';
import type { ResumedRun, RunPosition } from './resumedRun.js';
import { type SaveFreq, SaveTimes, type SaveTimesState } from './saveFreq.js';

/** What {@link backupAndRestore} takes. */
export interface BackupAndRestoreOptions {
  /** The folder for the state, which is made; for one run of `fit` alone. Default: the state is kept in memory. */
  backupDir?: string;
  /** `epoch`, or a number of batches, which makes each step a separate call. Default `epoch`. */
  saveFreq?: SaveFreq;
  /** Whether the state is dropped at the end of training. Default true. */
  deleteCheckpoint?: boolean;
}

const WHO = 'backupAndRestore';
const FILE = 'latest.safetensors';
const backupNames = {
  backupDir: 'string',
  saveFreq: 'optional',
  deleteCheckpoint: 'boolean',
} satisfies OptionNames<BackupAndRestoreOptions>;

/** What goes on after an interruption. */
interface State {
  readonly epoch: number;
  readonly variables: readonly NDArray[];
  readonly optimizerWeights: readonly NDArray[];
  readonly stopTraining: boolean;
  /** Of a run whose state is in a folder. */
  readonly run?: RunPosition & { readonly states: Readonly<Record<string, unknown>> };
}

/** Makes a `fit` that was interrupted go on in the next one: see {@link backupAndRestore}. */
export class BackupAndRestore extends Callback {
  readonly #times: SaveTimes;
  readonly #deleteCheckpoint: boolean;
  readonly #folder: string | undefined;
  #state: State | undefined;
  #epoch = 0;

  constructor(options: BackupAndRestoreOptions = {}) {
    super();
    knownOptions(WHO, options, backupNames);
    this.#times = new SaveTimes(WHO, options.saveFreq);
    this.#deleteCheckpoint = options.deleteCheckpoint ?? true;
    this.#folder = options.backupDir;
    // A hook on batches has its price: it is there only where it is needed.
    if (!this.#times.isByEpoch) this.onTrainBatchEnd = (batch) => this.#count(batch);
  }

  /** The epoch, from 0, with which the next `fit` begins; undefined where nothing is kept. A folder is read when that begins. */
  get epoch(): number | undefined {
    return this.#state?.epoch;
  }

  /** @internal */
  override get firstEpoch(): number | undefined {
    return this.epoch;
  }

  /** @internal */
  override get resumed(): ResumedRun | undefined {
    return this.#state?.run && { ...this.#state.run, epoch: this.#state.epoch };
  }

  override async onTrainBegin(): Promise<void> {
    if (this.#folder !== undefined) this.#state = await this.#read(this.#folder);
    if (!this.#state) return;
    const { model } = this;
    const { variables, optimizerWeights, stopTraining } = this.#state;
    model.optimizer.build(model.trainableWeights);
    const own = model.changedVariables;
    if (variables.length !== own.length)
      throw fileError(
        WHO,
        this.#folder ?? 'the state',
        `numbers for ${own.length} variables of the model`,
        String(variables.length),
      );
    own.forEach((variable, i) => {
      variable.assign(variables[i] as NDArray);
    });
    model.optimizer.setWeights(optimizerWeights);
    model.stopTraining = stopTraining;
  }

  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }

  /** After all callbacks: the state has what each of them has learned of the epoch. @internal */
  override async epochDone(epoch: number): Promise<void> {
    this.#epoch = epoch + 1;
    if (this.#times.isByEpoch) await this.#save();
  }

  override async onTrainEnd(): Promise<void> {
    if (!this.#deleteCheckpoint) return;
    this.#state = undefined;
    if (this.#folder !== undefined) await rm(join(this.#folder, FILE), { force: true });
  }

  override getState(): unknown {
    return this.#times.state;
  }

  override setState(state: unknown): void {
    this.#times.state = state as SaveTimesState;
  }

  async #count(batch: number): Promise<void> {
    if (this.#times.countBatch(batch)) await this.#save();
  }

  async #save(): Promise<void> {
    const { model, access } = this;
    const epoch = this.#epoch;
    // What other callbacks know is of this moment, too.
    const states = access?.states();
    const [variables, optimizerWeights, position] = await Promise.all([
      numbersOf(model.changedVariables),
      model.optimizer.getWeights(),
      access?.position(),
    ]);
    const { stopTraining } = model;
    const state = { epoch, variables, optimizerWeights, stopTraining };
    if (this.#folder === undefined) this.#state = state;
    else await writeBackup(WHO, join(this.#folder, FILE), { ...state, run: { ...position, states } });
  }

  async #read(folder: string): Promise<State | undefined> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw fileError(WHO, folder, 'a folder that can be written to', reasonOf(cause), cause);
    }
    const path = join(folder, FILE);
    return existsSync(path) ? ((await readBackup(WHO, path)) as State) : undefined;
  }
}

/**
 * Makes an interrupted `fit` go on. With a `backupDir` it keeps the weights, the optimizer's state, the states of recurrent layers and
 * random generators, the epoch, the place in the data, the history and the states of other callbacks in a file there, which is replaced
 * in one step: the same program started again, also after a kill, goes on after the last step that was kept, and its weights become those
 * of a run without an interruption, bit for bit. The order of samples and batches has to be the same in both: arrays, datasets, or
 * iterables that give the same batches again. Without a folder the weights, the optimizer's state and the epoch are in memory, for the
 * next `fit` with the same callback; with `saveFreq` in batches that epoch begins anew, as in Keras. https://keras.io/api/callbacks/backup_and_restore/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range; in the run `IO` where the folder cannot be written
 *   to, its file was cut or changed, or belongs to another model.
 * @example
 *     const backup = callbacks.backupAndRestore({ backupDir: `${folder}/backup` });
 *     await model.fit(x, y, { epochs: 10, callbacks: [backup] });
 */
export const backupAndRestore = (options?: BackupAndRestoreOptions) => new BackupAndRestore(options);
