// The page starts under its policy from a folder of a static host, or says plainly why not.
import { test, expect } from '../fixtures.mjs';

test('mounts under the policy, from a folder', async ({ page, axe }) => {
  const response = await page.goto('./');

  expect(response.headers()['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval'");
  expect(new URL(page.url()).pathname).toBe('/some/folder/');
  await expect(page.locator('#app .still')).toHaveCount(0);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await axe();
});

test('is no wider than the screen', async ({ page }) => {
  await page.goto('./');
  await expect(page.locator('#app .still')).toHaveCount(0);

  const overflow_px = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow_px).toBe(0);
});

test('hears a key as soon as the stage is there', { tag: '@once' }, async ({ page }) => {
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector('[data-stage-ready]')) return;
      observer.disconnect();
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '?', bubbles: true }));
    });
    observer.observe(document, { childList: true, subtree: true, attributes: true });
  });
  await page.goto('./');

  await expect(page.getByRole('dialog', { name: 'Help' })).toBeVisible();
});

test('shows the still while the code is on its way', async ({ page, axe }) => {
  let deliver;
  const delivery = new Promise((resolve) => { deliver = resolve; });
  await page.route('**/*.wasm', async (route) => {
    await delivery;
    await route.continue();
  });
  await page.goto('./', { waitUntil: 'commit' });

  await expect(page.getByRole('img', { name: 'Alice, a leader, and the two followers' })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await axe();

  deliver();
  await expect(page.locator('#app .still')).toHaveCount(0);
});

test.describe('without JavaScript', { tag: '@once' }, () => {
  test.use({ javaScriptEnabled: false });

  test('says that it needs it, beside the still', async ({ page, complaints }) => {
    // The browser reports the script that it was told not to run.
    complaints.expect(/^failed: .*\.js csp$/);
    await page.goto('./');

    const notice = page.locator('noscript .notice');
    await expect(notice).toBeVisible();
    expect(await notice.textContent()).toContain('it needs JavaScript and WebAssembly');
    await expect(page.getByRole('img')).toBeVisible();
  });
});

test('without WebAssembly says that it needs it', async ({ page, complaints, axe }) => {
  complaints.expect(/WebAssembly is not available/);
  await page.addInitScript(() => { delete window.WebAssembly; });
  await page.goto('./');

  await expect(page.getByRole('alert')).toContainText('needs WebAssembly');
  await expect(page.getByRole('alert')).toContainText('allow it for this page and reload');
  await axe();
});

for (const [what, files] of [['script', '**/web-*.js'], ['WebAssembly', '**/*.wasm']]) {
  test(`says so when its ${what} does not load`, { tag: '@once' }, async ({ page, complaints }) => {
    complaints.expect(/^failed: .*ERR_FAILED/);
    complaints.expect(/^console: /);
    await page.route(files, (route) => route.abort());
    await page.goto('./');

    await expect(page.getByRole('alert')).toContainText('its code did not load');
    await expect(page.getByRole('alert')).toContainText('Reload the page');
  });
}

test('opened from a file says that it needs a server', { tag: '@once' }, async ({ page, complaints, site }) => {
  complaints.expect(/^console: /);
  complaints.expect(/^failed: file:/);
  await page.goto(`file://${site.folder}/index.html`);

  await expect(page.getByRole('alert')).toContainText('can’t start from a file');
});
