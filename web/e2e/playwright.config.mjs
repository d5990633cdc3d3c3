// Every test runs on a desk and on a phone, by day and by night; one tagged `@once` only on a desk by day. The desk by night is
// one that often gets interrupted.
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
  // A test that passes at the second try is a broken one.
  retries: 0,
  workers: 2,
  // Patient, since a machine may be busy with other things; what is waited for is as strict as ever.
  timeout: 60_000,
  expect: { timeout: 10_000 },
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
    { ...REPEATED, name: 'desk-dark', use: { ...DESK, colorScheme: 'dark', interrupted: true } },
    { ...REPEATED, name: 'phone-light', use: { ...PHONE, colorScheme: 'light' } },
    { ...REPEATED, name: 'phone-dark', use: { ...PHONE, colorScheme: 'dark' } },
  ],
});
