// A chat, its typing indicator, its history and the state of its connection,
// written for a room's controller and nothing else.
import { RoomController, RoomsClient } from '@parley/react';
import { type ChangeEvent, StrictMode, useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';

const settings = new URLSearchParams(location.search);
const controller = RoomController.instance;

function Chat() {
  const [messages, setMessages] = useState([]);
  const [draft, setDraft] = useState('');
  const [refusal, setRefusal] = useState('');

  useEffect(() => controller.onChatMessage((message) => setMessages((all) => [...all, message])), []);

  const send = async () => {
    if (!draft.trim()) return;
    try {
      await controller.sendChatMessage(draft);
      setDraft('');
      setRefusal('');
    } catch (error) {
      setRefusal(`${error.code}: ${error.message}`);
    }
  };

  return (
    <section id="chat">
      <ol id="messages">
        {messages.map((m) => (
          <li key={m.messageId} data-at={m.timestamp}><b>{m.userName}</b>: <span className="text">{m.message}</span></li>
        ))}
      </ol>
      <input id="draft" value={draft} onChange={(e) => setDraft(e.target.value)} onKeyDown={(e) => e.key === 'Enter' && send()} />
      <button id="send" onClick={send}>Send</button>
      <p id="refusal">{refusal}</p>
    </section>
  );
}

function Typing() {
  const [typists, setTypists] = useState<string[]>([]);
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined);

  useEffect(() => {
    const stops = [
      controller.onTypingIndicator(({ userId }) => setTypists((all) => [...new Set([...all, userId])])),
      controller.onTypingStopped(({ userId }) => setTypists((all) => all.filter((id) => id !== userId))),
    ];
    return () => { for (const stop of stops) stop(); };
  }, []);

  const typed = (_: ChangeEvent<HTMLInputElement>) => {
    controller.startTyping();
    clearTimeout(pause.current);
    pause.current = setTimeout(() => controller.stopTyping(), 3000);
  };
  const send = async (text: string) => {
    await controller.sendChatMessage(text);
    controller.stopTyping();
  };

  return (
    <section>
      <p id="typing">{typists.length === 0 ? '' : typists.length === 1 ? `${typists[0]} is typing...` : `${typists.length} people are typing...`}</p>
      <input id="typed" onChange={typed} onKeyDown={(e) => e.key === 'Enter' && send(e.currentTarget.value)} />
    </section>
  );
}

function History() {
  const [, show] = useState(0);
  const clear = () => { controller.clearChatHistory(); show((n) => n + 1); };
  return (
    <section>
      <ol id="history">{controller.getChatHistory().map((m) => <li key={m.messageId}>{m.userName}: {m.message}</li>)}</ol>
      <button id="show" onClick={() => show((n) => n + 1)}>Show</button>
      <button id="clear" onClick={clear}>Clear</button>
    </section>
  );
}

function Status() {
  const [status, setStatus] = useState('');
  useEffect(() => {
    const say = (text: string) => { window.said.push(text); setStatus(text); };
    const stops = [
      controller.onConnected(() => say('Connected')),
      controller.onDisconnected(() => say('Disconnected')),
      controller.onReconnecting(() => say('Reconnecting...')),
      controller.onReconnected(() => say('Reconnected')),
    ];
    return () => { for (const stop of stops) stop(); };
  }, []);
  return <p id="status">{status}</p>;
}

function Shared() {
  const [topic, setTopic] = useState('');
  const [people, setPeople] = useState({});
  useEffect(() => {
    const stops = [
      controller.onDataChange(({ key, value }) => { if (key === 'topic') setTopic(String(value ?? '')); }),
      controller.onPresence((p) => setPeople((all) => ({ ...all, [p.userId]: p }))),
    ];
    return () => { for (const stop of stops) stop(); };
  }, []);
  return <section><p id="topic">{topic}</p><p id="people">{JSON.stringify(people)}</p></section>;
}

function App() {
  return <><Status /><Chat /><Typing /><History /><Shared /></>;
}

Object.assign(window, { said: [], controller, RoomsClient });
const root = createRoot(document.getElementById('root'));
root.render(settings.has('plain') ? <App /> : <StrictMode><App /></StrictMode>);
if (settings.has('apiKey')) window.client = new RoomsClient({ projectId: 'default', apiKey: settings.get('apiKey'), userName: settings.get('name') ?? undefined });
if (settings.has('user')) window.client = new RoomsClient({ userId: settings.get('user') ?? undefined, room: settings.get('room') ?? undefined, backoff: { base: 20, cap: 200 } });
