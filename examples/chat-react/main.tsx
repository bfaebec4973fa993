import { Client } from "@parley/client";
import { ParleyProvider } from "@parley/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { element, visitor } from "../page";
import { Chat } from "./chat";

const client = new Client({ userId: visitor() });

createRoot(element("app", HTMLElement)).render(
  <StrictMode>
    <ParleyProvider client={client}>
      <Chat channel="chat" />
    </ParleyProvider>
  </StrictMode>,
);
