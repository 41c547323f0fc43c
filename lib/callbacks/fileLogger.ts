import { boolean, expected, knownOptions } from '../base/checks.js';
import { Callback } from './callback.js';

/** A file that is open. */
interface OpenFile {
  close(): Promise<void>;
}

/** What loggers share that keep a file open while they train. */
export abstract class FileLogger extends Callback {
  #file: OpenFile | undefined;
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

  /** Whether there is a file that {@link keepOpen} was told of, and training goes on. */
  protected get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Closes a file at the end of training. Gives the file. */
  protected keepOpen<File extends OpenFile>(file: File): File {
    this.#file = file;
    return file;
  }

  override onTrainEnd(): Promise<void> {
    return this.#close();
  }

  /** @internal */
  override interrupted(): Promise<void> {
    return this.#close();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
