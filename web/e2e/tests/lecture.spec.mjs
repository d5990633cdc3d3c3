// The lecture view: the run alone and large, from one thing worth saying to the next.
import { test, expect } from '../fixtures.mjs';
import { now_us, open, untilItStops } from '../helpers.mjs';

test('a presenter’s keys go from one thing worth saying to the next, and back', { tag: '@once' }, async ({ page }) => {
  await open(page);
  await page.getByRole('slider', { name: 'Speed' }).fill('10');
  await page.getByRole('button', { name: 'Lecture' }).click();
  await expect(page.locator('.knobs')).toBeHidden();
  const headline = page.locator('.caption h2');
  const size = await headline.evaluate((element) => element.getBoundingClientRect().height);
  expect(size).toBeGreaterThan(30);

  const stops = [[await now_us(page), await headline.innerText()]];
  for (let stop = 0; stop < 3; stop += 1) {
    await untilItStops(page, () => page.keyboard.press('PageDown'));
    const at = [await now_us(page), await headline.innerText()];
    expect(at[0]).toBeGreaterThan(stops.at(-1)[0]);
    stops.push(at);
  }
  expect(new Set(stops.map(([, said]) => said)).size).toBeGreaterThan(2);
  for (const [at_us, said] of stops.slice(0, -1).reverse()) {
    await page.keyboard.press('PageUp');
    expect(await now_us(page)).toBe(at_us);
    await expect(headline).toHaveText(said);
  }
  await page.keyboard.press('Escape');
  await expect(page.locator('.knobs')).toBeVisible();
});
