// A chat over a raw WebSocket.
import { useWebSocket } from '@parley/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const settings = new URLSearchParams(location.search);
const [userId, username] = [settings.get('user'), settings.get('name')];

function Chat() {
  const [messages, setMessages] = useState([]);
  const [inside, setInside] = useState(false);
  const [draft, setDraft] = useState('');
  const { isConnected, connectionStatus, send, disconnect, reconnect } = useWebSocket({
    url: `${location.origin.replace('http', 'ws')}/rooms`,
    reconnectAttempts: 50,
    reconnectInterval: 100,
    onMessage: (data) => {
      if (data.type === 'message') setMessages((all) => [...all, data]);
      if (data.type === 'room_state') setInside(true);
    },
    onClose: () => setInside(false),
    onOpen: () => send({ type: 'join', userId, username, timestamp: Date.now() }),
  });
  const say = () => {
    send({ type: 'message', userId, username, content: draft, timestamp: Date.now() });
    setDraft('');
  };
  return (
    <div>
      <p id="status">{isConnected ? 'Connected' : 'Disconnected'}</p>
      <p id="state">{connectionStatus}</p>
      <p id="room">{inside ? 'inside' : 'outside'}</p>
      <ol id="messages">{messages.map((m, i) => <li key={i}><b>{m.username}</b>: <span className="text">{m.content}</span></li>)}</ol>
      <input id="draft" value={draft} onChange={(e) => setDraft(e.target.value)} onKeyDown={(e) => e.key === 'Enter' && say()} />
      <button id="off" onClick={disconnect}>Off</button>
      <button id="on" onClick={reconnect}>On</button>
    </div>
  );
}

createRoot(document.getElementById('root')).render(<StrictMode><Chat /></StrictMode>);
