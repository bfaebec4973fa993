import { Client } from "@parley/client";
import { ParleyProvider, useMessages, useReadReceipts, useTyping } from "@parley/react";
import { createRoot } from "react-dom/client";

const client = new Client({ userId: new URLSearchParams(location.search).get("user") ?? "ada" });

function Chat({ channel }: { channel: string }) {
  const { messages, send } = useMessages(channel);
  const { typists, bind } = useTyping(channel);
  const { seen } = useReadReceipts(channel);
  const lines = messages.map((m) => (
    <li key={m.key} ref={seen(m)}>
      {`${m.senderId}: ${m.text} ${m.status ?? ""}`}
    </li>
  ));
  return (
    <form action={(form) => void send(String(form.get("text")))}>
      <ul>{lines}</ul>
      <p>{typists.map((t) => `${t.userId} types …`)}</p>
      <input name="text" {...bind} />
      <button type="submit">Send</button>
    </form>
  );
}

const chat = (
  <ParleyProvider client={client}>
    <Chat channel="general" />
  </ParleyProvider>
);
createRoot(document.getElementById("root") ?? document.body).render(chat);
