// What the dashboard's server sends, as its page reads it.
import type { Look } from '../../lib/board/inspector.js';
import type { RunSummary } from '../../lib/board/runs.js';

export type { Looks } from '../../lib/board/inspector.js';
export type { RunState } from '../../lib/board/runs.js';

export interface Told {
  readonly live: string | null;
  readonly runs: readonly RunSummary[];
}

export interface LookAnswer extends Look {
  readonly bytes: string;
  readonly truth: number | null;
}
