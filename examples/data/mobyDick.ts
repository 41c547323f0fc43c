import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetched } from './fetched.js';

/** Herman Melville, Moby-Dick; or, The Whale (1851), 135 chapters and an epilogue, 1.2 million characters, from a package of npm. */
export const loadMobyDick = (): Promise<string> => readFile(join(fetched('moby-dick'), 'data.txt'), 'utf8');
