// Nothing on the stage lies on anything else or is cut off: for 1 to 12 replicas of each kind, and 1 to 6 clients.
//
// Measured in the browser, with its fonts, at a moment with messages in flight, a cut, a slow link, lag and hints. The
// native tests of the scene do the same for many more systems, with widths that are worked out.
import { test, expect } from '../fixtures.mjs';
import { load, open, scrub } from '../helpers.mjs';
import { manyLeaders, noLeader, oneLeader } from '../systems.mjs';

// Parts of the run: with a cut, a slow link and a pause; and after a crash.
const MOMENTS = [0.4, 0.72];

/** Each count of replicas and of clients occurs in each kind. */
const clients = (nodes) => ((nodes - 1) % 6) + 1;
const counts = (first) => Array.from({ length: 13 - first }, (_, i) => i + first);

const SYSTEMS = {
  'one leader': counts(1).map((nodes) => oneLeader({ nodes, clients: clients(nodes) })),
  'one leader in several regions': [2, 3, 6].flatMap((regions) =>
    [regions, 12].map((nodes) => oneLeader({ nodes, clients: clients(nodes), regions })),
  ),
  'one leader and partitions': [2, 5, 8].map((partitions) => oneLeader({ nodes: 5, clients: 3, partitions })),
  'many leaders': ['all_to_all', 'ring', 'star'].flatMap((topology) =>
    [3, 6].flatMap((regions) => [regions, 12].map((nodes) => manyLeaders({ nodes, clients: clients(nodes), regions, topology }))),
  ),
  'no leader, with a proxy': counts(1).map((nodes) => noLeader({ nodes, clients: clients(nodes), coordinator: 'proxy' })),
  'no leader, without one': [1, 3, 5, 8, 12].map((nodes) => noLeader({ nodes, clients: clients(nodes), coordinator: 'node' })),
};

for (const [kind, documents] of Object.entries(SYSTEMS)) {
  // By night everything stands where it stands by day.
  test(`${kind}: nothing lies on anything else`, async ({ page }, { project }) => {
    test.skip(project.name.endsWith('dark'), 'the same places as by day');
    test.setTimeout(60_000);
    await open(page);
    let flights = 0;
    for (const [i, document] of documents.entries()) {
      await load(page, document);
      await expect(page.locator('[data-run-title]')).toHaveAttribute('data-run-title', document.title);
      // One with the other moment next: a page that is scrubbed twice takes twice as long.
      const moment = MOMENTS[i % MOMENTS.length];
      await scrub(page, moment);
      const { faults, chips } = await page.evaluate(faultsOfStage);
      expect(faults, `${document.title}, ${JSON.stringify(document.protocol)}, at ${moment}`).toEqual([]);
      flights += chips;
    }
    expect(flights, 'messages on the wire').toBeGreaterThan(documents.length / 2);
  });
}

/** Runs in the page. */
function faultsOfStage() {
  const EDGE = 0.75;
  const stage = document.querySelector('.stage').getBoundingClientRect();
  const box = (element) => element.getBoundingClientRect();
  const overlap = (a, b, by = EDGE) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > by && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > by;
  const inside = (a, b) =>
    a.left >= b.left - EDGE && a.right <= b.right + EDGE && a.top >= b.top - EDGE && a.bottom <= b.bottom + EDGE;
  // A line of text is as high as its font, which is more than its letters are.
  const letters = (text) => {
    const { left, right, top, bottom } = box(text);
    const air = 0.19 * (bottom - top);
    return { left, right, top: top + air, bottom: bottom - air };
  };
  const places = [...document.querySelectorAll('.scene [data-place]')].map((element) => ({
    name: element.dataset.place,
    element,
    body: box(element.querySelector('.rim') ?? element.querySelector('.body')),
    whole: box(element.querySelector('.hit')),
  }));
  const texts = [...document.querySelectorAll('.stage > .scene text')]
    .filter((text) => !text.closest('.chips') && text.textContent.trim() !== '')
    .map((text) => ({ said: text.textContent, at: letters(text), place: text.closest('[data-place]')?.dataset.place, wire: !!text.closest('.wires') }));
  const faults = [];
  for (const [i, text] of texts.entries()) {
    if (!inside(text.at, stage)) faults.push(`“${text.said}” leaves the stage`);
    for (const other of texts.slice(0, i)) {
      if (overlap(text.at, other.at)) faults.push(`“${text.said}” lies on “${other.said}”`);
    }
    const own = places.find(({ name }) => name === text.place);
    if (own && !own.element.classList.contains('hub') && (text.at.left < own.whole.left - EDGE || text.at.right > own.whole.right + EDGE)) {
      faults.push(`“${text.said}” leaves ${own.name}`);
    }
    for (const place of places) {
      if (place.name !== text.place && overlap(text.at, place.whole)) faults.push(`“${text.said}” lies on ${place.name}`);
    }
  }
  for (const [i, place] of places.entries()) {
    if (!inside(place.whole, stage)) faults.push(`${place.name} leaves the stage`);
    for (const other of places.slice(0, i)) {
      if (overlap(place.whole, other.whole)) faults.push(`${place.name} stands on ${other.name}`);
    }
  }
  const chips = [...document.querySelectorAll('.chips > .chip')];
  for (const chip of chips) {
    const at = box(chip);
    // Half of a chip at least is on the stage, wherever it is on its way.
    const middle = { left: (at.left + at.right) / 2, right: (at.left + at.right) / 2, top: (at.top + at.bottom) / 2, bottom: (at.top + at.bottom) / 2 };
    if (!inside(middle, stage)) faults.push(`a chip “${chip.textContent}” leaves the stage`);
  }
  return { faults, chips: chips.length };
}
