import { render } from "@testing-library/react";
import fc from "fast-check";
import { expect, test } from "vitest";
import { attacks } from "../../e2e/attacks.mjs";
import { piecesOf, safeHref } from "../src/messages/links";
import Markdown from "../src/messages/markdown";
import { Plain } from "../src/messages/plain";
import { hasMarkdown, isEmojiOnly } from "../src/messages/text";

const known = new Set(
  "DIV P SPAN A STRONG EM DEL CODE PRE BR UL OL LI BLOCKQUOTE SECTION TABLE THEAD TBODY TR TH TD HR".split(
    " ",
  ),
);
const attributes = new Set(["class", "href", "rel", "target", "style", "tabindex", "aria-label", "start"]);

/** What a text became has no element and no attribute but ours, and leads nowhere but to the web and mail. */
function isHarmless(root: Element): void {
  for (const e of root.querySelectorAll("*")) {
    expect(known).toContain(e.tagName);
    for (const { name } of e.attributes) expect(attributes).toContain(name);
    const href = e.getAttribute("href");
    if (e.tagName === "A") expect(href).toMatch(/^(https?|mailto):/);
    else expect(href).toBeNull();
    expect(e.closest("a a")).toBeNull();
  }
}

test("attacks become elements of ours, links to the web, and text", () => {
  for (const text of attacks) {
    for (const Shown of [Markdown, Plain]) {
      const { container, unmount } = render(<Shown text={text} calls={[]} />);
      isHarmless(container);
      unmount();
    }
  }
});

test("what is made to be slow to read is text, soon enough", { timeout: 30_000 }, () => {
  const repeated = [
    "*",
    "_a",
    "__a__",
    "*a_",
    "**a",
    "*_",
    "> ",
    "1. ",
    "[",
    "![",
    "[a](",
    "~~a",
    "<a ",
    "(http://a",
  ];
  for (const text of [
    ...repeated.map((r) => r.repeat(65_536 / r.length)),
    `https://a.example/${")".repeat(65_000)}`,
  ]) {
    for (const Shown of [Markdown, Plain]) {
      const { container, unmount } = render(<Shown text={text} calls={[]} />);
      expect(container.textContent).not.toBe("");
      unmount();
    }
  }
  const { container } = render(<Markdown text={"*a_ ".repeat(2000)} calls={[]} />);
  expect(container.textContent).toContain("a_");
});

const marks = [
  "*",
  "_",
  "`",
  "~",
  "[",
  "]",
  "(",
  ")",
  "<",
  ">",
  "|",
  "\n",
  "#",
  "- ",
  "1. ",
  "\\",
  "!",
  "&lt;",
  "javascript:",
  "https://a.b",
  "@ada",
  "x",
  " ",
  "\t",
  "[x] ",
  "---\n",
  "```",
];

test("whatever is written, markdown of it is harmless, and none of its letters is lost", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...marks), { maxLength: 60 }), (parts) => {
      const text = parts.join("");
      const { container, unmount } = render(<Markdown text={text} calls={["@ada"]} />);
      isHarmless(container);
      const count = (s: string | null) => (s ?? "").match(/x/g)?.length ?? 0;
      // A task's [x] is a box, and the address of a link stands behind its words.
      if (!text.includes("[x] ") && !/\]\(/.test(text) && !/\]:/.test(text))
        expect(count(container.textContent)).toBe(count(text));
      unmount();
    }),
    { numRuns: 300 },
  );
});

test("what is nested without end is shown as it was written, and at once", () => {
  const full = (part: string) => part.repeat(Math.floor(10_000 / part.length));
  const parts = [
    ">",
    "> a\n",
    "[",
    "[a](",
    "![",
    "<",
    "<a ",
    "*a",
    "_a ",
    "*a_",
    "*a **b ",
    "~~a ",
    "- ",
    "- x\n",
    "- [ ] x\n",
  ];
  const more = [
    "|",
    "| a | b |\n",
    "`",
    "`a ",
    "\\",
    "a@",
    "www.",
    "[x]: y\n",
    "1. x\n",
    "&lt;",
    "$[",
    "<!--",
    "((",
    "# x\n",
  ];
  const few = "*a_b ".repeat(59); // just below what is taken for an attack, in each paragraph
  const table = `| a | b |\n|---|---|\n${"| a | b |\n".repeat(900)}`;
  const bombs = [...[...parts, ...more].map(full), `${few}\n\n`.repeat(30), table];
  const begun = performance.now();
  for (const text of bombs) {
    if (!hasMarkdown(text)) continue; // then it is not even looked at
    const { container, unmount } = render(<Markdown text={text} calls={[]} />);
    isHarmless(container);
    unmount();
  }
  // Some seconds on a busy machine; without the bounds one of them alone takes a minute.
  expect(performance.now() - begun).toBeLessThan(40_000);
});

