import "./look.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { browserDrawers } from "./session/credentials";
import { Session } from "./session/session";
import { applyTheme, savedTheme } from "./session/theme";
import { retryStyles } from "./ui/later";

applyTheme(savedTheme());
retryStyles(document);
const session = new Session({
  drawers: browserDrawers(),
  dev: document.documentElement.hasAttribute("data-dev"),
});
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App session={session} />
    </StrictMode>,
  );
}
