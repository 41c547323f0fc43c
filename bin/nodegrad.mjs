#!/usr/bin/env node
// npx nodegrad board FOLDER [--port N]: shows the runs in a folder in a web page until Ctrl-C.
import console from 'node:console';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { summary } from '../dist/index.mjs';

const USAGE = `usage: nodegrad board FOLDER [--port N]

Shows the run in a folder, or those in the folders below it, in a web page on this machine until Ctrl-C.`;

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string', default: '0' }, help: { type: 'boolean', default: false } },
  });
  const [command, folder, ...others] = positionals;
  if (values.help) {
    console.log(USAGE);
  } else if (command !== 'board' || folder === undefined || others.length > 0) {
    console.error(USAGE);
    process.exitCode = 1;
  } else {
    const { url } = await summary.serveBoard(folder, { port: Number(values.port) });
    console.log(`Dashboard: ${url}`);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
