import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** At most what a request may send: an image in bytes and what is to be done with it. */
const MOST_BYTES = 1 << 20;

/** Why a request is refused. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The headers of every answer: the page loads nothing from elsewhere, and no other page may show, read or steer it. */
const HEADERS: OutgoingHttpHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** Answers a request. */
export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type }).end(body);
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  answer(response, status, 'application/json', JSON.stringify(value));
}

/** Begins an answer that goes on: server-sent events. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
  response.flushHeaders();
}

/**
 * The path of a request after the token.
 *
 * @throws Refused where the host is another one (a name that an attacker's DNS leads here), or the token is wrong or missing.
 */
export function pathOf(request: IncomingMessage, port: number, token: string): string {
  const { host, origin } = request.headers;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(host ?? '')) throw new Refused(421, 'another host');
  if (origin !== undefined && !hosts.some((one) => origin === `http://${one}`))
    throw new Refused(403, 'another origin');
  const [, given = '', ...rest] = (request.url ?? '').split('?')[0]!.split('/');
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  if (a.length !== b.length || !timingSafeEqual(a, b))
    throw new Refused(403, 'the address has another token');
  try {
    return rest.map(decodeURIComponent).join('/');
  } catch {
    throw new Refused(400, 'a path that cannot be read');
  }
}

/** What a POST request says in JSON. @throws Refused for what is none, and too much of it. */
export async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (request.headers['content-type'] !== 'application/json') throw new Refused(415, 'expected JSON');
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length <= MOST_BYTES) parts.push(part); // the rest is read, so that an answer can be sent
  }
  if (length > MOST_BYTES) throw new Refused(413, `expected at most ${MOST_BYTES} bytes`);
  try {
    const read: unknown = JSON.parse(Buffer.concat(parts).toString());
    if (typeof read === 'object' && read !== null && !Array.isArray(read))
      return read as Readonly<Record<string, unknown>>;
  } catch {
    // Told below.
  }
  throw new Refused(400, 'expected an object in JSON');
}
