// Acting on the run: knobs, crashes, writes of one's own, another seed, another text.
import { test, expect } from '../fixtures.mjs';
import { now_us, open, scrub, stageInWords, unfoldKnobs } from '../helpers.mjs';

test.beforeEach(({ page }) => open(page));

test('a slider acts from the cursor on, once, and can be undone', async ({ page }) => {
  await scrub(page, 0.4);
  const at_us = await now_us(page);
  await unfoldKnobs(page);
  const lag = page.getByRole('slider', { name: 'Replication lag' });
  const before = await lag.inputValue();
  await lag.fill('0');

  await expect(page.locator('output[for="lag"]')).toHaveText('0 ms');
  expect(await now_us(page)).toBe(at_us + 1);
  await page.getByRole('button', { name: 'Open or edit…' }).click();
  const document = JSON.parse(await page.getByRole('textbox', { name: 'Scenario, as JSON' }).inputValue());
  expect(document.script.filter((entry) => entry.by_hand)).toEqual([
    { at_us: at_us + 1, by_hand: true, set: { '/network/replication_lag_ms': 0 } },
  ]);
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: /^Undo/ }).click();
  await expect(lag).toHaveValue(before);
  expect(await now_us(page)).toBe(at_us);
});

// On a phone the stage is out of sight beside the knobs, and time waits.
test('a knob that is turned while time runs does not stop it', { tag: '@once' }, async ({ page }) => {
  await unfoldKnobs(page);
  await page.locator('.play').click();
  await page.getByRole('slider', { name: 'Jitter' }).fill('0');
  await expect(page.locator('.notice-words', { hasText: 'From here on the run takes another course.' })).toBeAttached();
  await expect(page.locator('.play')).toHaveText('Pause');
  const at_us = await now_us(page);
  await expect.poll(() => now_us(page)).toBeGreaterThan(at_us);
});

test('another number of copies starts a new run, and says so', async ({ page }) => {
  await scrub(page, 0.4);
  await unfoldKnobs(page);
  await page.getByRole('slider', { name: 'Copies N' }).fill('5');

  await expect(page.locator('.node')).toHaveCount(5);
  expect(await now_us(page)).toBe(0);
  await expect(page.locator('.notice-words', { hasText: 'This started a new run from 0.' })).toBeVisible();
});

test('where nobody leads, W and R mean something and the leader’s knobs do not', async ({ page, axe }) => {
  await unfoldKnobs(page);
  await expect(page.getByRole('slider', { name: 'Write quorum W' })).toBeDisabled();
  await page.getByRole('radio', { name: 'No leader' }).check({ force: true });

  await expect(page.getByRole('slider', { name: 'Write quorum W' })).toBeEnabled();
  await expect(page.getByRole('radio', { name: 'Semi-sync' })).toBeDisabled();
  await expect(page.locator('.quorum')).not.toBeEmpty();
  await page.getByRole('slider', { name: 'Write quorum W' }).fill('1');
  await page.getByRole('slider', { name: 'Read quorum R' }).fill('1');
  await expect(page.locator('.quorum')).toHaveClass(/miss/);
  await axe();
});

test('a replica is crashed and restarted from its menu', async ({ page, axe }) => {
  await scrub(page, 0.4);
  const at_us = await now_us(page);
  const up = await stageInWords(page);
  await page.locator('[data-place=n2]').click();
  const menu = page.getByRole('dialog');
  await expect(menu).toBeVisible();
  await axe();
  await menu.getByRole('button', { name: 'Crash it' }).click();

  await expect(page.locator('[data-place=n2]')).toHaveClass(/down/);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.locator('[data-place=n2]').click();
  await page.getByRole('button', { name: 'Restart it' }).click();
  await expect(page.locator('[data-place=n2]')).not.toHaveClass(/down/);
  expect(await now_us(page)).toBe(at_us + 2);

  await page.getByRole('button', { name: /^Undo/ }).click();
  await page.getByRole('button', { name: /^Undo/ }).click();
  expect(await stageInWords(page)).toEqual(up);
});

test('opening a menu pauses', async ({ page }) => {
  await page.locator('.play').click();
  await page.locator('[data-place=n0]').click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expect(page.locator('.play')).not.toHaveText('Pause');
});

test('a client writes what one types', async ({ page, axe }) => {
  await scrub(page, 0.6);
  await page.locator('[data-place=c0]').click();
  const menu = page.getByRole('dialog');
  await menu.getByLabel('New value').fill('777');
  await axe();
  await menu.getByRole('button', { name: 'Write' }).click();
  await scrub(page, 1);
  expect((await stageInWords(page)).join('\n')).toContain('777');
});

test('a seed that is none says what is allowed, and changes nothing', async ({ page, axe }) => {
  await scrub(page, 0.4);
  const at_us = await now_us(page);
  await unfoldKnobs(page);
  const seed = page.getByRole('textbox', { name: /^Seed/ });
  const before = await seed.inputValue();
  for (const bad of ['9007199254740992', '-1', 'seven', '1.5']) {
    await seed.fill(bad);
    await seed.press('Enter');
    await expect(page.getByRole('alert')).toContainText('a whole number from 0 to 9007199254740991');
    await expect(seed).toHaveValue(before);
  }
  expect(await now_us(page)).toBe(at_us);
  await axe();
  await page.getByRole('alert').getByRole('button', { name: 'Close' }).click();
  await seed.fill('8');
  await seed.press('Enter');
  await expect(page.getByRole('alert')).toHaveCount(0);
  expect(await now_us(page)).toBe(0);
});

test('a bad text is refused with its field, and the last good one runs on', async ({ page, axe }) => {
  await scrub(page, 0.4);
  const at_us = await now_us(page);
  await page.getByRole('button', { name: 'Open or edit…' }).click();
  const text = page.getByRole('textbox', { name: 'Scenario, as JSON' });
  const good = await text.inputValue();
  const refused = page.getByRole('dialog').getByRole('alert');
  const broken = JSON.parse(good);
  for (const [bad, says] of [
    ['{ "version": 1, ', /./],
    [JSON.stringify({ ...broken, network: { replication_lag_ms: -5 } }), /\/network\/replication_lag_ms.*-5.*0/],
    [JSON.stringify({ ...broken, sed: 7 }), /sed/],
    ['['.repeat(100_000), /./],
  ]) {
    await text.fill(bad);
    await page.getByRole('button', { name: 'Run this' }).click();
    await expect(refused).toContainText(says);
  }
  await axe();
  await page.keyboard.press('Escape');
  expect(await now_us(page)).toBe(at_us);
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await page.getByRole('button', { name: 'Open or edit…' }).click();
  await text.fill(good.replace('The double transfer', 'My own story'));
  await page.getByRole('button', { name: 'Run this' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByRole('combobox', { name: 'Story' }).locator('option:checked')).toHaveText('My own story');
});

test('a scenario is opened from a file, and a file that is none is refused', { tag: '@once' }, async ({ page }) => {
  await page.getByRole('button', { name: 'Open or edit…' }).click();
  const file = page.locator('input[type=file]');
  await file.setInputFiles({ name: 'not.json', mimeType: 'application/json', buffer: Buffer.from([0xff, 0xfe, 0x00]) });
  await expect(page.getByRole('dialog').getByRole('alert')).not.toBeEmpty();
});
