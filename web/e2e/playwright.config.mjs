// Every test runs on a desk and on a phone, by day and by night; one tagged `@once` only on a desk by day.
import { defineConfig } from '@playwright/test';
import { ARGUMENTS, executablePath } from './chromium.mjs';

const DESK = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

// For a test whose subject has no look: it can come out differently neither on a phone nor at night.
const REPEATED = { grepInvert: /@once/ };

export default defineConfig({
  testDir: 'tests',
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  // A test that passes at the second try only is named at the end, and a few of them are a failure.
  retries: 1,
  workers: 2,
  timeout: 30_000,
  reporter: 'list',
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: executablePath(), args: ARGUMENTS },
    // `npx playwright test --trace on` records one; always recording makes every test half as slow again.
    trace: 'off',
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'desk-light', use: { ...DESK, colorScheme: 'light' } },
    { ...REPEATED, name: 'desk-dark', use: { ...DESK, colorScheme: 'dark' } },
    { ...REPEATED, name: 'phone-light', use: { ...PHONE, colorScheme: 'light' } },
    { ...REPEATED, name: 'phone-dark', use: { ...PHONE, colorScheme: 'dark' } },
  ],
});
