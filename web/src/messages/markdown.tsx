import { Lexer, type Token, Tokenizer, type Tokens } from "marked";
import type { ReactNode } from "react";
import styles from "./body.module.css";
import { safeHref } from "./links";
import { Link, Plain } from "./plain";

/** What is nested deeper is shown as it was written. */
const deepest = 12;

/**
 * A text with its markdown, as elements of our own: nothing of it is ever HTML.
 * What has no element here, and what cannot be understood, stays as it was written.
 */
export default function Markdown({ text, calls }: { text: string; calls: readonly string[] }): ReactNode {
  const tokens = lexed(text);
  if (!tokens) return <Plain text={text} calls={calls} />;
  return <div className={styles.markdown}>{blocks(tokens, calls, 0)}</div>;
}

/**
 * So many characters are read as markdown, and so many beginnings of emphasis are looked for an end:
 * each costs a look at the rest of the text, and whoever sends thousands of them would halt every reader.
 */
const longest = 8192;
const mostEmphasis = 100;

class Bounded extends Tokenizer {
  #left = mostEmphasis;

  override emStrong(...where: Parameters<Tokenizer["emStrong"]>): ReturnType<Tokenizer["emStrong"]> {
    if (!/^[*_]/.test(where[0]) || this.#left === 0) return undefined;
    this.#left--;
    return super.emStrong(...where);
  }
}

function lexed(text: string): Token[] | undefined {
  if (text.length > longest) return undefined;
  try {
    return new Lexer({ gfm: true, breaks: true, tokenizer: new Bounded() }).lex(text);
  } catch {
    return undefined;
  }
}

function blocks(tokens: readonly Token[], calls: readonly string[], depth: number): ReactNode {
  return tokens.map((token, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a text's tokens have no other name
    <Block key={i} token={token as Tokens.Generic} calls={calls} depth={depth} />
  ));
}

interface Part {
  token: Tokens.Generic;
  calls: readonly string[];
  depth: number;
}

function Block({ token, calls, depth }: Part): ReactNode {
  if (depth > deepest) return <p>{token.raw}</p>;
  const inside = token.tokens ?? [];
  switch (token.type) {
    case "space":
    case "def":
      return token.type === "def" ? <p>{token.raw}</p> : null;
    case "heading":
      return <p className={styles.heading}>{inlines(inside, calls, depth + 1)}</p>;
    case "paragraph":
      return <p>{inlines(inside, calls, depth + 1)}</p>;
    case "text":
      return inside.length > 0 ? (
        <span>{inlines(inside, calls, depth + 1)}</span>
      ) : (
        <Plain text={token.text} calls={calls} />
      );
    case "code":
      return (
        <pre className={styles.code} tabIndex={0}>
          {token.lang && <span className={styles.lang}>{token.lang}</span>}
          <code>{token.text}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote className={styles.quote}>{blocks(inside, calls, depth + 1)}</blockquote>;
    case "hr":
      return <hr className={styles.rule} />;
    case "list":
      return <List token={token as Tokens.List} calls={calls} depth={depth} />;
    case "table":
      return <Table token={token as Tokens.Table} calls={calls} depth={depth} />;
    default:
      return <p>{token.raw}</p>;
  }
}

function List({
  token,
  calls,
  depth,
}: {
  token: Tokens.List;
  calls: readonly string[];
  depth: number;
}): ReactNode {
  const items = token.items.map((item, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: as above
    <li key={i}>
      {item.task && (item.checked ? "☑ " : "☐ ")}
      {blocks(
        item.tokens.filter((t) => t.type !== "checkbox"),
        calls,
        depth + 1,
      )}
    </li>
  ));
  const start = typeof token.start === "number" && Number.isSafeInteger(token.start) ? token.start : 1;
  return token.ordered ? <ol start={start}>{items}</ol> : <ul>{items}</ul>;
}

function Table({
  token,
  calls,
  depth,
}: {
  token: Tokens.Table;
  calls: readonly string[];
  depth: number;
}): ReactNode {
  const cell = (c: Tokens.TableCell) => inlines(c.tokens, calls, depth + 1);
  // biome-ignore-start lint/suspicious/noArrayIndexKey: as above
  return (
    <section
      className={styles.tableArea}
      tabIndex={0}
      aria-label={token.header.map((c) => c.text).join(", ")}
    >
      <table className={styles.table}>
        <thead>
          <tr>
            {token.header.map((c, i) => (
              <th key={i} style={{ textAlign: c.align ?? "start" }}>
                {cell(c)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row, r) => (
            <tr key={r}>
              {row.map((c, i) => (
                <td key={i} style={{ textAlign: c.align ?? "start" }}>
                  {cell(c)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
  // biome-ignore-end lint/suspicious/noArrayIndexKey: as above
}

function inlines(
  tokens: readonly Token[],
  calls: readonly string[],
  depth: number,
  linked = false,
): ReactNode {
  return tokens.map((token, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: as above
    <Inline key={i} token={token as Tokens.Generic} calls={calls} depth={depth} linked={linked} />
  ));
}

/** `linked`: it is the words of a link, in which there is no other. */
function Inline({ token, calls, depth, linked }: Part & { linked: boolean }): ReactNode {
  if (depth > deepest * 2) return token.raw;
  const inside = () => inlines(token.tokens ?? [], calls, depth + 1, linked);
  switch (token.type) {
    case "text":
      if (token.tokens) return inside();
      return linked ? token.raw : <Plain text={token.raw} calls={calls} />;
    case "escape":
      return token.text;
    case "strong":
      return <strong>{inside()}</strong>;
    case "em":
      return <em>{inside()}</em>;
    case "del":
      return <del>{inside()}</del>;
    case "codespan":
      return <code className={styles.span}>{token.text}</code>;
    case "br":
      return <br />;
    case "link":
      if (linked) return token.raw;
      return (
        <Anchor token={token as Tokens.Link}>{inlines(token.tokens ?? [], calls, depth + 1, true)}</Anchor>
      );
    case "image":
      if (linked) return token.raw;
      return <Anchor token={token as Tokens.Image}>{token.text || token.href}</Anchor>;
    default:
      return token.raw;
  }
}

/** A link with words of its own, which says where it leads if they look like another address. */
function Anchor({ token, children }: { token: Tokens.Link | Tokens.Image; children: ReactNode }): ReactNode {
  const href = safeHref(token.href);
  if (href === undefined) return token.raw;
  const host = new URL(href).host;
  const misleads = /[\w-]\.[a-z]{2,}/i.test(token.text) && !token.text.toLowerCase().includes(host);
  return (
    <>
      <Link href={href} text={children} />
      {misleads && <span className={styles.leads}> ({host})</span>}
    </>
  );
}
