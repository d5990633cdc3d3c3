// What every test of the page starts from: import `test` and `expect` from here, never from Playwright itself.
//
// - `baseURL` is the built site, served under a folder and under the page's policy.
// - A test fails when the page complained in any way. One that provokes a complaint names it: `complaints.expect(/.../)`.
// - `axe()` looks for what keeps people out.
// - `interrupted` is for what must be right on a slow machine, too: see there.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test as base, expect } from '@playwright/test';
import { serve } from './server.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What a page complained of, and what it was expected to. */
class Complaints {
  #heard = [];
  #expected = [];

  /** A complaint that this test provokes; it has to come. */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  hear(complaint) {
    this.#heard.push(complaint);
  }

  get unexpected() {
    return this.#heard.filter((complaint) => !this.#expected.some((pattern) => pattern.test(complaint)));
  }

  get missing() {
    return this.#expected.filter((pattern) => !this.#heard.some((complaint) => pattern.test(complaint))).map(String);
  }
}

export const test = base.extend({
  site: [
    async ({}, use) => {
      const site = await serve();
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ site }, use) => use(site.url),

  /**
   * Whether Yew takes each rendering for a long one. It then gives the browser a turn before the effects, and a key or a click
   * may come in between: on a fast machine hardly ever, on a slow one often. Yew goes by `Date.now`, and nothing else here does.
   */
  interrupted: [false, { option: true }],

  context: async ({ context, interrupted }, use) => {
    if (interrupted) {
      await context.addInitScript(() => {
        const now = Date.now;
        let ahead_ms = 0;
        Date.now = () => now() + (ahead_ms += 100);
      });
    }
    await use(context);
  },

  complaints: [
    async ({ context, site }, use) => {
      const complaints = new Complaints();
      const home = new URL(site.url).origin;
      await context.exposeBinding('reportViolation', (_, what) => complaints.hear(`policy: ${what}`));
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
          window.reportViolation(`${event.effectiveDirective} blocked ${event.blockedURI}`);
        });
      });
      context.on('console', (message) => {
        if (message.type() === 'error') complaints.hear(`console: ${message.text()}`);
      });
      context.on('weberror', (error) => complaints.hear(`error: ${error.error().message}`));
      context.on('requestfailed', (request) => complaints.hear(`failed: ${request.url()} ${request.failure()?.errorText}`));
      context.on('response', (response) => {
        if (response.status() >= 400) complaints.hear(`failed: ${response.url()} ${response.status()}`);
      });
      context.on('request', (request) => {
        const url = new URL(request.url());
        if (url.protocol.startsWith('http') && url.origin !== home) complaints.hear(`another host: ${request.url()}`);
      });
      await use(complaints);
      expect(complaints.unexpected, 'what the page complained of').toEqual([]);
      expect(complaints.missing, 'complaints that were expected and did not come').toEqual([]);
    },
    { auto: true },
  ],

  /** Checks the page, or the part that a selector names, with axe-core; fails with what it found. */
  axe: async ({ page }, use) => {
    const source = await readFile(AXE, 'utf8');
    await use(async (selector = 'html') => {
      await page.evaluate(source);
      const { violations } = await page.evaluate((scope) => window.axe.run(scope), selector);
      const found = violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} at ${target.join(' ')}: ${help}`));
      expect(found, 'what axe found').toEqual([]);
    });
  },
});

export { expect };
