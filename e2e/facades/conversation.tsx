// A conversation: optimistic messages, typing, receipts of what comes into view,
// files with progress.
import { ConversationClient, MessageOrdering, uploadFile, useReadReceipts, useTypingIndicator, watchVisibleMessages } from '@parley/react/conversations';
import { type ChangeEvent, StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const settings = new URLSearchParams(location.search);
const user = { id: settings.get('user') ?? 'nobody' };
const conversationId = settings.get('conversation') ?? 'general';
Object.assign(window, { statuses: [], progress: [], MessageOrdering, watchVisibleMessages });
window.addEventListener('message-status-change', (event) => window.statuses.push(event.detail));

const signs = { sending: '…', sent: '✓', delivered: '✓✓', read: '✓✓ read', failed: '✗' };

function Message({ message, isOwn }) {
  return (
    <li data-message-id={message.id} className={isOwn ? 'own' : 'other'} style={{ minHeight: 60 }}>
      {typeof message.text === 'string'
        ? <span className="text">{message.text}</span>
        : <a className="file" href={`${message.text.url}?userId=${user.id}`}>{message.text.fileName} ({message.text.fileSize})</a>}
      {isOwn && <span className="status">{signs[message.status]}</span>}
    </li>
  );
}

function Input({ ws, onSend }) {
  const [draft, setDraft] = useState('');
  const { handleTyping, handleStopTyping } = useTypingIndicator(conversationId, ws, user.id);
  const send = () => {
    if (!draft.trim()) return;
    onSend(draft);
    setDraft('');
  };
  const changed = (e: ChangeEvent<HTMLInputElement>) => {
    setDraft(e.target.value);
    if (e.target.value) handleTyping();
    else handleStopTyping();
  };
  return <input id="draft" value={draft} onChange={changed} onBlur={handleStopTyping} onKeyDown={(e) => e.key === 'Enter' && send()} />;
}

function Upload({ onSend }) {
  const [percent, setPercent] = useState<number | undefined>();
  const chosen = async (e: ChangeEvent<HTMLInputElement>) => {
    const file = e.target.files?.[0];
    if (!file) return;
    setPercent(0);
    try {
      const url = await uploadFile(file, conversationId, (p) => { window.progress.push(p); setPercent(p); });
      onSend({ type: 'file', url, fileName: file.name, fileSize: file.size });
    } finally {
      setPercent(undefined);
    }
  };
  return <><input id="file" type="file" onChange={chosen} disabled={percent !== undefined} /><span id="percent">{percent === undefined ? '' : `${Math.round(percent)}%`}</span></>;
}

function Room({ client }) {
  const [messages, setMessages] = useState([]);
  const [typists, setTypists] = useState<string[]>([]);
  useReadReceipts(conversationId, client.socket, user.id);

  useEffect(() => {
    const change = (id, more) => setMessages((all) => all.map((m) => (m.id === id ? { ...m, ...more } : m)));
    client.onMessageSent = (message) => setMessages((all) => [...all, message]);
    client.onMessageReceived = (message) => setMessages((all) => [...all, message]);
    client.onMessageAck = (tempId, id) => change(tempId, { id, status: 'sent' });
    client.onMessageStatus = (id, status) => change(id, { status });
    client.onTyping = (id) => setTypists((all) => [...new Set([...all, id])]);
    client.onTypingStop = (id) => setTypists((all) => all.filter((other) => other !== id));
    client.onRead = (userId, id) => { window.statuses.push({ reader: userId, messageId: id }); };
  }, [client]);

  return (
    <div>
      <ol id="messages">{messages.map((m) => <Message key={m.id} message={m} isOwn={m.senderId === user.id} />)}</ol>
      <p id="typing">{typists.join()}</p>
      <Input ws={client.socket} onSend={(text) => client.sendMessage(text)} />
      <Upload onSend={(file) => client.sendMessage(file)} />
    </div>
  );
}

function App() {
  const [client, setClient] = useState<ConversationClient | null>(null);
  useEffect(() => {
    const c = new ConversationClient(user.id, conversationId, { rate: 0, backoff: { base: 20, cap: 200 } });
    window.client = c;
    setClient(c);
    return () => c.close();
  }, []);
  return client && <Room client={client} />;
}

createRoot(document.getElementById('root')).render(<StrictMode><App /></StrictMode>);
