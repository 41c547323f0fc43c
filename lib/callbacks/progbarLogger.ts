import { stdout } from 'node:process';
import { expected } from '../base/checks.js';
import { Callback, type Logs } from './callback.js';
import { Sparkline } from './sparkline.js';

const WIDTH = 30;

/** Where the bar is drawn, such as `process.stdout`. */
export interface ProgressStream {
  /** Takes the next piece of text. */
  write(text: string): unknown;
  /** Whether it is a terminal: there the bar is drawn again in place; anything else gets one line an epoch. Default false. */
  isTTY?: boolean;
}

/** Shows how a run is getting on: see {@link progbarLogger}. */
export class ProgbarLogger extends Callback {
  readonly #stream: ProgressStream;
  #training = false;
  #validating = false;
  #start = 0;
  #steps = 0;
  /** The loss since training began. */
  #losses = new Sparkline();
  /** When the last step ended: the validation after it does not count. */
  #end: number | undefined;

  constructor(stream: ProgressStream = stdout) {
    super();
    if (typeof stream?.write !== 'function')
      throw expected('progbarLogger', 'a stream with a method write', stream);
    this.#stream = stream;
  }

  override onTrainBegin(): void {
    this.#training = true;
    this.#losses = new Sparkline();
  }

  override onTrainEnd(): void {
    this.#training = false;
  }

  override onEpochBegin(epoch: number): void {
    this.#begin();
    const title = `Epoch ${epoch + 1}/${this.params.epochs}`;
    if (this.params.verbose !== 0) this.#stream.write(this.#drawsBar ? `${title}\n` : `${title} `);
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    this.#finish(logs);
  }

  override onTestBegin(): void {
    if (this.#training) {
      this.#validating = true;
      this.#end = performance.now();
    } else {
      this.#begin();
    }
  }

  override onTestEnd(logs: Logs): void {
    this.#validating = false;
    if (!this.#training) this.#finish(logs);
  }

  override onPredictBegin(): void {
    if (!this.#training) this.#begin();
  }

  override onPredictEnd(): void {
    if (!this.#training) this.#finish({});
  }

  override onProgress(steps: number, logs: Logs): void {
    if (this.#validating || steps === 0) return;
    this.#steps = steps;
    if (this.#training && logs['loss'] !== undefined) this.#losses.add(logs['loss']);
    if (!this.#drawsBar) return;
    const { steps: total } = this.params;
    const seconds = (performance.now() - this.#start) / 1000;
    const time =
      total === undefined ? duration(seconds) : `ETA: ${duration(((total - steps) * seconds) / steps)}`;
    this.#stream.write(
      `\r${bar(steps, total)} - ${time} - ${perStep(seconds / steps)}${values(logs)}${this.#curve}\x1b[K`,
    );
  }

  get #drawsBar(): boolean {
    return this.params.verbose % 2 === 1 && this.#stream.isTTY === true;
  }

  /** What `verbose: 3` shows besides. */
  get #curve(): string {
    const curve = this.params.verbose === 3 && this.#training ? String(this.#losses) : '';
    return curve && ` - ${curve}`;
  }

  #begin(): void {
    this.#start = performance.now();
    this.#end = undefined;
    this.#steps = 0;
  }

  #finish(logs: Logs): void {
    if (this.params.verbose === 0) return;
    const now = performance.now();
    const { steps: total = this.#steps } = this.params;
    // Fewer where the data has ended early.
    const steps = this.#steps || total;
    const count = this.#drawsBar ? `\r${bar(steps, total)}` : `${steps}/${total}`;
    const took = duration((now - this.#start) / 1000);
    const each = perStep(((this.#end ?? now) - this.#start) / 1000 / Math.max(1, steps));
    this.#stream.write(
      `${count} - ${took} - ${each}${values(logs)}${this.#curve}${this.#drawsBar ? '\x1b[K' : ''}\n`,
    );
  }
}

function perStep(seconds: number): string {
  if (seconds >= 1) return `${Math.round(seconds)}s/step`;
  if (seconds >= 1e-3) return `${Math.round(seconds * 1e3)}ms/step`;
  return `${Math.round(seconds * 1e6)}us/step`;
}

/** ` 235/469 [==============>...............]`, or the count alone where the total is not known. */
function bar(steps: number, total: number | undefined): string {
  if (total === undefined) return `${steps}/Unknown`;
  const filled = Math.min(WIDTH, Math.floor((WIDTH * steps) / Math.max(1, total)));
  const head = filled < WIDTH ? '>' : '=';
  const line = filled === 0 ? '.'.repeat(WIDTH) : '='.repeat(filled - 1) + head + '.'.repeat(WIDTH - filled);
  return `${String(steps).padStart(String(total).length)}/${total} [${line}]`;
}

function values(logs: Logs): string {
  return Object.entries(logs)
    .map(
      ([name, value]) =>
        ` - ${name}: ${Math.abs(value) > 1e-3 || value === 0 ? value.toFixed(4) : value.toExponential(4)}`,
    )
    .join('');
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole >= 3600)
    return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  if (whole >= 60) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  return `${whole}s`;
}

/**
 * Shows how a run is getting on: in a terminal a bar with steps, times, losses and metrics; elsewhere, or with `verbose: 2`, one
 * line an epoch. With `verbose: 3` both end with the curve of the loss since training began. `fit`, `evaluate` and `predict` add one
 * themselves unless `verbose` is 0: this one is for a second stream.
 * https://keras.io/api/callbacks/progbar_logger/
 *
 * @param stream Default `process.stdout`.
 * @throws EngineError `ARGUMENT` where the stream cannot be written to.
 * @example await model.fit(x, y, { verbose: 2, callbacks: [callbacks.progbarLogger(process.stderr)] });
 */
export const progbarLogger = (stream?: ProgressStream) => new ProgbarLogger(stream);
