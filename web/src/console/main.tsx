import "../look.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { tabDrawer } from "./access";
import { Console } from "./console";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Console dev={document.documentElement.hasAttribute("data-dev")} drawer={tabDrawer()} />
    </StrictMode>,
  );
}
