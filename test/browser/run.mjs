// npm run test:browser: the pages in a real browser: they train, are steered, read a digit that is drawn, show runs later, fit a phone, and
// pass axe. Screenshots go to out/browser. Waits are for what is shown, however long a busy machine takes for it.
import { spawn } from 'node:child_process';
import console from 'node:console';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const pictures = join(root, 'out/browser');
const WAIT = 120_000;

const executablePath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));
const missing = [
  executablePath ? '' : 'Chromium was not found: apt-get install chromium, or give its path in CHROMIUM.',
  existsSync(join(root, 'dist/board/index.html')) ? '' : 'The page is not built: npm run build:web.',
  existsSync(join(root, 'dist/index.mjs')) ? '' : 'The package is not built: npm run build:ts.',
].filter(Boolean);
if (missing.length > 0) {
  console.error(`${missing.join('\n')}\nbrowser: 0 passed, 1 failed`);
  process.exit(1);
}

let [passed, failed] = [0, 0];
async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok     ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}
function assert(condition, message) {
  if (!condition) throw new Error(message);
}

mkdirSync(pictures, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'nodegrad-browser-'));

/** Starts a program; resolves to the address that it prints, and what ends it. */
async function serve(...args) {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
  });
  let said = '';
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    child.stderr.on('data', (part) => (said += part));
    child.stdout.on('data', (part) => {
      const found = /Dashboard: (\S+)/.exec((said += part));
      if (found) resolve(found[1]);
    });
    void ended.then(() => reject(new Error(`${args.at(-1)} has ended:\n${said}`)));
  });
  const end = async () => {
    child.kill();
    await ended;
  };
  return { url, end };
}

const demo = await serve(
  ...['--import', import.meta.resolve('tsx'), join(root, 'examples/mnist-demo.ts')],
  ...['--epochs', '1000', '--samples', '6000'],
);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
page.setDefaultTimeout(WAIT);
await page.addInitScript({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
const wrong = [];
page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
page.on('pageerror', (error) => wrong.push(error.message));
page.on('request', (request) => {
  if (!request.url().startsWith('http://127.0.0.1:')) wrong.push(`asks for ${request.url()}`);
});

async function checkAxe(what) {
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  );
  assert(told.length === 0, `axe, ${what}:\n${told.join('\n')}`);
}
const picture = (name) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
const state = (is) => page.getByTestId('state').getByText(is, { exact: true }).waitFor();
const pad = page.getByRole('application');
const button = (name) => page.getByRole('button', { name });
/** The net may take it for another digit until it has learnt more. */
const isReadAs = (digit) => page.getByTestId('prediction').getByText(digit, { exact: true }).waitFor();

/** Draws a 1: a line from top to bottom. */
async function drawOne() {
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  const at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(0.52, 0.15));
  await page.mouse.down();
  await page.mouse.move(...at(0.48, 0.85), { steps: 12 });
  await page.mouse.up();
}
/** The step that the page has last heard of. */
const lastStep = () =>
  page.evaluate(() => Number(globalThis.document.querySelector('[data-step]').getAttribute('data-step')));

