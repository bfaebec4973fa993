// A list of a channel's newest 50 messages, by @parley/react.
import { Client } from '@parley/client';
import { ParleyProvider, useMessages } from '@parley/react';
import { createRoot } from 'react-dom/client';

const shown = 50;

function List({ channel }) {
  const { messages } = useMessages(channel);
  return (
    <ol>
      {messages.slice(-shown).map((m) => (
        <li key={m.key} data-seq={m.seq}>
          <b>{m.senderId}</b> <time>{m.createdAt}</time> <span>{m.text}</span>
        </li>
      ))}
    </ol>
  );
}

// show renders the list into an element. `count` tells how far it has come: the
// seq of the last message in it, in a channel in which there are messages alone.
export function show(root, url, channel) {
  const client = new Client({ url, userId: 'reader' });
  client.on('level', () => { globalThis.live = true; });
  globalThis.count = () => Number(root.querySelector('li:last-child')?.dataset.seq ?? 0);
  createRoot(root).render(<ParleyProvider client={client}><List channel={channel} /></ParleyProvider>);
}
