// What the server of lib/board sends, and how it is asked.
import type { Look, Looks } from '../../lib/board/inspector.js';
import type { RunState, RunSummary } from '../../lib/board/runs.js';
import type { GrayImages } from '../../lib/board/shown.js';

export type { GrayImages, Look, Looks, RunState, RunSummary };

/** What the server tells of all runs. */
export interface Told {
  /** The run that goes on in the server's process: it can be steered. */
  readonly live: string | null;
  readonly runs: readonly RunSummary[];
}

/** What each layer makes of an image, which is there, too. */
export interface LookAnswer extends Look {
  readonly bytes: string;
  readonly truth: number | null;
}

async function answered(response: Response): Promise<unknown> {
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  throw new Error((answer as { error: string }).error);
}

const get = async (path: string) => answered(await fetch(`./api/${path}`));

async function post(path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  return answered(await fetch(`./api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
}

/** The lines of a log from a byte on. */
export const logOf = (run: string, from: number) =>
  get(`log/${encodeURIComponent(run)}?from=${from}`) as Promise<{ text: string; next: number }>;

/** What was last seen of a run's layers. */
export const looksOf = (run: string) => get(`looks/${encodeURIComponent(run)}`) as Promise<Looks | null>;

/** What is looked at: a sample, or the bytes of an image in base64. */
export type Asked = { readonly index: number } | { readonly pixels: string };

/** What layers make of it. */
export const look = (what: Asked) => post('look', what) as Promise<LookAnswer>;

/** Steers the run. */
export const control = (action: 'pause' | 'resume' | 'stop' | 'learningRate', value?: number) =>
  post('control', { action, value });

/** Hears of changes until the page ends. */
export function listen(told: (news: Told) => void, lost: (isLost: boolean) => void): void {
  const events = new EventSource('./api/events');
  events.onmessage = ({ data }: MessageEvent<string>) => {
    lost(false);
    told(JSON.parse(data) as Told);
  };
  events.onerror = () => lost(true);
}
