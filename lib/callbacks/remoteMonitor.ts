import { type OptionNames, boolean, expected, knownOptions } from '../base/checks.js';
import { describe } from '../base/errors.js';
import { warnOnce } from '../base/warn.js';
import { Callback, type Logs } from './callback.js';

/** What {@link remoteMonitor} takes. */
export interface RemoteMonitorOptions {
  /** The server's address. Default `http://localhost:9000`. */
  root?: string;
  /** The path there. Default `/publish/epoch/end/`. */
  path?: string;
  /** The form field that holds the JSON, where `sendAsJson` is false. Default `data`. */
  field?: string;
  /** Headers of the requests. Default none. */
  headers?: Readonly<Record<string, string>>;
  /** Whether the JSON is the body itself. Default false: it is a field of a form. */
  sendAsJson?: boolean;
}

const remoteMonitorNames = {
  root: 'string',
  path: 'string',
  field: 'string',
  headers: 'optional',
  sendAsJson: 'boolean',
} satisfies OptionNames<RemoteMonitorOptions>;

const WHO = 'remoteMonitor';

/** Sends the logs of each epoch to a server: see {@link remoteMonitor}. */
export class RemoteMonitor extends Callback {
  readonly #address: string;
  readonly #field: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #sendAsJson: boolean;

  constructor(options: RemoteMonitorOptions = {}) {
    super();
    knownOptions(WHO, options, remoteMonitorNames);
    const { root = 'http://localhost:9000', path = '/publish/epoch/end/' } = options;
    this.#address = root + path;
    if (!URL.canParse(this.#address)) throw expected(WHO, 'an address', this.#address);
    this.#field = options.field ?? 'data';
    this.#headers = { ...options.headers };
    this.#sendAsJson = boolean(WHO, 'sendAsJson', options.sendAsJson ?? false);
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const json = JSON.stringify({ epoch, ...logs });
    const body = this.#sendAsJson ? json : new URLSearchParams({ [this.#field]: json });
    const type: Record<string, string> = this.#sendAsJson ? { 'content-type': 'application/json' } : {};
    try {
      const response = await fetch(this.#address, {
        method: 'POST',
        body,
        headers: { ...type, ...this.#headers },
      });
      await response.body?.cancel();
    } catch (error) {
      // Training goes on without the monitor.
      warnOnce(
        'NODEGRAD_MONITOR',
        `[${WHO}] expected a server at ${this.#address}, received ${describe(error)}`,
      );
    }
  }
}

/**
 * Sends the logs of each epoch to a server by POST. Where it does not answer, training goes on with a warning.
 * https://keras.io/api/callbacks/remote_monitor/
 *
 * @throws EngineError `ARGUMENT` for what is no address.
 * @example callbacks.remoteMonitor({ root: 'http://localhost:9000', sendAsJson: true });
 */
export const remoteMonitor = (options?: RemoteMonitorOptions) => new RemoteMonitor(options);
