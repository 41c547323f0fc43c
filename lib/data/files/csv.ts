import { Buffer } from 'node:buffer';
import { expected } from '../../base/checks.js';
import { fileError } from '../../base/wholeFile.js';
import { EngineError } from '../../base/errors.js';
import { itemAt } from '../../base/list.js';
import { NDArray } from '../../core/ndarray.js';
import { type CsvBlock, type CsvSpec, type CsvText, engine } from '../../engine/engine.js';
import { openFile, readInto, textStart } from './open.js';
import { type TableForm, columnsRead, elementsOf } from './table.js';

const WHO = 'Dataset.csv';
/** How many bytes are parsed at once. */
const PIECE = 4 << 20;
/** How many pieces are parsed at the same time. */
const AT_ONCE = 4;
/** The longest record that there may be. */
const LONGEST = 64 << 20;
/** How many records decide the types of columns. */
const SAMPLE = 100;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?(inf|infinity|nan)$/i;
const BOOL = /^(true|false)$/i;

/** The type of a column. */
export type CsvType = 'float32' | 'int32' | 'bool' | 'string';

/** What is read of files, with all defaults. */
export interface CsvPlan {
  readonly files: readonly string[];
  readonly separator: string;
  readonly quote: string;
  /** Whether the first record of each file has the names. */
  readonly header: boolean;
  /** Names in place of those of the header. */
  readonly columnNames: readonly string[] | undefined;
  readonly form: TableForm;
  readonly types: Readonly<Record<string, CsvType>>;
  readonly missing: readonly string[];
  readonly fill: number | Readonly<Record<string, number>> | undefined;
}

/** The columns of files. */
interface Layout {
  readonly names: readonly string[];
  readonly kinds: CsvSpec['kinds'];
  readonly fills: CsvSpec['fills'];
  /** The features' places in rows that are read as such; null for all where they are read as columns. */
  readonly places: CsvSpec['places'];
  /** Which columns are features, by their places. */
  readonly features: readonly number[];
  readonly label: number | undefined;
}

/** Reads CSV files, one after the other, in blocks of rows. */
export class CsvReader {
  readonly #plan: CsvPlan;
  #layout: Promise<Layout> | undefined;

  constructor(plan: CsvPlan) {
    this.#plan = plan;
  }

  /** Features, or [features, label], of some rows each. */
  async *blocks(): AsyncGenerator<unknown, void, undefined> {
    const { files } = this.#plan;
    this.#layout ??= this.#readLayout(itemAt(files, 0));
    // An attempt that failed is made anew: the file may be there then.
    this.#layout.catch(() => (this.#layout = undefined));
    const layout = await this.#layout;
    for (const file of files) yield* this.#fileBlocks(file, layout);
  }

