// Each of the twelve promises in a story that breaks it: the card, the evidence, and the fixes that were tried.
import { test, expect } from '../fixtures.mjs';
import { open, scrub, search } from '../helpers.mjs';

/** Where each is broken; what its sentence says; a change that keeps it there, and one that does not. */
const CASES = [
  ['Read your writes', 'double-transfer', /^Alice wrote balance − 60 \(#2\) and was told “done” at .* later F\d answered .* was on the wire to F\d, due/, 'Read from the leader', 'Stick to one copy'],
  // What the textbook offers for a comment of somebody else does not help: the window is about one’s own writes.
  ['Monotonic reads', 'vanishing-comment', /saw .* \(#\d+\)/, 'Stick to one copy', 'Read from the leader for a second after one’s own write'],
  ['Monotonic writes', 'still-on-the-list', /^Alice wrote friends without the boss \(#2\), was told “done” .* F2 had #3 on its disk .* without #2/, 'Keep everything in one partition', 'Wait for a majority'],
  ['Writes follow reads', 'the-answer-overtakes', /^Lena read question .* wrote answer .* Tokyo had #2 on its disk .* without #1/, 'Send each key’s writes to its home region', null],
  ['Consistent prefix', 'answer-before-question', /^Carol’s view showed answer/, 'Keep everything in one partition', 'Carry a session token'],
  ['Causal consistency', 'the-answer-overtakes', /^Lena saw question .* wrote answer .* Taro saw #2 .* with nothing: #1 was on the wire to Tokyo/, 'Stick to one copy', 'Merge what conflicts'],
  // W + R > N holds already, and a larger W does not help: what is under way may be found, and then not.
  ['Linearizable', 'trap-read-during-write', /Bob/, 'Write what was read back to W copies before answering', 'Wait for 3 copies to have a write'],
  ['Bounded staleness', 'the-reported-lag', /^L said “done” to Shop’s stock .* though “stock” allows 300 ms/, 'Read from the leader', 'Carry a session token'],
  ['No acknowledged write lost', 'leader-crash-async', /became leader of epoch 2/, 'Wait for a majority', 'Fence off the old leader'],
  ['No silent overwrite', 'two-titles', /Nora wrote title = “Blue” .* Taro wrote title = “Red” .* neither had seen the other’s/, 'Keep both as siblings', 'Merge what conflicts'],
  ['One leader at a time', 'split-brain', /epoch/, 'Fence off the old leader', null],
  ['Convergence', 'repaired-only-where-read', /A and B held address = “7 Oak Lane” \(#2\), C did not: #2 had arrived while C was down/, 'Let copies compare what they have, twice a second', 'Write what was read back to W copies before answering'],
];

for (const [promise, story, sentence, keeps, fails] of CASES) {
  test(`${promise}: the card, its evidence and its fixes`, { tag: '@once' }, async ({ page, axe }) => {
    await open(page);
    if (story !== 'double-transfer') {
      await page.getByRole('combobox', { name: 'Story' }).selectOption(story);
      await expect(page.locator('[data-run-title]')).not.toHaveAttribute('data-run-title', 'The double transfer');
    }
    await scrub(page, 1);
    await page.locator('button.promise.broken', { has: page.getByText(promise, { exact: true }) }).click();

    const card = page.locator('.violation-card');
    await expect(card.locator('.time').first()).toContainText(promise);
    await expect(card.locator('p').first()).toHaveText(sentence);
    // The stage shows who it is about.
    await expect(page.locator('.node.bad, .person.bad').first()).toBeVisible();

    await search(page);
    const row = (name) => page.locator('.fix', { has: page.getByRole('button', { name, exact: true }) });
    const more = page.getByRole('button', { name: /more that keep it/ });
    if (await more.isVisible()) await more.click();
    await expect(row(keeps)).toContainText('Kept: checked');
    if (fails) await expect(row(fails)).toContainText('Still broken on this run');
    await axe();

    // What is claimed is what the run with it gives.
    await row(keeps).getByRole('button', { name: /Run it like this/ }).click();
    await scrub(page, 1);
    await expect(page.locator('.promise.kept', { has: page.getByText(promise, { exact: true }) })).toBeVisible();
  });
}
