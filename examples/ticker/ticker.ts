import { element, line } from "../page";

interface Price {
  fruit: string;
  cents: number;
}

/** What the server says of a message, as far as this page reads it. */
interface Message {
  type?: string;
  seq: number;
  body?: Partial<Price>;
}

const kept = 40;
const rows = new Map<string, { seq: number; cents: number[] }>();
const table = element("prices", HTMLTableSectionElement);
const connection = element("connection", HTMLElement);

function take({ seq, body }: Message): void {
  const { fruit, cents } = body ?? {};
  if (typeof fruit !== "string" || typeof cents !== "number") return; // whoever may post here may post anything
  const row = rows.get(fruit) ?? { seq: 0, cents: [] };
  if (seq <= row.seq) return;
  rows.set(fruit, { seq, cents: [...row.cents, cents].slice(-kept) });
}

function cell(text: string, look: string): HTMLTableCellElement {
  return Object.assign(document.createElement("td"), { textContent: text, className: look });
}

function show(): void {
  element("empty", HTMLElement).hidden = rows.size > 0;
  const list = [...rows].sort(([a], [b]) => a.localeCompare(b));
  table.replaceChildren(
    ...list.map(([fruit, { cents }]) => {
      const [before = 0, now = 0] = cents.length > 1 ? cents.slice(-2) : [cents[0], cents[0]];
      const percent = ((now - before) / before) * 100;
      const row = document.createElement("tr");
      const head = Object.assign(document.createElement("th"), { textContent: fruit, scope: "row" });
      const spark = cell("", "");
      spark.innerHTML =
        '<svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true"><polyline/></svg>';
      spark.querySelector("polyline")?.setAttribute("points", line(cents));
      const look = percent > 0 ? "number up" : percent < 0 ? "number down" : "number";
      const change = `${percent > 0 ? "▲" : percent < 0 ? "▼" : "–"} ${Math.abs(percent).toFixed(1)} %`;
      row.append(head, cell((now / 100).toFixed(2), "number price"), cell(change, look), spark);
      return row;
    }),
  );
}

function tell(state: string, text: string): void {
  connection.textContent = text;
  connection.dataset.state = state;
}

// First what was posted already, then everything after it: the page of messages
// says where it ends, and the stream begins there. There is no gap in between.
tell("connecting", "Connecting");
const page: { messages: Message[]; head: string } = await (
  await fetch("/v1/channels/market/messages?limit=200")
).json();
page.messages.forEach(take);
show();

const events = new EventSource(`/events?channel=market&lastEventId=${encodeURIComponent(page.head)}`);
events.onopen = () => tell("connected", "Live");
events.onerror = () => tell("reconnecting", "No connection. Trying again"); // which an EventSource does by itself
events.onmessage = (event: MessageEvent<string>) => {
  const message: Message = JSON.parse(event.data);
  if (message.type !== "message") return;
  take(message);
  show();
};