test("markdown is shown as what it means", () => {
  const shown = (text: string, calls: string[] = []) => {
    const { container, unmount } = render(<Markdown text={text} calls={calls} />);
    const html = container.innerHTML.replace(/ (class|rel|target|tabindex)="[^"]*"/g, "");
    unmount();
    return html;
  };
  expect(shown("**a** _b_ ~~c~~ `d`")).toContain("<strong>a</strong> <em>b</em> <del>c</del> <code>d</code>");
  expect(shown("[words](https://example.org/)")).toContain('<a href="https://example.org/">words</a>');
  expect(shown("[example.com](https://example.org/)")).toContain("(example.org)");
  expect(shown("![a picture](https://example.org/a.png)")).toContain(
    '<a href="https://example.org/a.png">a picture</a>',
  );
  expect(shown("3. three\n4. four")).toContain('<ol start="3">');
  expect(shown("**@ada**", ["@ada"])).toContain("<strong><span>@ada</span></strong>");
  expect(shown("`@ada`", ["@ada"])).toContain("<code>@ada</code>");
  expect(shown("&lt;b&gt;")).toContain("&amp;lt;b&amp;gt;");
  expect(shown("a\nb")).toContain("a<br>b");
});

test("only a text with marks in it is looked at for markdown", () => {
  for (const text of ["Hello", "a - b", "1 + 1 = 2", "what? yes!", "3.5", "🎉", "a (b) c"])
    expect([text, hasMarkdown(text)]).toEqual([text, false]);
  for (const text of [
    "**a**",
    "`a`",
    "- a",
    "1. a",
    "> a",
    "# a",
    "[a](https://b.c)",
    "a_b_",
    "| a |\n|---|",
  ])
    expect([text, hasMarkdown(text)]).toEqual([text, true]);
  expect(hasMarkdown(`**${"a".repeat(30_000)}**`)).toBe(false);
});

test("a few emoji alone are large", () => {
  for (const text of ["🎉", "🎉 🎉", "👩‍👩‍👧", "❤️", "🇩🇪", "👍🏽", "1️⃣"])
    expect([text, isEmojiOnly(text)]).toEqual([text, true]);
  for (const text of ["", " ", "1", "a🎉", "🎉".repeat(7), "#", "1 2"])
    expect([text, isEmojiOnly(text)]).toEqual([text, false]);
});

test("an address ends where the sentence goes on, and one that deceives is none", () => {
  const links = (text: string) => piecesOf(text, []).flatMap((p) => (p.kind === "link" ? p.href : []));
  expect(links("see https://example.org/a_(b), or (https://example.org/c).")).toEqual([
    "https://example.org/a_(b)",
    "https://example.org/c",
  ]);
  expect(links("mailto:ada@example.org!")).toEqual(["mailto:ada@example.org"]);
  for (const bad of ["https://ada@example.org/", "https://", "http://[bad", "mailto:", "ftp://example.org/"])
    expect(links(bad)).toEqual([]);
  for (const bad of [
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    " https://example.org/",
    "data:text/html,x",
    "//example.org",
  ]) {
    expect(safeHref(bad)).toBeUndefined();
  }
});

test("the pieces of a text are the text", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...marks, "@ben c", "https://x.y/(z)", "ä")), (parts) => {
      const text = parts.join("");
      expect(
        piecesOf(text, ["@ada", "@ben c"])
          .map((p) => p.text)
          .join(""),
      ).toBe(text);
    }),
  );
});

test("who is called is set off as a word of its own, by the longest name", () => {
  const calls = ["@ada", "@ada lovelace"];
  const set = (text: string) => piecesOf(text, calls).flatMap((p) => (p.kind === "mention" ? p.text : []));
  expect(set("@ada, @Ada Lovelace and x@ada or @adam")).toEqual(["@ada", "@Ada Lovelace"]);
});
