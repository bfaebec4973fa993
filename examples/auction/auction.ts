import { Client, type Json } from "@parley/client";
import { complain, element, showConnection, visitor } from "../page";
import { type Bid, bidOf, place } from "./bid";

const channel = "auction";
const me = visitor();
const client = new Client({ userId: me });
const lot = client.state(channel);
const bids = new Map<number, Bid>(); // by their place in the log
const amount = element("amount", HTMLInputElement);
const notice = element("notice", HTMLElement);
let mine: Bid | undefined; // that stood last, until it is outbid

const euros = (bid: Bid) => `€${bid.amount.toLocaleString("en")}`;
const whose = (bid: Bid) => (bid.bidder === me ? "you" : bid.bidder);

function take(seq: number, value: Json | undefined): void {
  const bid = bidOf(value);
  if (bid) bids.set(seq, bid);
}

function show(): void {
  const list = [...bids].sort(([a], [b]) => b - a).map(([, bid]) => bid);
  const [highest] = list;
  if (!highest) return;
  element("highest", HTMLElement).textContent = euros(highest);
  element("bidder", HTMLElement).textContent = `by ${whose(highest)}`;
  if (mine && highest.amount > mine.amount) {
    notice.textContent = `${whose(highest)} has bid more than your ${euros(mine)}.`;
    mine = undefined;
  }
  amount.min = `${highest.amount + 1}`;
  amount.placeholder = `${highest.amount + 1} or more`;
  element("bids", HTMLElement).replaceChildren(
    ...list.slice(0, 20).map((bid) => {
      const item = document.createElement("li");
      const [who, what] = [document.createElement("span"), document.createElement("span")];
      who.textContent = whose(bid);
      what.textContent = euros(bid);
      item.append(who, what);
      return item;
    }),
  );
}

async function offer(): Promise<void> {
  const bid = { bidder: me, amount: amount.valueAsNumber };
  amount.value = "";
  const standing = await place(lot, bid);
  if (standing === bid) {
    mine = bid;
    notice.textContent = `Your bid of ${euros(bid)} stands.`;
  } else {
    notice.textContent = `${euros(bid)} is not enough: ${whose(standing)} bid ${euros(standing)}.`;
  }
  show();
}

element("form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  offer().catch(complain);
});
lot.subscribe((key, held) => {
  if (key !== "highest" || !held) return;
  take(held.version, held.value);
  show();
});
showConnection(client);
await client.joinChannel(channel);

// Every bid that stood is an event of the channel's log.
for (const event of await client.getEventsSince(channel, 0)) {
  if (event.type === "state" && event.key === "highest") take(event.seq, event.value);
}
show();
