import { boolean, expected, knownOptions } from '../base/checks.js';
import { Callback } from './callback.js';

/** What loggers share that keep a file open while they train. */
export abstract class FileLogger<File extends { close(): Promise<void> }> extends Callback {
  /** The file that is open. */
  protected file: File | undefined;
  /** Whether lines are added to a file that is there. */
  protected readonly append: boolean;

  /**
   * @param who For messages.
   * @param names Of the options.
   */
  constructor(
    who: string,
    protected readonly filename: string,
    options: { readonly append?: boolean },
    names: object,
  ) {
    super();
    knownOptions(who, options, names);
    if (typeof filename !== 'string' || filename === '') throw expected(who, 'the name of a file', filename);
    this.append = boolean(who, 'append', options.append ?? false);
  }

  override onTrainEnd(): Promise<void> {
    return this.#close();
  }

  /** @internal */
  override interrupted(): Promise<void> {
    return this.#close();
  }

  async #close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }
}
