// A chat that asks for a token, joins a channel when it is let in, shows the
// last messages and then the live ones.
import * as Parley from '@parley/client';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const settings = new URLSearchParams(location.hash.slice(1));
window.clients = [];

function Channel({ token, channelId }) {
  const [client, setClient] = useState<Parley.Client | null>(null);
  const [messages, setMessages] = useState<Parley.Message[]>([]);
  const [draft, setDraft] = useState('');
  const [typists, setTypists] = useState<string[]>([]);

  useEffect(() => {
    const c = new Parley.Client({ token, backoff: { base: 20, cap: 200 } });
    window.clients.push(c);
    setClient(c);
    c.on('ready', async () => {
      await c.joinChannel(channelId);
      const history = await c.getHistory(channelId, { limit: 50 });
      setMessages(history);
    });
    c.on('message', (m) => setMessages((all) => [...all, m]));
    c.on('message.update', ({ id, newText }) => setMessages((all) => all.map((m) => (m.id === id ? { ...m, text: newText } : m))));
    c.on('message.delete', ({ id }) => setMessages((all) => all.filter((m) => m.id !== id)));
    c.on('typing', ({ userId, typing }) => setTypists((all) => [...new Set([...all, userId])].filter((id) => id !== userId || typing)));
    c.setPresence({ status: 'online', lastActive: Date.now() });
    return () => c.disconnect();
  }, [token, channelId]);

  const send = async () => {
    if (!client) return;
    const message = await client.sendMessage(channelId, { text: draft });
    window.sent = message;
    setDraft('');
  };
  const typed = (text: string) => {
    setDraft(text);
    client?.publishEvent(channelId, { type: 'typing.start', userId: client.userId });
  };

  return (
    <div>
      <ol id="messages">{messages.filter((m) => !m.deletedAt).map((m) => <li key={m.id} data-seq={m.seq}><b>{m.senderId}</b>: <span className="text">{m.text}</span></li>)}</ol>
      <p id="typing">{typists.join()}</p>
      <input id="draft" value={draft} onChange={(e) => typed(e.target.value)} onKeyDown={(e) => e.key === 'Enter' && send()} />
    </div>
  );
}

createRoot(document.getElementById('root')).render(<StrictMode><Channel token={settings.get('token')} channelId="room-123" /></StrictMode>);