await check('the page trains, with curves that grow', async () => {
  await page.goto(demo.url);
  await state('running');
  // After the first epoch there is all to see.
  await page.getByText(/Predictions after epoch/).waitFor();
  const titles = await page.locator('.chart h2').allTextContents();
  for (const title of ['loss', 'accuracy', 'learning rate', 'milliseconds a step'])
    assert(titles.includes(title), `a chart of ${title} among ${titles.join(', ')}`);
  await picture('training');
});
await check('a digit that is drawn is read while training goes on, and Clear takes it away', async () => {
  await drawOne();
  await page.getByText('Your drawing').waitFor();
  const before = await lastStep();
  await isReadAs('1');
  await picture('drawing');
  await page.waitForFunction(
    (step) => Number(globalThis.document.querySelector('[data-step]').getAttribute('data-step')) > step + 5,
    before,
  );
  await button('Clear').click();
  await page.getByText('Nothing is drawn').waitFor();
});
await check('a digit can be drawn with keys alone', async () => {
  await pad.focus();
  await page.keyboard.press('Space');
  for (let n = 0; n < 10; n++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await page.getByText('Your drawing').waitFor();
  await isReadAs('1');
  await button('Clear').click();
});
await check('a sample shows its layers', async () => {
  await page.locator('.samples button').nth(1).click();
  const index = await page.locator('.samples button[aria-pressed=true]').getAttribute('data-index');
  await page.getByText(`Sample ${index}:`).waitFor();
  const names = await page.locator('.layers').first().locator('strong').allTextContents();
  const kinds = 'Rescaling,Conv2D,MaxPooling2D,Conv2D,MaxPooling2D,Flatten,Dense';
  assert(names.join() === kinds, `${kinds} and not ${names.join()}`);
});
await check('training is paused, goes on with another learning rate', async () => {
  await button('Pause').click();
  await state('paused');
  const before = await lastStep();
  await page.getByLabel('Learning rate').fill('0.0005');
  await button('Set').click();
  await drawOne();
  await isReadAs('1');
  assert((await lastStep()) === before, 'no step is made meanwhile');
  await button('Clear').click();
  await button('Go on').click();
  await state('running');
  await page.locator('.chart', { hasText: 'learning rate' }).getByText('0.0005').waitFor();
});
await check('axe finds nothing', () => checkAxe('light'));
await check('it is readable in the dark', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await checkAxe('dark');
  await picture('dark');
  await page.emulateMedia({ colorScheme: 'light' });
});
await check('it fits a phone', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const width = await page.evaluate(() => globalThis.document.documentElement.scrollWidth);
  assert(width <= 390, `the page is ${width} wide`);
  await picture('phone');
  await page.setViewportSize({ width: 1200, height: 900 });
});
await check('it stops, and the net still reads what is drawn', async () => {
  await button('Stop').click();
  await state('stopped');
  await drawOne();
  await isReadAs('1');
});
await demo.end();
await check('the page says that the process has ended', () => page.getByRole('alert').waitFor());
await check('curves stay whole when colours change', async () => {
  const curve = () =>
    page
      .locator('.chart canvas')
      .first()
      .evaluate((canvas) => canvas.toDataURL());
  const isDrawn = (text, same) =>
    page.waitForFunction(
      ([wanted, isSame]) =>
        (globalThis.document.querySelector('.chart canvas').toDataURL() === wanted) === isSame,
      [text, same],
    );
  const light = await curve();
  await page.emulateMedia({ colorScheme: 'dark' });
  await isDrawn(light, false);
  await page.emulateMedia({ colorScheme: 'light' });
  await isDrawn(light, true);
});
const errors = wrong.filter((text) => !text.includes('ERR_')); // of the connection that has ended
await check('the page asks nobody else and has no errors', () =>
  assert(errors.length === 0, errors.join('\n')),
);

await check('nodegrad board compares runs later', async () => {
  mkdirSync(join(folder, 'runs'));
  const board = await serve(join(root, 'bin/nodegrad.mjs'), 'board', 'runs');
  try {
    await page.goto(board.url);
    await page.getByText('There is no run here yet.').waitFor();
    for (const name of ['first', 'second'])
      cpSync(join(folder, 'out/mnist-demo/run'), join(folder, 'runs', name), { recursive: true });
    const loss = page
      .locator('.chart')
      .filter({ has: page.getByRole('heading', { name: 'loss', exact: true }) });
    await loss.getByText('second, validation').waitFor();
    await page.getByText(/Predictions after epoch/).waitFor();
    await checkAxe('runs');
    await picture('runs');
    await page.getByRole('checkbox', { name: 'first' }).uncheck();
    await loss.getByText('first, validation').waitFor({ state: 'detached' });
  } finally {
    await board.end();
  }
});

await browser.close();
rmSync(folder, { recursive: true, force: true });
console.log(`browser: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
