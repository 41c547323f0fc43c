// npx nodegrad doctor [--json]: which devices work on this machine, and why the others do not.
import console from 'node:console';
import { devices } from '../dist/index.mjs';

const STATES = { works: 'works', fails: 'fails', unchecked: '-' };

/** The devices in words: a line each, and one for each check. */
function tableOf(states) {
  const rows = states.flatMap(({ name, works, reason, description, architecture, bfloat16, checks }) => [
    [
      name,
      works ? 'works' : 'fails',
      works ? [description, architecture, bfloat16 ? 'bfloat16' : ''].filter(Boolean).join(', ') : reason,
    ],
    ...checks.map((check) => [`  ${check.name}`, STATES[check.state], check.text]),
  ]);
  const width = (column) => Math.max(...rows.map((row) => row[column].length));
  const [first, second] = [width(0), width(1)];
  return rows
    .map(([name, state, text]) => `${name.padEnd(first)}  ${state.padEnd(second)}  ${text}`)
    .join('\n');
}

export function doctor({ json }) {
  const states = devices();
  console.log(json ? JSON.stringify(states, null, 2) : tableOf(states));
}
