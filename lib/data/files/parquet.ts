import { loadPeer } from '../../base/peer.js';
import { fileError } from '../../base/wholeFile.js';
import { readError } from './open.js';
import { type Column, type TableForm, columnOf, columnsRead, elementsOf } from './table.js';

const WHO = 'Dataset.parquet';

/** Of hyparquet what is used here. */
interface Hyparquet {
  asyncBufferFromFile(path: string): Promise<{ readonly byteLength: number }>;
  parquetMetadataAsync(file: unknown): Promise<Metadata>;
  parquetSchema(metadata: Metadata): {
    readonly children: readonly { readonly element: { readonly name: string } }[];
  };
  parquetRead(options: object): Promise<void>;
}

interface Metadata {
  readonly num_rows: bigint;
  readonly row_groups: readonly {
    readonly num_rows: bigint;
    readonly columns: readonly { readonly meta_data?: { readonly codec: string } }[];
  }[];
}

interface Chunk {
  readonly columnName: string;
  readonly columnData: ArrayLike<unknown>;
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** What the marks at both ends and the length of the metadata take. */
const LEAST = 12;

/** Codecs that hyparquet has itself. */
const BUILT_IN = new Set(['UNCOMPRESSED', 'SNAPPY']);

/** Reads Parquet files, one after the other, a row group at a time. */
export class ParquetReader {
  readonly #files: readonly string[];
  readonly #form: TableForm;
  /** Rows of each file, as far as they were opened. */
  readonly #rows = new Map<string, number>();

  constructor(files: readonly string[], form: TableForm) {
    this.#files = files;
    this.#form = form;
  }

  /** How many rows there are; undefined until all files were opened once. */
  rows(): number | undefined {
    const rows = this.#files.map((file) => this.#rows.get(file));
    return rows.includes(undefined) ? undefined : (rows as number[]).reduce((sum, n) => sum + n, 0);
  }

  async *blocks(fromRow: number): AsyncGenerator<unknown, void, undefined> {
    const library = (await loadPeer(WHO, 'hyparquet')) as Hyparquet;
    let left = fromRow;
    for (const file of this.#files) {
      const known = this.#rows.get(file);
      if (known !== undefined && left >= known) {
        left -= known;
        continue;
      }
      try {
        const buffer = await library.asyncBufferFromFile(file);
        const { byteLength } = buffer;
        if (byteLength < LEAST) {
          const received = byteLength === 0 ? 'an empty file' : `${byteLength} bytes`;
          throw fileError(WHO, file, `a Parquet file of ${LEAST} bytes or more`, received);
        }
        const metadata = await library.parquetMetadataAsync(buffer);
        this.#rows.set(file, Number(metadata.num_rows));
        const names = library.parquetSchema(metadata).children.map(({ element }) => element.name);
        const compressors = await compressorsOf(metadata);
        const { features, all } = columnsRead(WHO, file, names, this.#form);
        let rowStart = 0;
        for (const group of metadata.row_groups) {
          const rowEnd = rowStart + Number(group.num_rows);
          const begin = Math.min(rowEnd, rowStart + left);
          left -= begin - rowStart;
          rowStart = rowEnd;
          if (begin === rowEnd) continue;
          const chunks: Chunk[] = [];
          const onChunk = (chunk: Chunk) => void chunks.push(chunk);
          const rows = { rowStart: begin, rowEnd };
          // One column a call: where several fail, the library leaves all but one rejection to nobody, which ends the process.
          for (const name of all)
            await library.parquetRead({
              file: buffer,
              metadata,
              columns: [name],
              ...rows,
              compressors,
              onChunk,
            });
          const column = (name: string) => joinedColumn(file, name, chunks, begin, rowEnd);
          const { label, features: form } = this.#form;
          const record = Object.fromEntries(features.map((name) => [name, column(name)]));
          yield elementsOf(WHO, file, record, label === undefined ? undefined : column(label), form);
        }
      } catch (cause) {
        throw readError(WHO, file, cause);
      }
    }
  }
}

async function compressorsOf(metadata: Metadata): Promise<unknown> {
  const codecs = metadata.row_groups.flatMap(({ columns }) =>
    columns.map(({ meta_data: data }) => data?.codec ?? ''),
  );
  if (codecs.every((codec) => BUILT_IN.has(codec))) return undefined;
  return ((await loadPeer(WHO, 'hyparquet-compressors')) as { compressors: unknown }).compressors;
}

/** The rows of a column from one number up to another, of the chunks that hold them. */
function joinedColumn(
  file: string,
  name: string,
  chunks: readonly Chunk[],
  from: number,
  to: number,
): Column {
  const place = `${file}, column '${name}'`;
  const own = chunks.filter(({ columnName }) => columnName === name);
  const parts = own.map(({ columnData, rowStart, rowEnd }) => {
    const data = columnData as unknown[];
    return data.slice(Math.max(0, from - rowStart), Math.min(rowEnd, to) - rowStart);
  });
  const [first] = parts;
  if (first === undefined) throw fileError(WHO, place, 'values', 'none');
  // A typed array stays one: chunks of a column are of one kind where no value is missing.
  if (parts.length === 1) return columnOf(WHO, place, first);
  return columnOf(
    WHO,
    place,
    parts.flatMap((part) => Array.from(part)),
  );
}
