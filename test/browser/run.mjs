// npm run test:browser: the pages in a real browser: they train, are steered, read a digit that is drawn, fit a phone, and pass axe.
// Screenshots go to out/browser. Needs Chromium: apt-get install chromium, or its path in CHROMIUM.
import { execFileSync, spawn } from 'node:child_process';
import console from 'node:console';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const pictures = join(root, 'out/browser');
const WAIT = 120_000;

const installed = () =>
  [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path && existsSync(path),
  );
if (!installed() && process.env.CI)
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { stdio: 'inherit' });
const executablePath = installed();
if (!executablePath) {
  console.error('Chromium was not found: apt-get install chromium, or give its path in CHROMIUM.');
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
const tsx = import.meta.resolve('tsx');
const demo = spawn(
  process.execPath,
  ['--import', tsx, join(root, 'examples/mnist-demo.ts'), '--epochs', '1000', '--samples', '6000'],
  { cwd: folder, env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') } },
);
let said = '';
demo.stderr.on('data', (part) => (said += part));
const url = await new Promise((resolve, reject) => {
  demo.stdout.on('data', (part) => {
    said += part;
    const found = /Dashboard: (\S+)/.exec(said);
    if (found) resolve(found[1]);
  });
  demo.on('exit', () => reject(new Error(`the demo has ended:\n${said}`)));
});

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
page.setDefaultTimeout(WAIT);
await page.addInitScript({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
const wrong = [];
page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
page.on('pageerror', (error) => wrong.push(error.message));
page.on('request', (request) => {
  if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
    wrong.push(`asks for ${request.url()}`);
});

async function checkAxe(what) {
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  );
  assert(told.length === 0, `axe, ${what}:\n${told.join('\n')}`);
}
const picture = (name) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
const predicted = () => page.getByTestId('prediction').first().textContent();

/** Draws a 1: a line from top to bottom. */
async function drawOne() {
  const pad = page.getByRole('application');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  const at = (x, y) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(0.52, 0.15));
  await page.mouse.down();
  await page.mouse.move(...at(0.48, 0.85), { steps: 12 });
  await page.mouse.up();
}

await check('the page trains, with curves that grow', async () => {
  await page.goto(url);
  await page.getByText('running').waitFor();
  await page.locator('.chart canvas').first().waitFor();
  // After the first epoch there is all to see.
  await page.getByText(/Predictions after epoch/).waitFor();
  assert(
    (await page.locator('.chart').count()) >= 4,
    'loss, accuracy, learning rate and step times have charts',
  );
  await picture('training');
});
await check('a digit that is drawn is read, and Clear takes it away', async () => {
  await drawOne();
  await page.waitForFunction(
    () => globalThis.document.querySelector('[data-testid=prediction]')?.textContent === '1',
  );
  await page.getByText('Your drawing').waitFor();
  await picture('drawing');
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByText('Nothing is drawn').waitFor();
});
await check('a digit can be drawn with keys alone', async () => {
  await page.getByRole('application').focus();
  await page.keyboard.press('Space');
  for (let n = 0; n < 10; n++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await page.waitForFunction(
    () => globalThis.document.querySelector('[data-testid=prediction]')?.textContent === '1',
  );
  await page.getByRole('button', { name: 'Clear' }).click();
});
await check('a sample shows its layers', async () => {
  await page.locator('.samples button').first().click();
  await page.getByText(/^Sample \d+:/).waitFor();
  assert((await page.locator('.layers').first().locator('canvas').count()) === 7, 'each layer has its maps');
  assert(/^\d$/.test((await predicted()) ?? ''), 'a class is predicted');
});
await check('training is paused, goes on with another learning rate, and stops', async () => {
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('paused').waitFor();
  await page.getByLabel('Learning rate').fill('0.0005');
  await page.getByRole('button', { name: 'Set' }).click();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText('running').waitFor();
  await page.locator('.chart', { hasText: 'learning rate' }).getByText('5.00e-4').waitFor();
});
await check('axe finds nothing', () => checkAxe('light'));
await check('it is readable in the dark', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await checkAxe('dark');
  await picture('dark');
  await page.emulateMedia({ colorScheme: 'light' });
});
await check('it fits a phone', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  const width = await page.evaluate(() => globalThis.document.documentElement.scrollWidth);
  assert(width <= 360, `the page is ${width} wide`);
  await picture('phone');
  await page.setViewportSize({ width: 1200, height: 900 });
});
await check('it stops, and the net still reads what is drawn', async () => {
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('stopped').waitFor();
  await drawOne();
  await page.waitForFunction(
    () => globalThis.document.querySelector('[data-testid=prediction]')?.textContent === '1',
  );
});
await check('the page asks nobody else and has no errors', () =>
  assert(wrong.length === 0, wrong.join('\n')),
);

await browser.close();
demo.removeAllListeners('exit');
demo.kill();
rmSync(folder, { recursive: true, force: true });
console.log(`browser: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