  async *#fileBlocks(file: string, layout: Layout): AsyncGenerator<unknown, void, undefined> {
    const pending: Promise<CsvBlock>[] = [];
    let row = 0;
    const structured = async () => {
      const block = await (pending.shift() as Promise<CsvBlock>);
      if (block.error) throw this.#wrong(file, row + block.error.row, block.error, layout);
      row += block.rows;
      return this.#structure(file, block, layout);
    };
    for await (const { block } of this.#pieces(file, layout)) {
      // Whoever waits for it comes later.
      block.catch(() => undefined);
      if (pending.push(block) === AT_ONCE) yield await structured();
    }
    while (pending.length > 0) yield await structured();
  }

  /** Parsed pieces of a file, each of whole records. */
  async *#pieces(
    file: string,
    { kinds, fills, places, names }: Layout,
  ): AsyncGenerator<{ block: Promise<CsvBlock> }, void, undefined> {
    const { separator, quote, missing, header } = this.#plan;
    const parse = (bytes: Uint8Array, last: boolean) =>
      engine().parseCsv(bytes, { separator, quote, missing, kinds, fills, places, last });
    const handle = await openFile(WHO, file);
    try {
      // Pieces that are parsed give their memory to later ones.
      const spare: Uint8Array[] = [];
      let carried: Uint8Array = new Uint8Array(0);
      let isFirst = true;
      for (let last = false; !last;) {
        const size = carried.length + PIECE;
        // Without zeros, which the file's bytes would replace; a record that goes on leaves room for its rest.
        const taken = spare.pop();
        const memory = taken && taken.length >= size ? taken : Buffer.allocUnsafeSlow(size + (PIECE >> 4));
        memory.set(carried);
        const bytes = memory.subarray(0, size);
        const read = await readInto(WHO, file, handle, bytes, carried.length);
        last = read < PIECE;
        let piece = bytes.subarray(0, carried.length + read);
        if (isFirst)
          piece = piece.subarray(textStart(piece) + (header ? this.#header(file, piece, last, names) : 0));
        isFirst = false;
        const view = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
        if (!last && view.indexOf(quote) < 0) {
          // Without quotes every line break ends a record: the next piece need not wait for this one.
          const cut = view.lastIndexOf(10) + 1;
          carried = piece.subarray(cut);
          if (cut > 0) {
            const block = parse(piece.subarray(0, cut), true);
            yield { block: block.finally(() => spare.push(memory)) };
          }
        } else {
          const block = await parse(piece, last);
          carried = piece.subarray(block.consumed);
          yield { block: Promise.resolve(block) };
          if (block.error) return;
        }
        if (carried.length > LONGEST)
          throw fileError(WHO, file, `records of ${LONGEST} bytes at most`, 'a longer one');
      }
    } finally {
      await handle.close();
    }
  }

  /** The first record of bytes that begin with one. */
  #record(file: string, bytes: Uint8Array, last: boolean) {
    const start = textStart(bytes);
    const { separator, quote } = this.#plan;
    const record = engine().csvRecord(bytes.subarray(start), { separator, quote }, last);
    if (record?.error) throw this.#wrong(file, 0, record.error);
    if (!record) throw fileError(WHO, file, 'a record', last ? 'none' : 'one that is too long');
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, record.consumed);
    // Between quotes it is a part of the value.
    if (!text.includes(quote)) {
      const column = record.fields.findIndex((field) => field.includes('\r'));
      if (column >= 0)
        throw this.#wrong(file, 0, { column, what: 'lines that end with LF or CR LF, received CR alone' });
    }
    return { fields: record.fields, consumed: record.consumed };
  }

  /** The length of a file's header, which has the names of the first file, where they count. */
  #header(file: string, bytes: Uint8Array, last: boolean, names: readonly string[]): number {
    const { fields, consumed } = this.#record(file, bytes, last);
    const isSame = this.#plan.columnNames !== undefined || fields.join('\0') === names.join('\0');
    if (isSame && fields.length === names.length) return consumed;
    throw fileError(
      WHO,
      file,
      `a header with the columns of the first file (${names.join(', ')})`,
      fields.join(', '),
    );
  }

  async #readLayout(file: string): Promise<Layout> {
    const bytes = new Uint8Array(PIECE);
    const handle = await openFile(WHO, file);
    let read: number;
    try {
      read = await readInto(WHO, file, handle, bytes);
    } finally {
      await handle.close();
    }
    const last = read < PIECE;
    const { separator, quote, header, columnNames } = this.#plan;
    const first = this.#record(file, bytes.subarray(0, read), last);
    const names = columnNames ?? (header ? first.fields : first.fields.map((_, i) => String(i)));
    if (names.length !== first.fields.length)
      throw fileError(WHO, file, `${names.length} columns (${names.join(', ')})`, `${first.fields.length}`);
    const sample: (readonly string[])[] = header ? [] : [first.fields];
    let at = textStart(bytes) + first.consumed;
    while (sample.length < SAMPLE) {
      const record = engine().csvRecord(bytes.subarray(at, read), { separator, quote }, last);
      if (!record || record.error) break;
      sample.push(record.fields);
      at += record.consumed;
    }
    return this.#layoutOf(file, names, sample);
  }

  #layoutOf(file: string, names: readonly string[], sample: readonly (readonly string[])[]): Layout {
    const { form, types, fill, missing } = this.#plan;
    const { label } = form;
    const columns = new Map(names.map((name, i) => [name, i]));
    const twice = names.find((name, i) => columns.get(name) !== i);
    if (twice !== undefined)
      throw fileError(WHO, file, 'a name for each column', `'${twice}' twice: give columnNames`);
    const { features } = columnsRead(WHO, file, names, form);
    const fills = typeof fill === 'object' ? fill : {};
    columnsRead(WHO, file, names, { ...form, columns: [...Object.keys(types), ...Object.keys(fills)] });
    const placeOf = (name: string) => columns.get(name)!;
    const chosen = features.map(placeOf);
    const labelPlace = label === undefined ? undefined : placeOf(label);
    const read = new Set(labelPlace === undefined ? chosen : [...chosen, labelPlace]);
    const kinds = names.map((name, i) =>
      !read.has(i)
        ? 'skip'
        : (types[name] ??
          typeOf(
            sample.map((fields) => fields[i] ?? ''),
            missing,
          )),
    );
    const isMatrix =
      form.features === 'array' &&
      chosen.every((place) => kinds[place] === 'float32' && place !== labelPlace) &&
      new Set(chosen).size === chosen.length;
    const inRow = new Map(isMatrix ? chosen.map((place, i) => [place, i]) : []);
    return {
      names,
      kinds,
      places: names.map((_, i) => inRow.get(i) ?? null),
      fills: names.map(
        (name, i) => fills[name] ?? (typeof fill === 'number' ? fill : kinds[i] === 'float32' ? NaN : null),
      ),
      features: chosen,
      label: labelPlace,
    };
  }

  #structure(
    file: string,
    { rows, columns, matrix }: CsvBlock,
    { names, kinds, features, label }: Layout,
  ): unknown {
    const column = (place: number) => {
      const values = itemAt(columns, place);
      if (values === null) throw expected(WHO, 'a column that is read', place, 'INTERNAL');
      if ('ends' in values) return textsOf(values);
      return new NDArray(values, [rows], kinds[place] === 'bool' ? 'bool' : undefined);
    };
    const target = label === undefined ? undefined : column(label);
    if (matrix) {
      const x = new NDArray(matrix, [rows, features.length]);
      return target === undefined ? x : [x, target];
    }
    const record = Object.fromEntries(features.map((place) => [itemAt(names, place), column(place)]));
    return elementsOf(WHO, file, record, target, this.#plan.form.features);
  }

  #wrong(file: string, row: number, error: { column: number; what: string }, layout?: Layout): EngineError {
    const name = layout?.names[error.column];
    const column = name === undefined ? String(error.column + 1) : `'${name}'`;
    return new EngineError(
      'IO',
      `[${WHO}] ${file}, row ${row + 1}, column ${column}: expected ${error.what}`,
    );
  }
}

/** The type of a column by some of its values. */
function typeOf(values: readonly string[], missing: readonly string[]): CsvType {
  const given = values.map((value) => value.trim()).filter((value) => !missing.includes(value));
  if (given.length > 0 && given.every((value) => BOOL.test(value))) return 'bool';
  return given.every((value) => NUMBER.test(value)) ? 'float32' : 'string';
}

function textsOf({ bytes, ends }: CsvText): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let from = 0;
  return Array.from(ends, (end) => {
    const value = text.toString('utf8', from, end >>> 0);
    from = end >>> 0;
    return value;
  });
}
