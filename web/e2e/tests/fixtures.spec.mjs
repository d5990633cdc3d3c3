// The fixtures themselves: they hear every kind of complaint, and fail a test for it.
import { test } from '../fixtures.mjs';

test.describe('the fixtures', { tag: '@once' }, () => {
  test.beforeEach(({ page }) => page.goto('./'));

  test('hear an error on the console', async ({ page, complaints }) => {
    complaints.expect(/^console: a complaint$/);
    await page.evaluate(() => console.error('a complaint'));
  });

  test('hear an error that nobody caught', async ({ page, complaints }) => {
    complaints.expect(/^error: a complaint$/);
    await page.evaluate(() => new Promise((resolve) => {
      setTimeout(() => { throw new Error('a complaint'); });
      setTimeout(resolve, 50);
    }));
  });

  test('hear of a file that is not there', async ({ page, complaints }) => {
    complaints.expect(/^failed: .*missing\.txt 404$/);
    complaints.expect(/^console: .*404/);
    await page.evaluate(() => fetch('./missing.txt').then(() => undefined));
  });

  test('hear of another host, and of a breach of the policy', async ({ page, complaints }) => {
    complaints.expect(/^another host: https:\/\/elsewhere\.test\/pixel\.png$/);
    complaints.expect(/^policy: img-src blocked https:\/\/elsewhere\.test\/pixel\.png$/);
    complaints.expect(/^console: .*Content Security Policy/);
    complaints.expect(/^failed: .*pixel\.png/);
    await page.evaluate(() => new Promise((resolve) => {
      const picture = new Image();
      picture.onload = picture.onerror = () => resolve();
      picture.src = 'https://elsewhere.test/pixel.png';
    }));
  });

  test('fail a test for a complaint', async ({ page }) => {
    test.fail();
    await page.evaluate(() => console.error('a complaint'));
  });

  test('fail a test whose expected complaint does not come', async ({ complaints }) => {
    test.fail();
    complaints.expect(/never heard/);
  });

  test('fail a test for what axe finds', async ({ page, axe }) => {
    test.fail();
    await page.evaluate(() => document.body.append(new Image()));
    await axe();
  });
});
