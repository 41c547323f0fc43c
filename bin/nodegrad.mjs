#!/usr/bin/env node
// npx nodegrad board FOLDER [--port N]: shows the runs in a folder in a web page until Ctrl-C.
// npx nodegrad doctor [--json]: tells which devices work here.
import console from 'node:console';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { summary } from '../dist/index.mjs';
import { doctor } from './doctor.mjs';

const USAGE = `usage: nodegrad board FOLDER [--port N]
       nodegrad doctor [--json]

board   shows the run in a folder, or those in the folders below it, in a web page on this machine until Ctrl-C
doctor  tells which devices work on this machine, and why the others do not`;

const OPTIONS = {
  board: { port: { type: 'string', default: '0' } },
  doctor: { json: { type: 'boolean', default: false } },
};

const commands = {
  async board([folder, ...others], { port }) {
    if (folder === undefined || others.length > 0) return misused();
    const { url } = await summary.serveBoard(folder, { port: Number(port) });
    console.log(`Dashboard: ${url}`);
  },
  doctor(others, options) {
    if (others.length > 0) return misused();
    doctor(options);
  },
};

function misused() {
  console.error(USAGE);
  process.exitCode = 1;
}

try {
  const [command, ...rest] = process.argv.slice(2);
  if (command === '--help') {
    console.log(USAGE);
  } else if (!Object.hasOwn(commands, command ?? '')) {
    misused();
  } else {
    const options = { ...OPTIONS[command], help: { type: 'boolean', default: false } };
    const { positionals, values } = parseArgs({ args: rest, allowPositionals: true, options });
    if (values.help) console.log(USAGE);
    else await commands[command](positionals, values);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
