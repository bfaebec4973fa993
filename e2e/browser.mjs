// Debian's Chromium.
import { chromium } from 'playwright-core';

export function launch(more = []) {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', ...more],
  });
}
