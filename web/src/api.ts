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

/** So long is between two updates in which logs only grow: the page shares the machine with the training. */
const UPDATE_MS = 2000;

/** Hears of changes until the page ends: of states at once. A state that is the same stays the same object. */
export function listen(told: (news: Told) => void, lost: (isLost: boolean) => void): void {
  const events = new EventSource('./api/events');
  const states = new Map<string, { text: string; state: RunState | null }>();
  let news: Told | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = undefined;
    if (!news) return;
    told(news);
    news = undefined;
    timer = setTimeout(tell, UPDATE_MS);
  };
  events.onmessage = ({ data }: MessageEvent<string>) => {
    lost(false);
    const { live, runs } = JSON.parse(data) as Told;
    let isNew = false;
    const known = (name: string, state: RunState | null) => {
      const text = JSON.stringify(state);
      const before = states.get(name);
      if (before?.text === text) return before.state;
      isNew = true;
      states.set(name, { text, state });
      return state;
    };
    news = { live, runs: runs.map((run) => ({ ...run, state: known(run.name, run.state) })) };
    if (timer !== undefined && !isNew) return;
    clearTimeout(timer);
    tell();
  };
  events.onerror = () => lost(true);
}
