// @vitest-environment node
import { Client } from "@parley/client";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { ParleyProvider, useParley } from "../src";

function Who() {
  return <b>{useParley().connectionState}</b>;
}

test("the hooks render on a server, where nothing is connected", () => {
  const client = new Client({
    openSocket: () => {
      throw new Error("none on a server");
    },
  });
  const html = renderToString(
    <ParleyProvider client={client}>
      <Who />
    </ParleyProvider>,
  );
  client.disconnect();
  expect(html).toBe("<b>connecting</b>");
});

test("without a provider a hook says what is missing", () => {
  expect(() => renderToString(<Who />)).toThrow("ParleyProvider");
});
