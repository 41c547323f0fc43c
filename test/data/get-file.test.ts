import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tarMembers } from '../../lib/base/tar.js';
import { zipParts } from '../../lib/base/zip.js';
import { type GetFileOptions, getFile } from '../../lib/utils/getFile.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

/** A member of a tar archive in ustar's form. */
function member(name: string, content: Uint8Array, kind = '0', link = ''): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(kind, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding]);
}
const tarOf = (...members: Uint8Array[]) => Buffer.concat([...members, Buffer.alloc(1024)]);
const zipOf = (name: string, text: string) =>
  Buffer.concat(zipParts('test', 'test.zip', [{ name, bytes: bytes(text), isDeflated: true }]));

let folder: string;
let server: Server;
let origin: string;
let files: Map<string, Uint8Array>;
let asked: number;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nodegrad-get-file-'));
  files = new Map();
  asked = 0;
  server = createServer((request, response) => {
    asked++;
    const found = files.get(request.url ?? '');
    response.writeHead(found ? 200 : 404);
    response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const get = (name: string, options: Partial<GetFileOptions> = {}) =>
  getFile({ origin: `${origin}/${name}`, cacheDir: folder, ...options });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('getFile', () => {
  it('downloads once, and anew where that is asked for or the checksum is another', async () => {
    files.set('/a.txt', bytes('one'));
    const place = await get('a.txt');
    expect(place).toBe(path.join(folder, 'datasets', 'a.txt'));
    expect(await readFile(place, 'utf8')).toBe('one');
    files.set('/a.txt', bytes('two'));
    expect(await readFile(await get('a.txt'), 'utf8')).toBe('one');
    expect(asked).toBe(1);
    const fileHash = sha256(bytes('two'));
    expect(await readFile(await get('a.txt', { fileHash }), 'utf8')).toBe('two');
    await get('a.txt', { fileHash: fileHash.toUpperCase(), hashAlgorithm: 'sha256' });
    expect(asked).toBe(2);
    await get('a.txt', { forceDownload: true });
    expect(asked).toBe(3);
    const named = await get('a.txt', { fname: 'b.txt', cacheSubdir: 'other' });
    expect(named).toBe(path.join(folder, 'other', 'b.txt'));
  });

  it('refuses another checksum, of both algorithms, and leaves nothing', async () => {
    files.set('/a.txt', bytes('one'));
    for (const options of [
      { fileHash: sha256(bytes('two')) },
      { md5Hash: '0'.repeat(32) },
      { fileHash: '0'.repeat(32), hashAlgorithm: 'auto' as const },
    ])
      expect(await failure(get('a.txt', options))).toMatchObject({ code: 'IO' });
    expect(await failure(get('none.txt'))).toMatchObject({ code: 'IO' });
    expect(await readdir(path.join(folder, 'datasets'))).toEqual([]);
    const md5Hash = createHash('md5').update('one').digest('hex');
    expect(await readFile(await get('a.txt', { md5Hash }), 'utf8')).toBe('one');
  });

  it('unpacks archives, into the folders that Keras has', async () => {
    const long = `deep/${'x'.repeat(120)}.txt`;
    const record = ` path=${long}\n`;
    const pax = bytes(`${record.length + 3}${record}`);
    const tar = tarOf(
      member('set/', bytes(''), '5'),
      member('set/a.txt', bytes('a')),
      member('./PaxHeader', pax, 'x'),
      member('short', bytes('pax')),
      member('././@LongLink', bytes(`gnu/${long}\0`), 'L'),
      member('short', bytes('gnu')),
      member('set/link', bytes(''), '2', '/etc/passwd'),
    );
    files.set('/set.tar.gz', gzipSync(tar));
    files.set('/set.zip', zipOf('b/c.txt', 'c'));
    const place = await get('set.tar.gz', { fname: 'set.tar.gz', extract: true });
    expect(place).toBe(path.join(folder, 'datasets', 'set_extracted'));
    expect(await readFile(path.join(place, 'set', 'a.txt'), 'utf8')).toBe('a');
    expect(await readdir(path.join(place, 'set'))).toEqual(['a.txt']);
    expect(await readFile(path.join(place, long), 'utf8')).toBe('pax');
    expect(await readFile(path.join(place, 'gnu', long), 'utf8')).toBe('gnu');
    const zip = await get('set.zip', { fname: 'zipped', extract: true, archiveFormat: 'zip' });
    expect(zip).toBe(path.join(folder, 'datasets', 'zipped'));
    expect(await readFile(path.join(zip, 'b', 'c.txt'), 'utf8')).toBe('c');
    expect(await get('set.tar.gz', { untar: true, cacheSubdir: 'x' })).toBe(
      path.join(folder, 'x', 'set.tar.gz'),
    );
  });

  it.each(['../out.txt', '/out.txt', 'a/../../out.txt', 'C:\\out.txt', 'a\\..\\out.txt'])(
    'refuses the path %s in an archive, and unpacks nothing of it',
    async (name) => {
      files.set('/bad.tar', tarOf(member('good.txt', bytes('x')), member(name, bytes('x'))));
      files.set('/bad.zip', zipOf(name, 'x'));
      for (const file of ['bad.tar', 'bad.zip'])
        expect(await failure(get(file, { extract: true }))).toMatchObject({
          code: 'IO',
          message: expect.stringContaining('paths within the archive') as string,
        });
      expect((await readdir(path.join(folder, 'datasets'))).sort()).toEqual([
        'bad.tar_archive',
        'bad.zip_archive',
      ]);
    },
  );

  it('refuses what is no archive, of another kind, damaged, or packs too much', async () => {
    files.set('/text.tar', bytes('text'));
    files.set('/set.zip', zipOf('a', 'a'));
    files.set('/cut.tgz', gzipSync(tarOf(member('a', bytes('a')))).subarray(0, 40));
    files.set('/bomb.tgz', gzipSync(Buffer.alloc(64 << 20)));
    for (const [file, options] of [
      ['text.tar', {}],
      ['set.zip', { untar: true }],
      ['text.tar', { archiveFormat: 'zip' as const }],
      ['cut.tgz', {}],
      ['bomb.tgz', {}],
    ] as const)
      expect([file, await failure(get(file, { extract: true, ...options }))]).toMatchObject([
        file,
        { code: 'IO' },
      ]);
  });

  it('refuses wrong options', async () => {
    for (const options of [
      { origin: 'file:///etc/passwd' },
      { origin: '' },
      { origin: `${origin}/` },
      { fname: '../a' },
      { fname: 5 as never },
      { fileHash: 'abc' },
      { fileHash: '0'.repeat(32), hashAlgorithm: 'sha256' as const },
      { hashAlgorithm: 'sha1' as never },
      { archiveFormat: 'rar' as never },
      { cacheDir: 5 as never },
      { extract: 'yes' as never },
      { signal: 5 as never },
    ])
      expect([options, await failure(get('a.txt', options))]).toMatchObject([{}, { code: 'ARGUMENT' }]);
  });

  it('ends where the signal says so', async () => {
    files.set('/a.txt', bytes('a'));
    expect(await failure(get('a.txt', { signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' });
  });
});

describe('tarMembers', () => {
  it('takes the long path for the next member alone', async () => {
    const tar = tarOf(
      member('L', bytes('long.txt\0'), 'L'),
      member('a', bytes('1')),
      member('b', bytes('2')),
    );
    await writeFile(path.join(folder, 'x.tar'), tar);
    expect([...tarMembers('test', 'x.tar', tar).keys()]).toEqual(['long.txt', 'b']);
  });
});
