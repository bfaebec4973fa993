/** A random UUID, to tell one's own messages apart; browsers give one in secure contexts alone, others none at all. */
export function uuid(): string {
  const source = typeof crypto === "undefined" ? undefined : crypto;
  if (typeof source?.randomUUID === "function") return source.randomUUID();
  const bytes =
    source?.getRandomValues(new Uint8Array(16)) ??
    Array.from({ length: 16 }, () => Math.floor(Math.random() * 256));
  const hex = Array.from(bytes, (byte, i) => {
    const b = i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte;
    return b.toString(16).padStart(2, "0");
  }).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
