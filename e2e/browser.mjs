// Debian's Chromium.
import { chromium } from 'playwright-core';

export function launch(more = []) {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', ...more],
  });
}

// kept runs in a page: how many drafts are in its database. One that is not
// there yet is not made, for whose it is makes it with its tables.
export function kept() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('parley');
    opening.onupgradeneeded = () => {
      opening.onerror = () => resolve(0);
      opening.transaction.abort();
    };
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const count = opening.result.transaction('drafts').objectStore('drafts').count();
      count.onsuccess = () => { opening.result.close(); resolve(count.result); };
    };
  });
}
