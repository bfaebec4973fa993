import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { examples, Site } from "./site";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

test("the first page leads to every example that has one", async () => {
  const folders = await readdir(examples, { withFileTypes: true });
  const pages: string[] = [];
  for (const folder of folders) {
    if (!folder.isDirectory() || ["dist", "node_modules", "test"].includes(folder.name)) continue;
    const files = await readdir(`${examples}/${folder.name}`);
    expect(files, folder.name).toContain("README.md");
    if (files.includes("index.html")) pages.push(`/${folder.name}/`);
  }
  const first = await site.tab("/");
  await site.looks(first, "index");
  const links = await first.getByRole("link").all();
  const targets = await Promise.all(links.map((link) => link.getAttribute("href")));
  expect(targets.sort()).toEqual(pages.sort());
  for (const target of targets) {
    const page = await fetch(`${site.url}${target}`);
    expect(await page.text(), `${target}`).toContain('<a href="/">');
  }
});
